#include "kms/proto/times.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using absl::StatusCode;
using google::protobuf::Duration;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

Duration Of(int64_t whole, int32_t nanos) {
  Duration duration;
  duration.set_seconds(whole);
  duration.set_nanos(nanos);
  return duration;
}

auto OutOfRange() { return StatusIs(StatusCode::kInvalidArgument, Reason::kInvalidField); }

TEST(TimesTest, ATimeComesBack) {
  for (const microseconds since : {microseconds(0), microseconds(1'700'000'000'000'001),
                                   microseconds(-1), microseconds(-1'500'000)}) {
    google::protobuf::Timestamp time;
    ToProto(WallTime(since), &time);
    EXPECT_GE(time.nanos(), 0);
    EXPECT_LT(time.nanos(), 1'000'000'000);
    EXPECT_EQ(FromProto(time), WallTime(since));
  }
}

TEST(TimesTest, ADurationComesBack) {
  Duration duration;
  ToProto(milliseconds(1'500), &duration);
  EXPECT_EQ(duration.seconds(), 1);
  EXPECT_EQ(duration.nanos(), 500'000'000);
  ASSERT_OK_AND_ASSIGN(const microseconds back, Microseconds(duration, "d"));
  EXPECT_EQ(back, milliseconds(1'500));
}

TEST(TimesTest, WholeSecondsAreWhole) {
  ASSERT_OK_AND_ASSIGN(const seconds whole, WholeSeconds(Of(90, 0), "d"));
  EXPECT_EQ(whole, seconds(90));
  EXPECT_THAT(WholeSeconds(Of(90, 1), "d"), OutOfRange());
  EXPECT_THAT(WholeSeconds(Of(-1, 0), "d"), OutOfRange());
  EXPECT_THAT(WholeSeconds(Of(315'576'000'001, 0), "d"), OutOfRange());
  EXPECT_EQ(FieldOf(WholeSeconds(Of(-1, 0), "spec.x").status()), "spec.x");
}

TEST(TimesTest, MicrosecondsAreInRange) {
  ASSERT_OK_AND_ASSIGN(const microseconds cut, Microseconds(Of(0, 1'999), "d"));
  EXPECT_EQ(cut, microseconds(1));
  EXPECT_THAT(Microseconds(Of(-1, 0), "d"), OutOfRange());
  EXPECT_THAT(Microseconds(Of(0, -1), "d"), OutOfRange());
  EXPECT_THAT(Microseconds(Of(0, 1'000'000'000), "d"), OutOfRange());
  EXPECT_THAT(Microseconds(Of(315'576'000'001, 0), "d"), OutOfRange());
}

}  // namespace
}  // namespace fieldkms
