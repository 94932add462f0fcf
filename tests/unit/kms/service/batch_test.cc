#include "kms/service/batch.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/status_matchers.h"
#include "tests/unit/kms/service/in_process_server.h"

namespace fieldkms {
namespace {

absl::Status Outage() {
  return Error(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable, "the store is down");
}

class BatchTest : public ::testing::Test {
 protected:
  // Runs a batch whose item i comes to statuses[i].
  absl::StatusOr<RunState> Run(const std::vector<absl::Status>& statuses) {
    response_.Clear();
    outcome_.Reset();
    RunContext context{*server_.context, who_, {}, kNoDeadline, /*may_block=*/true, outcome_};
    int next = 0;
    return RunBatch(context, static_cast<int>(statuses.size()), &next, &response_,
                    [&](int index, v1::BatchEncryptResponse::Result* result) {
                      result->set_key_version(1);
                      const absl::Status& status = statuses[static_cast<size_t>(index)];
                      return status.ok() ? absl::StatusOr<RunState>(RunState::kDone) : status;
                    });
  }
  InProcessServer server_;
  Principal who_;
  CallOutcome outcome_;
  v1::BatchEncryptResponse response_;
};

TEST_F(BatchTest, GoodItemsSurviveAnOutageOfTheOthers) {
  for (const auto& statuses : std::vector<std::vector<absl::Status>>{
           {Outage(), absl::OkStatus()}, {absl::OkStatus(), Outage()}}) {
    ASSERT_THAT(Run(statuses), IsOk());
    ASSERT_EQ(response_.results_size(), 2);
    EXPECT_EQ(response_.failed_count(), 1u);
    for (int i = 0; i < 2; ++i) {
      const bool good = statuses[static_cast<size_t>(i)].ok();
      EXPECT_EQ(response_.results(i).has_error(), !good);
      EXPECT_EQ(response_.results(i).key_version(), good ? 1u : 0u);
    }
  }
}

TEST_F(BatchTest, OutageOfAllFailsTheCall) {
  EXPECT_THAT(Run({Outage(), Outage(), Outage()}), StatusIs(Reason::kStoreUnavailable));
}

TEST_F(BatchTest, TenantThatIsNotThereFailsTheCall) {
  const absl::Status missing =
      Error(absl::StatusCode::kNotFound, Reason::kTenantNotFound, "no such tenant", "tenant");
  EXPECT_THAT(Run({missing, absl::OkStatus()}), StatusIs(Reason::kTenantNotFound));
}

}  // namespace
}  // namespace fieldkms
