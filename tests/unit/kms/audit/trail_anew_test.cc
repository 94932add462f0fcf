#include "kms/audit/trail_anew.h"

#include <nlohmann/json.hpp>

#include "tests/unit/kms/audit/trail_fixture.h"

namespace fieldkms {
namespace {

using ::testing::IsEmpty;
using testing::ReadFile;
using testing::WriteFile;
namespace fs = std::filesystem;

class TrailAnewTest : public TrailTest {
 protected:
  absl::StatusOr<AnewResult> Anew(const std::string& reason = "the disk was lost") {
    AnewRequest request;
    request.path = path_;
    request.key_path = options_.key_path;
    request.operator_name = "alice@host";
    request.reason = reason;
    return BeginAnew(request, SystemClock());
  }
};

TEST_F(TrailAnewTest, ANewLogSaysWhatBecameOfTheOld) {
  Write(60);
  const std::string old_key = Verifier().ToString();
  const size_t segments = Segments().size();
  fs::remove(path_);
  ASSERT_FALSE(Open().ok());
  ASSERT_OK_AND_ASSIGN(const AnewResult result, Anew());
  EXPECT_EQ(result.signed_records, 61u);
  Write(5);
  const auto first = nlohmann::json::parse(LinesOf(ReadFile(path_))[0]);
  EXPECT_EQ(first["seq"], 1);
  EXPECT_EQ(first["kind"], "anew");
  EXPECT_EQ(first["operator"], "alice@host");
  EXPECT_EQ(first["because"], "the disk was lost");
  EXPECT_EQ(first["old_signed_records"], 61);
  EXPECT_EQ(first["old_log"], result.origin);
  EXPECT_EQ(first["aside"], result.aside);
  EXPECT_THAT(Verify().findings, IsEmpty());
  EXPECT_NE(Verifier().ToString(), old_key) << "another log, another key";
  // All of the old one is kept.
  EXPECT_EQ(ListTrail(result.aside + "/audit.jsonl")->segments.size(), segments);
  EXPECT_TRUE(fs::exists(result.aside + "/audit.key"));
}

// Wherever it is cut short, the service does not begin a log that says nothing of the old one.
TEST_F(TrailAnewTest, AKeyWithoutItsTrailIsRefusedUntilItIsDoneAgain) {
  Write(3);
  for (const auto& entry : fs::directory_iterator(dir_.File("trail"))) fs::remove(entry.path());
  EXPECT_FALSE(Open().ok());
  ASSERT_OK(Anew());
  Write(1);
  EXPECT_THAT(Verify().findings, IsEmpty());
}

TEST_F(TrailAnewTest, RefusesWhatIsNoReasonAndNoTrail) {
  EXPECT_THAT(Anew(""), StatusIs(Reason::kInvalidField));
  EXPECT_THAT(Anew(std::string(1'001, 'x')), StatusIs(Reason::kInvalidField));
  EXPECT_THAT(Anew(), StatusIs(absl::StatusCode::kNotFound, Reason::kAuditUnavailable));
}

}  // namespace
}  // namespace fieldkms
