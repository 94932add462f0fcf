#include "kms/audit/trail_proofs.h"

#include "tests/unit/kms/audit/trail_fixture.h"

namespace fieldkms {
namespace {

using testing::ReadFile;
using testing::WriteFile;

class TrailProofsTest : public TrailTest {
 protected:
  void SetUp() override {
    Write(60);
    checkpoints_ = *ReadCheckpoints(CheckpointsPath(path_), Verifier());
    for (const uint64_t first : Segments()) lines_ += ReadFile(SegmentPath(path_, first));
    lines_ += ReadFile(path_);
  }
  std::vector<SignedCheckpoint> checkpoints_;
  std::string lines_;
};

TEST_F(TrailProofsTest, EveryRecordIsProvedByEveryCheckpointOfIt) {
  const auto lines = LinesOf(lines_);
  for (const SignedCheckpoint& checkpoint : checkpoints_) {
    for (uint64_t index = 0; index < checkpoint.checkpoint.size; ++index) {
      ASSERT_OK_AND_ASSIGN(RecordProof proof, ProveRecord(path_, Verifier(), index, checkpoint));
      ASSERT_EQ(proof.line, lines[index]);
      ASSERT_OK(VerifyRecord(proof, Verifier()));
      proof.line += ' ';
      ASSERT_FALSE(VerifyRecord(proof, Verifier()).ok());
    }
    EXPECT_THAT(ProveRecord(path_, Verifier(), checkpoint.checkpoint.size, checkpoint),
                StatusIs(Reason::kInvalidField));
  }
}

TEST_F(TrailProofsTest, EveryCheckpointContinuesTheOnesBefore) {
  for (const SignedCheckpoint& second : checkpoints_) {
    for (const SignedCheckpoint& first : checkpoints_) {
      if (first.checkpoint.size > second.checkpoint.size || first.checkpoint.size == 0) continue;
      ASSERT_OK_AND_ASSIGN(const MerkleProof proof,
                           ProveContinuation(path_, Verifier(), first.checkpoint.size, second));
      ASSERT_OK(VerifyConsistency(first.checkpoint.size, second.checkpoint.size, proof,
                                  first.checkpoint.root, second.checkpoint.root));
    }
  }
  EXPECT_THAT(ProveContinuation(path_, Verifier(), 0, checkpoints_.back()),
              StatusIs(Reason::kInvalidField));
}

TEST_F(TrailProofsTest, WhatWasChangedIsNotProved) {
  const std::string segment = SegmentPath(path_, Segments()[1]);
  std::string text = ReadFile(segment);
  text.replace(text.find("Encrypt"), 7, "Decrypt");
  WriteFile(segment, text);
  EXPECT_THAT(ProveRecord(path_, Verifier(), Segments()[1] + 1, checkpoints_.back()),
              StatusIs(Reason::kStoreCorrupt));
}

TEST_F(TrailProofsTest, WhatWasDroppedIsNotThereAndTheRestIsProved) {
  const auto segments = Segments();
  std::filesystem::remove(SegmentPath(path_, segments[0]));
  EXPECT_THAT(ProveRecord(path_, Verifier(), 0, checkpoints_.back()),
              StatusIs(absl::StatusCode::kNotFound, Reason::kInvalidField));
  ASSERT_OK_AND_ASSIGN(const RecordProof proof,
                       ProveRecord(path_, Verifier(), segments[1], checkpoints_.back()));
  EXPECT_OK(VerifyRecord(proof, Verifier()));
}

}  // namespace
}  // namespace fieldkms
