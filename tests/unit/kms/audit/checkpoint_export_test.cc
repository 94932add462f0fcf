#include "kms/audit/checkpoint_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "kms/audit/trail_files.h"

namespace fieldkms {
namespace {

using ::testing::ElementsAre;

// Answers as the test says, one answer a checkpoint by its size.
class Scripted final : public CheckpointTarget {
 public:
  explicit Scripted(std::vector<absl::Status> answers) : answers_(std::move(answers)) {}
  absl::Status Export(const SignedCheckpoint& checkpoint) override {
    seen = checkpoint.checkpoint.size;
    return answers_.at(checkpoint.checkpoint.size - 1);
  }
  std::atomic<uint64_t> seen{0};

 private:
  const std::vector<absl::Status> answers_;
};

class CheckpointExporterTest : public ::testing::Test {
 protected:
  // Offers checkpoints of 1, 2, ... records, each when all targets have seen the one before. When
  // it returns, all but the last have been dealt with.
  void Run(std::vector<std::vector<absl::Status>> answers) {
    const size_t count = answers[0].size();
    std::vector<std::shared_ptr<Scripted>> targets;
    for (auto& each : answers) targets.push_back(std::make_shared<Scripted>(std::move(each)));
    ExportOptions options;
    options.interval = std::chrono::seconds(0);
    options.on_change = [this](const absl::Status& status) { told_.push_back(status.code()); };
    CheckpointExporter exporter(options, {targets.begin(), targets.end()});
    for (size_t size = 1; size <= count; ++size) {
      SignedCheckpoint checkpoint;
      checkpoint.checkpoint.size = size;
      exporter.Offer(checkpoint);
      while (targets.back()->seen < size) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    exported_ = exporter.Health().exported_size;
  }

  const absl::Status down_ = TrailError("/anchors", "write");
  const absl::Status fork_ = TrailDamaged("another history");
  std::vector<absl::StatusCode> told_;  // the exporter's thread, until it has ended
  uint64_t exported_ = 0;
};

TEST_F(CheckpointExporterTest, APlaceThatComesBackIsToldAndCounts) {
  Run({{down_, absl::OkStatus(), absl::OkStatus()}});
  EXPECT_THAT(told_, ElementsAre(absl::StatusCode::kUnavailable, absl::StatusCode::kOk));
  EXPECT_GE(exported_, 2u);
}

TEST_F(CheckpointExporterTest, AForkIsToldBesideAPlaceThatIsDown) {
  Run({{down_, down_, down_}, {absl::OkStatus(), fork_, fork_}});
  EXPECT_THAT(told_, ElementsAre(absl::StatusCode::kUnavailable, absl::StatusCode::kDataLoss));
  EXPECT_EQ(exported_, 0u);
}

TEST_F(CheckpointExporterTest, AfterAForkNothingCountsAsExported) {
  Run({{absl::OkStatus(), fork_, absl::OkStatus(), absl::OkStatus()}});
  EXPECT_THAT(told_, ElementsAre(absl::StatusCode::kDataLoss));
  EXPECT_EQ(exported_, 1u);
}

}  // namespace
}  // namespace fieldkms
