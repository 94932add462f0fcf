#include "sql/shim/frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "crypto/status.h"
#include "tests/support/frame_client.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::shim {
namespace {

using testing::FrameAnswer;
using testing::ReadFrameAnswer;

Frame Example() {
  Frame frame;
  frame.op = FIELDKMS_OP_PROTECT;
  frame.deadline = 2'500;
  frame.session_user = "alice";
  frame.current_role = "app_rw";
  frame.database = "shop";
  frame.tenant = "acme";
  frame.name = "customers.card";
  frame.parts = {"4111", "\x00\x00", std::nullopt, "", "ctx", "subject"};
  return frame;
}

TEST(FramesTest, EncodedAsDocumented) {
  Frame frame;
  frame.op = FIELDKMS_OP_ENCRYPT;
  frame.deadline = 258;
  frame.session_user = "a";
  frame.tenant = "t";
  frame.parts = {"v", std::nullopt};
  EXPECT_EQ(EncodeFrame(frame),
            std::string("FK\x01\x01\0\0\x01\x02\0\x01"
                        "a\0\0\0\0\0\x01t\0\0\0\0\0\0\0\x01\0\0\0\x01v\xff\xff\xff\xff",
                        35));
}

TEST(FramesTest, ReadsWhatWasEncoded) {
  const Frame frame = Example();
  const std::string bytes = EncodeFrame(frame);
  ASSERT_OK_AND_ASSIGN(const Frame read, ParseFrame(bytes));
  EXPECT_EQ(read, frame);
  EXPECT_EQ(read.count(), 2u);
  EXPECT_EQ(read.item(1)[2], "subject");
  EXPECT_FALSE(read.item(0)[2].has_value());
}

TEST(FramesTest, RefusesEveryPrefixAndEveryTail) {
  const std::string bytes = EncodeFrame(Example());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(ParseFrame(std::string_view(bytes).substr(0, size)),
                StatusIs(absl::StatusCode::kInvalidArgument, Reason::kRequestMalformed))
        << size;
  }
  EXPECT_THAT(ParseFrame(bytes + '\0'), StatusIs(Reason::kRequestMalformed));
}

TEST(FramesTest, RefusesWhatTheHeadMustNotSay) {
  const std::string good = EncodeFrame(Example());
  const auto with = [&](size_t at, char byte) {
    std::string bytes = good;
    bytes[at] = byte;
    return bytes;
  };
  EXPECT_THAT(ParseFrame(with(0, 'X')), StatusIs(Reason::kRequestMalformed));
  EXPECT_THAT(ParseFrame(with(2, 2)), StatusIs(Reason::kRequestMalformed));   // version
  EXPECT_THAT(ParseFrame(with(3, 0)), StatusIs(Reason::kRequestMalformed));   // op
  EXPECT_THAT(ParseFrame(with(3, 11)), StatusIs(Reason::kRequestMalformed));  // op
  Frame frame = Example();
  frame.session_user = "\xff\xfe";
  EXPECT_THAT(ParseFrame(EncodeFrame(frame)), StatusIs(Reason::kRequestMalformed));
  frame = Example();
  frame.deadline = 0;
  EXPECT_THAT(ParseFrame(EncodeFrame(frame)), StatusIs(Reason::kRequestMalformed));
}

TEST(FramesTest, HasAtMostTenThousandItems) {
  Frame frame;
  frame.op = FIELDKMS_OP_MASK;
  frame.parts.assign(FIELDKMS_FRAME_MOST_ITEMS, "");
  EXPECT_OK(ParseFrame(EncodeFrame(frame)));
  frame.parts.push_back("");
  EXPECT_THAT(ParseFrame(EncodeFrame(frame)), StatusIs(Reason::kTooManyItems));
}

// A count is not believed: nothing is allocated for items that cannot be there.
TEST(FramesTest, RefusesACountWithoutItems) {
  Frame frame;
  frame.op = FIELDKMS_OP_REVEAL;
  std::string bytes = EncodeFrame(frame);
  bytes.replace(bytes.size() - 4, 4, std::string("\0\0\x27\x10", 4));  // 10,000
  EXPECT_THAT(ParseFrame(bytes), StatusIs(Reason::kRequestMalformed));
}

RC_GTEST_PROP(FramesTest, WhatParsesEncodesTheSame, ()) {
  const auto op = static_cast<uint8_t>(*rc::gen::inRange(1, 11));
  const auto texts = *rc::gen::container<std::vector<std::string>>(
      6, rc::gen::container<std::string>(rc::gen::inRange(' ', '~')));
  const auto count = *rc::gen::inRange<size_t>(0, 5);
  const auto values = *rc::gen::container<std::vector<std::string>>(
      count * ShapeOf(op).parts_of_item, rc::gen::arbitrary<std::string>());
  Frame frame;
  frame.op = static_cast<FrameOp>(op);
  frame.deadline = *rc::gen::inRange<uint32_t>(1, 1u << 31);
  frame.session_user = texts[0];
  frame.current_role = texts[1];
  frame.database = texts[2];
  frame.tenant = texts[3];
  frame.name = texts[4];
  frame.detail = texts[5];
  for (const std::string& value : values) {
    frame.parts.push_back(*rc::gen::arbitrary<bool>() ? FramePart(value) : FramePart());
  }
  const std::string bytes = EncodeFrame(frame);
  const absl::StatusOr<Frame> read = ParseFrame(bytes);
  RC_ASSERT(read.ok());
  RC_ASSERT(*read == frame);
}

TEST(AnswerTest, HasEachResultInOrder) {
  AnswerWriter writer(FIELDKMS_OP_BLIND_INDEX, 2, 0);
  writer.Begin();
  writer.Part("index");
  writer.Part(std::nullopt);
  writer.Fail(ToFrameError(InvalidField("items[7].value", "must be UTF-8")));
  const auto answer = ReadFrameAnswer(FIELDKMS_OP_BLIND_INDEX, 2, writer.Take());
  ASSERT_TRUE(answer && answer->results.size() == 2);
  EXPECT_EQ(answer->results[0].parts[0], "index");
  EXPECT_FALSE(answer->results[0].parts[1].has_value());
  ASSERT_TRUE(answer->results[1].error);
  EXPECT_EQ(answer->results[1].error->kind, FIELDKMS_KIND_INVALID);
  EXPECT_EQ(answer->results[1].error->field, "value");
  EXPECT_EQ(answer->results[1].error->message, "must be UTF-8");
}

TEST(AnswerTest, FailuresToDecryptAreAlike) {
  const auto encoded = [](Reason reason) {
    return EncodeFailure(FIELDKMS_OP_DECRYPT, ToFrameError(DecryptError(reason)));
  };
  const std::string expected = encoded(Reason::kDecryptFailed);
  for (const Reason reason : {Reason::kTagMismatch, Reason::kOtherTenant, Reason::kKeyIdUnknown,
                              Reason::kEnvelopeMalformed, Reason::kSubjectErased}) {
    EXPECT_EQ(encoded(reason), expected) << ReasonName(reason);
  }
  EXPECT_EQ(ToFrameError(DecryptError(Reason::kTagMismatch)).kind, FIELDKMS_KIND_NOT_OPENED);
}

TEST(AnswerTest, SaysNothingOfStatusesOfOtherMaking) {
  const FrameError error = ToFrameError(absl::InternalError("4111111111111111"));
  EXPECT_EQ(error.kind, FIELDKMS_KIND_BUG);
  EXPECT_THAT(error.message, ::testing::Not(::testing::HasSubstr("4111")));
}

TEST(AnswerTest, KindsFollowCodes) {
  const auto kind = [](absl::StatusCode code) {
    return ToFrameError(Error(code, Reason::kUnspecified, "x")).kind;
  };
  EXPECT_EQ(kind(absl::StatusCode::kInvalidArgument), FIELDKMS_KIND_INVALID);
  EXPECT_EQ(kind(absl::StatusCode::kNotFound), FIELDKMS_KIND_NOT_FOUND);
  EXPECT_EQ(kind(absl::StatusCode::kPermissionDenied), FIELDKMS_KIND_DENIED);
  EXPECT_EQ(kind(absl::StatusCode::kUnauthenticated), FIELDKMS_KIND_DENIED);
  EXPECT_EQ(kind(absl::StatusCode::kAlreadyExists), FIELDKMS_KIND_EXISTS);
  EXPECT_EQ(kind(absl::StatusCode::kFailedPrecondition), FIELDKMS_KIND_STATE);
  EXPECT_EQ(kind(absl::StatusCode::kAborted), FIELDKMS_KIND_STATE);
  EXPECT_EQ(kind(absl::StatusCode::kResourceExhausted), FIELDKMS_KIND_TOO_MUCH);
  EXPECT_EQ(kind(absl::StatusCode::kUnavailable), FIELDKMS_KIND_UNAVAILABLE);
  EXPECT_EQ(kind(absl::StatusCode::kDeadlineExceeded), FIELDKMS_KIND_DEADLINE);
  EXPECT_EQ(kind(absl::StatusCode::kDataLoss), FIELDKMS_KIND_BUG);
}

}  // namespace
}  // namespace fieldkms::shim
