// fieldkms audit, on a trail that a service left.
#include <nlohmann/json.hpp>
#include <utility>

#include "tests/support/paths.h"
#include "tests/support/subprocess.h"
#include "tests/unit/kms/audit/trail_fixture.h"

namespace fieldkms {
namespace {

using testing::CommandResult;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ReadFile;
using testing::WriteFile;
namespace fs = std::filesystem;

class CliAuditTest : public TrailTest {
 protected:
  void SetUp() override {
    options_.exports.directory = dir_.File("anchors");
    Write(60);
    key_ = Verifier().ToString();
  }
  CommandResult Audit(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {testing::BinDir() + "/fieldkms", "audit"});
    return testing::RunCommand({.argv = std::move(arguments)});
  }
  CommandResult Verify(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"verify", "--trail", path_, "--key", key_, "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Audit(arguments);
  }
  static nlohmann::json Json(const CommandResult& result) {
    return nlohmann::json::parse(result.out, nullptr, false);
  }
  std::string key_;
};

TEST_F(CliAuditTest, VerifiesATrailAndNamesWhatIsWrong) {
  CommandResult result = Verify({"--anchors", dir_.File("anchors"), "--whole"});
  EXPECT_EQ(result.status.code, 0) << result.out << result.err;
  EXPECT_EQ(Json(result)["records"], 61);
  EXPECT_EQ(Json(result)["signed_records"], 61);
  EXPECT_EQ(Json(result)["anchored_records"], 61);
  EXPECT_THAT(Json(result)["findings"], IsEmpty());

  const std::string segment = SegmentPath(path_, Segments()[1]);
  std::string text = ReadFile(segment);
  text.replace(text.find("Encrypt"), 7, "Decrypt");
  WriteFile(segment, text);
  result = Verify();
  EXPECT_EQ(result.status.code, 5);
  EXPECT_EQ(Json(result)["ok"], false);
  EXPECT_EQ(Json(result)["findings"][0]["kind"], "changed");
  result = Audit({"verify", "--trail", path_});
  EXPECT_EQ(result.status.code, 5);
  EXPECT_THAT(result.out, HasSubstr("FOUND changed: "));
  EXPECT_THAT(result.out, HasSubstr("NOT what was signed"));
  EXPECT_THAT(result.out, HasSubstr("give --key"));
  EXPECT_THAT(result.out, HasSubstr("Without --anchors"));
}

TEST_F(CliAuditTest, GoesOnFromItsState) {
  const std::string state = dir_.File("state");
  EXPECT_EQ(Json(Verify({"--state", state}))["read"], 61);
  Write(5);
  const auto again = Json(Verify({"--state", state}));
  EXPECT_EQ(again["ok"], true);
  EXPECT_EQ(again["records"], 67);
  EXPECT_LT(again["read"], 40);
  WriteFile(state, "something else");
  EXPECT_EQ(Verify({"--state", state}).status.code, 2);
}

TEST_F(CliAuditTest, KeysOfOthersAreFoundAndTextsThatAreNoneRefused) {
  ASSERT_OK_AND_ASSIGN(const NewTrailKey other, MakeTrailKey());
  WriteFile(dir_.File("vkey"), other.signer.verifier().ToString() + "\n");
  EXPECT_EQ(Audit({"verify", "--trail", path_, "--key", "@" + dir_.File("vkey")}).status.code, 5);
  EXPECT_EQ(Audit({"verify", "--trail", path_, "--key", "no key"}).status.code, 2);
  EXPECT_EQ(Audit({"verify", "--trail", dir_.File("nowhere"), "--key", key_}).status.code, 3);
  EXPECT_EQ(Audit({"key", "--trail", path_}).out, key_ + "\n");
}

TEST_F(CliAuditTest, ProofsStandByThemselves) {
  const std::string file = dir_.File("proof");
  const CommandResult proved = Audit({"prove", "--trail", path_, "--record", "17", "--json"});
  ASSERT_EQ(proved.status.code, 0) << proved.err;
  WriteFile(file, proved.out);
  EXPECT_THAT(Audit({"check", file, "--key", key_}).out, HasSubstr("the line is record 17"));
  nlohmann::json changed = Json(proved);
  changed["line"] = changed["line"].get<std::string>() + " ";
  WriteFile(file, changed.dump());
  EXPECT_EQ(Audit({"check", file, "--key", key_}).status.code, 5);
  WriteFile(file, "{\"proof\": [1]}");
  EXPECT_EQ(Audit({"check", file, "--key", key_}).status.code, 5);
  EXPECT_EQ(Audit({"prove", "--trail", path_, "--record", "61"}).status.code, 2);
  EXPECT_EQ(Audit({"prove", "--trail", path_}).status.code, 2);
}

TEST_F(CliAuditTest, ExportedCheckpointIsContinued) {
  const std::string anchor = dir_.File("anchor");
  WriteFile(anchor, Audit({"export", "--trail", path_, "--to", dir_.File("anchors")}).out);
  Write(30);
  const CommandResult proved = Audit({"prove", "--trail", path_, "--since", anchor, "--json"});
  ASSERT_EQ(proved.status.code, 0) << proved.err;
  WriteFile(dir_.File("proof"), proved.out);
  EXPECT_THAT(Audit({"check", dir_.File("proof"), "--key", key_}).out,
              HasSubstr("the log of 92 records continues that of 61"));
  EXPECT_EQ(Json(Verify({"--anchors", anchor}))["anchored_records"], 61);
}

TEST_F(CliAuditTest, TailReadsOverSegments) {
  const auto records = Json(Audit({"tail", "--trail", path_, "-n", "30", "--json"}))["records"];
  ASSERT_EQ(records.size(), 30u);
  for (size_t i = 0; i < 30; ++i) EXPECT_EQ(records[i]["seq"], 32 + i);
  EXPECT_EQ(LinesOf(Audit({"tail", "--trail", path_, "-n", "1000"}).out).size(), 61u);
}

TEST_F(CliAuditTest, ListsPagesOfWhatIsAskedFor) {
  const std::vector<std::string> command{
      "list", "--trail", path_, "--key", "key7", "--since", "2020-01-01T00:00:00Z", "--json"};
  Write(30);
  const auto listed = Json(Audit(command));
  ASSERT_EQ(listed["records"].size(), 2u) << listed;
  EXPECT_EQ(listed["records"][0]["index"], 8);
  EXPECT_EQ(listed["records"][0]["record"]["key"], "key7");
  EXPECT_EQ(listed["end"], true);
  std::vector<std::string> paged = command;
  paged.insert(paged.end(), {"--limit", "1"});
  const auto first = Json(Audit(paged));
  EXPECT_EQ(first["end"], false);
  paged.insert(paged.end(), {"--page-token", first["next_page_token"]});
  EXPECT_EQ(Json(Audit(paged))["records"][0], listed["records"][1]);
  EXPECT_THAT(Audit({"list", "--trail", path_, "--limit", "1"}).out, HasSubstr("There is more"));
  EXPECT_EQ(Audit({"list", "--trail", path_, "--since", "yesterday"}).status.code, 2);
  EXPECT_EQ(Audit({"list", "--trail", path_, "--page-token", "x"}).status.code, 2);
}

TEST_F(CliAuditTest, BeginsAnew) {
  fs::remove(path_);
  ASSERT_FALSE(Open().ok());
  WriteFile(dir_.File("config.yaml"), "data_dir: " + dir_.File("data") +
                                          "\nmemory: {lock: preferred}\naudit: {file: " + path_ +
                                          "}\n");
  const std::vector<std::string> command{"begin-anew", "--config", dir_.File("config.yaml"),
                                         "--reason",   "a test",   "--json"};
  ASSERT_EQ(chmod(dir_.File("data").c_str(), 0700), 0);
  const CommandResult result = Audit(command);
  ASSERT_EQ(result.status.code, 0) << result.err;
  EXPECT_EQ(Json(result)["signed_records"], 61);
  Write(1);
  const auto first = nlohmann::json::parse(LinesOf(ReadFile(path_))[0]);
  EXPECT_EQ(first["because"], "a test");
  EXPECT_EQ(VerifyWithAnchors().records, 3u);
}

}  // namespace
}  // namespace fieldkms
