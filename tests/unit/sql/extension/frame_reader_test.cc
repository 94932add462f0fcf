#include "sql/extension/frame_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sql/wire/frames.h"
#include "tests/unit/sql/extension/bytes_of.h"

namespace fieldkms::testing {
namespace {

using namespace std::string_literals;

// To a rewrap of two items: one result, one failure.
const std::string kAnswer =
    "FK\x01\x03\x00\x00\x00\x00\x02"
    "\x00\x00\x00\x00\x03"
    "env"
    "\x01\x02\x00\x03WHY\x00\x00\x00\x04text\x00\x00\x00\x07"s;
const std::string kRefusal =
    "FK\x01\x03\x01\x03\x00\x01R\x00\x01"
    "F\x00\x01M\x00\x00\x01\x00"s;

// Reads an answer to `items` items of `op` with results of `parts` parts; false: malformed.
bool Read(std::string_view frame, unsigned op = 3, uint32_t items = 2, int parts = 1) {
  KmsAnswer answer;
  KmsFailure failure;
  KmsBytes result[KMS_MOST_PARTS];
  // Sanitizers see every byte read behind its end.
  const std::vector<char> exact(frame.begin(), frame.end());
  switch (kms_answer_open(&answer, kms_bytes(exact.data(), exact.size()), op, items, &failure)) {
    case KMS_READ_MALFORMED:
      return false;
    case KMS_READ_FAILURE:
      return true;
    case KMS_READ_RESULT:
      break;
  }
  for (uint32_t i = 0; i < items; ++i) {
    if (kms_answer_next(&answer, parts, result, &failure) == KMS_READ_MALFORMED) return false;
  }
  return kms_answer_complete(&answer);
}

TEST(FrameReaderTest, GivesResultsAndFailuresInOrder) {
  KmsAnswer answer;
  KmsFailure failure;
  KmsBytes part;
  ASSERT_EQ(kms_answer_open(&answer, BytesOf(kAnswer), 3, 2, &failure), KMS_READ_RESULT);
  ASSERT_EQ(kms_answer_next(&answer, 1, &part, &failure), KMS_READ_RESULT);
  EXPECT_EQ(TextOf(part), "env");
  EXPECT_FALSE(kms_answer_complete(&answer));
  ASSERT_EQ(kms_answer_next(&answer, 1, &part, &failure), KMS_READ_FAILURE);
  EXPECT_EQ(failure.kind, FIELDKMS_KIND_NOT_OPENED);
  EXPECT_EQ(TextOf(failure.reason), "WHY");
  EXPECT_EQ(TextOf(failure.field), "");
  EXPECT_EQ(TextOf(failure.message), "text");
  EXPECT_EQ(failure.retry_ms, 7U);
  EXPECT_TRUE(kms_answer_complete(&answer));
  EXPECT_EQ(kms_answer_next(&answer, 1, &part, &failure), KMS_READ_MALFORMED);
}

TEST(FrameReaderTest, GivesTheFailureOfACall) {
  KmsAnswer answer;
  KmsFailure failure;
  ASSERT_EQ(kms_answer_open(&answer, BytesOf(kRefusal), 3, 2, &failure), KMS_READ_FAILURE);
  EXPECT_EQ(failure.kind, FIELDKMS_KIND_NOT_FOUND);
  EXPECT_EQ(TextOf(failure.reason) + TextOf(failure.field) + TextOf(failure.message), "RFM");
  EXPECT_EQ(failure.retry_ms, 256U);
}

TEST(FrameReaderTest, KnowsAbsentFromEmpty) {
  const std::string frame = "FK\x01\x09\x00\x00\x00\x00\x01\x00\xff\xff\xff\xff\x00\x00\x00\x00"s;
  KmsAnswer answer;
  KmsFailure failure;
  KmsBytes parts[2];
  ASSERT_EQ(kms_answer_open(&answer, BytesOf(frame), 9, 1, &failure), KMS_READ_RESULT);
  ASSERT_EQ(kms_answer_next(&answer, 2, parts, &failure), KMS_READ_RESULT);
  EXPECT_EQ(parts[0].data, nullptr);
  EXPECT_NE(parts[1].data, nullptr);
  EXPECT_EQ(parts[1].size, 0U);
}

TEST(FrameReaderTest, RefusesWhatIsCutAnywhere) {
  ASSERT_TRUE(Read(kAnswer));
  ASSERT_TRUE(Read(kRefusal));
  for (size_t size = 0; size < kAnswer.size(); ++size) EXPECT_FALSE(Read(kAnswer.substr(0, size)));
  for (size_t size = 0; size < kRefusal.size(); ++size) {
    EXPECT_FALSE(Read(kRefusal.substr(0, size)));
  }
}

TEST(FrameReaderTest, RefusesWhatIsNoAnswerToTheCall) {
  EXPECT_FALSE(Read(kAnswer + '\0'));
  EXPECT_FALSE(Read(kRefusal + '\0'));
  EXPECT_FALSE(Read(kAnswer, 2)) << "another op";
  EXPECT_FALSE(Read(kAnswer, 3, 1)) << "more results than items";
  EXPECT_FALSE(Read(kAnswer, 3, 3)) << "fewer";
  EXPECT_FALSE(Read(kAnswer, 3, 2, 2)) << "fewer parts";
  for (const size_t place : {0, 1, 2, 3, 4, 9, 17}) {
    std::string altered = kAnswer;
    altered[place] = 0x7F;
    EXPECT_FALSE(Read(altered)) << place;
  }
}

TEST(FrameReaderTest, RefusesLengthsAboveWhatIsLeft) {
  std::string frame = "FK\x01\x03\x00\x00\x00\x00\x01\x00\xff\xff\xff\xfe"s;
  EXPECT_FALSE(Read(frame, 3, 1));
  frame = "FK\x01\x03\x01\x03\xff\xff"s;
  EXPECT_FALSE(Read(frame, 3, 1));
}

}  // namespace
}  // namespace fieldkms::testing
