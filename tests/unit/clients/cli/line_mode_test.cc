// --lines, with a codec that asks nobody.
#include "clients/cli/line_mode.h"

#include <string>
#include <vector>

#include "clients/cpp/limits.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms {
namespace {

using testing::ReadFile;
using testing::TempDir;
using testing::WriteFile;

// Turns lines round. "local" is refused when added, "remote" by the "service";
// "two" becomes a value of two lines.
class ReversingCodec : public LineCodec {
 public:
  absl::Status Add(ByteView line) override {
    if (AsText(line) == "local") return DecryptError(Reason::kEnvelopeMalformed);
    items_.emplace_back(line.rbegin(), line.rend());
    return absl::OkStatus();
  }
  absl::Status Send(Client*) override {
    rounds.push_back(items_.size());
    return rounds.size() == fail_in_round
               ? Error(absl::StatusCode::kUnavailable, Reason::kDraining, "going down")
               : absl::OkStatus();
  }
  absl::Status StatusOf(int index) const override {
    if (Item(index) != "etomer") return absl::OkStatus();
    return InvalidField("items[" + std::to_string(index) + "].plaintext", "is refused");
  }
  absl::Status AppendText(int index, WipedBuffer* out) const override {
    if (Item(index) == "owt") return absl::OutOfRangeError("two lines");
    out->insert(out->end(), Item(index).begin(), Item(index).end());
    return absl::OkStatus();
  }
  void AppendJson(int index, WipedBuffer* out) const override {
    const std::string json = "\"value\":\"" + Item(index) + "\"";
    out->insert(out->end(), json.begin(), json.end());
  }
  void Clear() override { items_.clear(); }

  std::vector<size_t> rounds;
  size_t fail_in_round = 0;  // from 1; 0: none

 private:
  const std::string& Item(int index) const { return items_[static_cast<size_t>(index)]; }
  std::vector<std::string> items_;
};

class LineModeTest : public ::testing::Test {
 protected:
  absl::StatusOr<ExitCode> Run(const std::string& input) {
    WriteFile(dir_.File("in"), input);
    session_.options.target = "unix:" + dir_.File("nobody");
    ::testing::internal::CaptureStderr();
    const auto code = RunLines(
        &session_, {.in = dir_.File("in"), .out = dir_.File("out"), .force = true, .quiet = true},
        &codec_);
    err_ = ::testing::internal::GetCapturedStderr();
    return code;
  }
  std::string Out() const { return ReadFile(dir_.File("out")); }

  TempDir dir_;
  Session session_;
  ReversingCodec codec_;
  std::string err_;
};

TEST_F(LineModeTest, KeepsOrderAndEmptyLines) {
  EXPECT_EQ(Run("abc\n\n123").value(), ExitCode::kOk);
  EXPECT_EQ(Out(), "cba\n\n321\n");
  EXPECT_EQ(err_, "");
}

TEST_F(LineModeTest, AnEmptyInputIsDoneAtOnce) {
  EXPECT_EQ(Run("").value(), ExitCode::kOk);
  EXPECT_EQ(Out(), "");
  EXPECT_TRUE(codec_.rounds.empty());
}

TEST_F(LineModeTest, ReportsFailuresByLineAndGoesOn) {
  EXPECT_EQ(Run("ab\nlocal\nremote\ntwo\ncd\n").value(), ExitCode::kPartial);
  EXPECT_EQ(Out(), "ba\n\n\n\ndc\n");
  EXPECT_EQ(err_,
            "line 2: the ciphertext does not open for this tenant, key and context "
            "(INVALID_ARGUMENT, DECRYPT_FAILED)\n"
            "line 3: is refused (INVALID_ARGUMENT, INVALID_FIELD)\n"
            "line 4: two lines (OUT_OF_RANGE, INTERNAL)\n");
}

TEST_F(LineModeTest, SpeaksJson) {
  session_.options.json = true;
  EXPECT_EQ(Run("ab\nremote\ntwo\n").value(), ExitCode::kPartial);
  EXPECT_EQ(Out(),
            "{\"line\":1,\"value\":\"ba\"}\n"
            "{\"line\":2,\"error\":{\"code\":\"INVALID_ARGUMENT\",\"reason\":\"INVALID_FIELD\","
            "\"field\":\"\",\"message\":\"is refused\"}}\n"
            "{\"line\":3,\"value\":\"owt\"}\n");
  EXPECT_EQ(err_,
            "{\"error\":{\"line\":2,\"code\":\"INVALID_ARGUMENT\",\"reason\":\"INVALID_FIELD\","
            "\"field\":\"\",\"message\":\"is refused\"}}\n");
}

TEST_F(LineModeTest, WorksInRounds) {
  std::string input;
  std::string expected;
  for (int i = 0; i < 90'000; ++i) {
    const std::string line = std::to_string(i);
    input += line + "\n";
    expected += std::string(line.rbegin(), line.rend()) + "\n";
  }
  EXPECT_EQ(Run(input).value(), ExitCode::kOk);
  EXPECT_EQ(codec_.rounds, (std::vector<size_t>{40'000, 40'000, 10'000}));
  EXPECT_EQ(Out(), expected);
}

TEST_F(LineModeTest, ALineTooLongFailsAlone) {
  EXPECT_EQ(Run("ab\n" + std::string(kMaxRequestSize + 1, 'x') + "\ncd\n").value(),
            ExitCode::kPartial);
  EXPECT_EQ(Out(), "ba\n\ndc\n");
  EXPECT_THAT(err_, ::testing::HasSubstr("line 2: "));
}

TEST_F(LineModeTest, StopsWhereTheServiceDoesAndLeavesNoFile) {
  codec_.fail_in_round = 2;
  std::string input;
  for (int i = 0; i < 50'000; ++i) input += "x\n";
  const auto code = Run(input);
  EXPECT_THAT(code, StatusIs(absl::StatusCode::kUnavailable, Reason::kDraining));
  EXPECT_EQ(code.status().message(), "stopped at line 40001: going down");
  EXPECT_THROW(Out(), std::runtime_error);
}

}  // namespace
}  // namespace fieldkms
