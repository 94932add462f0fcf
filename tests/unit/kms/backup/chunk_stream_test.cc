#include "kms/backup/chunk_stream.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/support/status_matchers.h"
#include "tests/unit/kms/backup/backup_fixture.h"

namespace fieldkms::testing {
namespace {

constexpr size_t kSealed = kBackupChunkSize + kGcmTagSize;

class ChunkStream : public ::testing::Test {
 protected:
  std::string Sealed(const std::string& payload) const {
    std::string bytes;
    ChunkWriter writer(key_, [&](ByteView more) {
      bytes.append(AsText(more));
      return absl::OkStatus();
    });
    // In pieces that fit no chunk.
    for (size_t at = 0; at < payload.size(); at += 1'000) {
      EXPECT_OK(writer.Write(AsBytes(std::string_view(payload).substr(at, 1'000))));
    }
    EXPECT_OK(writer.Finish());
    return bytes;
  }
  absl::StatusOr<std::string> Opened(const std::string& bytes, size_t size) const {
    ChunkReader reader(key_, SourceOf(bytes));
    std::string payload(size, '\0');
    FIELDKMS_RETURN_IF_ERROR(reader.Read(AsMutableBytes(payload)));
    FIELDKMS_ASSIGN_OR_RETURN(const bool at_end, reader.AtEnd());
    if (!at_end) return BackupDamaged();
    return payload;
  }
  void ExpectDamaged(const std::string& bytes, size_t size) const {
    EXPECT_THAT(Opened(bytes, size), StatusIs(absl::StatusCode::kDataLoss, Reason::kBackupInvalid));
  }
  static std::string Payload(size_t size) {
    std::string payload(size, '\0');
    for (size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(i * 7 + i / 251);
    return payload;
  }

  const SecretBytes key_ = SecretBytes::Random(kBackupKeySize).value();
};

TEST_F(ChunkStream, OpensWhatWasSealed) {
  for (const size_t size : {size_t{1}, size_t{1'000}, kBackupChunkSize - 1, kBackupChunkSize,
                            kBackupChunkSize + 1, 3 * kBackupChunkSize}) {
    const std::string payload = Payload(size);
    const std::string bytes = Sealed(payload);
    const size_t chunks = (size + kBackupChunkSize - 1) / kBackupChunkSize;
    EXPECT_EQ(bytes.size(), size + chunks * kGcmTagSize);
    ASSERT_OK_AND_ASSIGN(const std::string opened, Opened(bytes, size));
    EXPECT_EQ(opened, payload);
  }
}

TEST_F(ChunkStream, EveryFlippedBitIsFound) {
  const std::string bytes = Sealed(Payload(100));
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    ExpectDamaged(flipped, 100);
  }
}

TEST_F(ChunkStream, EveryTruncationIsFound) {
  const std::string bytes = Sealed(Payload(100));
  for (size_t size = 0; size < bytes.size(); ++size) ExpectDamaged(bytes.substr(0, size), 100);
  // Also at the very end of a chunk.
  const std::string three = Sealed(Payload(3 * kBackupChunkSize));
  for (const size_t size : {size_t{0}, kSealed, 2 * kSealed, 3 * kSealed - 1}) {
    ExpectDamaged(three.substr(0, size), 3 * kBackupChunkSize);
    ExpectDamaged(three.substr(0, size), size / kSealed * kBackupChunkSize);
  }
}

TEST_F(ChunkStream, WhatIsAppendedIsFound) {
  const std::string bytes = Sealed(Payload(100));
  ExpectDamaged(bytes + "x", 100);
  ExpectDamaged(bytes + bytes, 100);
  const std::string full = Sealed(Payload(kBackupChunkSize));
  ExpectDamaged(full + "x", kBackupChunkSize);
  ExpectDamaged(full + full, kBackupChunkSize);
}

TEST_F(ChunkStream, ChunksStayWhereTheyAre) {
  const size_t size = 3 * kBackupChunkSize;
  const std::string bytes = Sealed(Payload(size));
  const std::string chunk[] = {bytes.substr(0, kSealed), bytes.substr(kSealed, kSealed),
                               bytes.substr(2 * kSealed)};
  EXPECT_OK(Opened(chunk[0] + chunk[1] + chunk[2], size));
  ExpectDamaged(chunk[1] + chunk[0] + chunk[2], size);
  ExpectDamaged(chunk[0] + chunk[2] + chunk[1], size);
  ExpectDamaged(chunk[0] + chunk[0] + chunk[2], size);
  ExpectDamaged(chunk[0] + chunk[2], 2 * kBackupChunkSize);
  ExpectDamaged(chunk[1] + chunk[2], 2 * kBackupChunkSize);
}

TEST_F(ChunkStream, AnotherKeyOpensNothing) {
  const std::string bytes = Sealed(Payload(100));
  const SecretBytes other = SecretBytes::Random(kBackupKeySize).value();
  ChunkReader reader(other, SourceOf(bytes));
  std::string payload(100, '\0');
  EXPECT_THAT(reader.Read(AsMutableBytes(payload)), StatusIs(Reason::kBackupInvalid));
  EXPECT_EQ(payload, std::string(100, '\0'));
}

}  // namespace
}  // namespace fieldkms::testing
