#include "sql/extension/frame_writer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sql/wire/frames.h"
#include "tests/unit/sql/extension/bytes_of.h"

namespace fieldkms::testing {
namespace {

KmsFrameHead Head() {
  return {.op = FIELDKMS_OP_REWRAP,
          .deadline_ms = 0x01020304,
          .session_user = BytesOf("su"),
          .current_role = BytesOf("r"),
          .database = BytesOf("shop"),
          .tenant = BytesOf(""),
          .name = BytesOf("key"),
          .detail = BytesOf("")};
}

TEST(FrameWriterTest, WritesTheBytesOfTheFormat) {
  const KmsFrameHead head = Head();
  const std::vector<KmsBytes> parts = {BytesOf("v"), BytesOf(""), kms_absent()};
  size_t size = 0;
  ASSERT_EQ(kms_frame_fit(parts.data(), 3, 1, kms_frame_head_size(&head), &size), 1U);
  std::string frame(size, 'x');
  char* end = kms_frame_put_head(frame.data(), &head, 1);
  EXPECT_EQ(static_cast<size_t>(end - frame.data()), kms_frame_head_size(&head));
  end = kms_frame_put_items(end, parts.data(), parts.size());
  EXPECT_EQ(end, frame.data() + size);
  using namespace std::string_literals;
  EXPECT_EQ(frame,
            "FK\x01\x03\x01\x02\x03\x04"
            "\0\x02su\0\x01r\0\x04shop\0\0\0\x03key\0\0"
            "\0\0\0\x01"
            "\0\0\0\x01v\0\0\0\0\xff\xff\xff\xff"s);
}

TEST(FrameWriterTest, CutsAtTheMostItems) {
  const std::vector<KmsBytes> parts(FIELDKMS_FRAME_MOST_ITEMS + 5, BytesOf("v"));
  size_t size = 0;
  EXPECT_EQ(kms_frame_fit(parts.data(), 1, parts.size(), 100, &size), FIELDKMS_FRAME_MOST_ITEMS);
  EXPECT_EQ(size, 100 + FIELDKMS_FRAME_MOST_ITEMS * 5);
}

TEST(FrameWriterTest, CutsAtTheMostBytes) {
  const std::string half(FIELDKMS_FRAME_MOST_BYTES / 2, 'v');
  const size_t room = 16;
  // Two of these fit exactly, with their lengths, behind a head of 8 bytes.
  std::vector<KmsBytes> parts(3, kms_bytes(half.data(), half.size() - room / 2));
  size_t size = 0;
  EXPECT_EQ(kms_frame_fit(parts.data(), 1, 3, 8, &size), 2U);
  EXPECT_EQ(size, FIELDKMS_FRAME_MOST_BYTES);
  EXPECT_EQ(kms_frame_fit(parts.data(), 1, 3, 9, &size), 1U);
  const std::string whole(FIELDKMS_FRAME_MOST_BYTES, 'v');
  parts[0] = BytesOf(whole);
  EXPECT_EQ(kms_frame_fit(parts.data(), 1, 3, 8, &size), 0U);
}

}  // namespace
}  // namespace fieldkms::testing
