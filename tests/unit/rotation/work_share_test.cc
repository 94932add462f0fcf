#include "rotation/work_share.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace fieldkms::rotation {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr WorkShare::Time kBegin{};

TEST(WorkShareTest, AllOfItsTimeIsNoRest) {
  WorkShare share;
  share.Begin(kBegin);
  EXPECT_EQ(share.RestAt(kBegin + hours(1)), microseconds(0));
  share.SetPercent(100);
  EXPECT_EQ(share.RestAt(kBegin + hours(1)), microseconds(0));
}

TEST(WorkShareTest, RestsForWhatRemains) {
  WorkShare share;
  share.SetPercent(30);
  share.Begin(kBegin);
  EXPECT_EQ(share.RestAt(kBegin + milliseconds(30)), milliseconds(70));
  share.Begin(kBegin + milliseconds(100));
  EXPECT_EQ(share.RestAt(kBegin + milliseconds(103)), milliseconds(7));
}

TEST(WorkShareTest, NoRestIsLongerThanAWorkerMayBeSilent) {
  WorkShare share;
  share.SetPercent(1);
  share.Begin(kBegin);
  EXPECT_EQ(share.RestAt(kBegin + hours(24 * 365)), WorkShare::kLongestRest);
}

TEST(WorkShareTest, ATimeBeforeTheBeginIsNoWork) {
  WorkShare share;
  share.SetPercent(10);
  share.Begin(kBegin + hours(1));
  EXPECT_EQ(share.RestAt(kBegin), microseconds(0));
}

RC_GTEST_PROP(WorkShareProperty, WorkIsTheShareOfBoth, ()) {
  const auto percent = *rc::gen::inRange<uint32_t>(1, 101);
  const microseconds worked(*rc::gen::inRange<int64_t>(0, 40'000));
  WorkShare share;
  share.SetPercent(percent);
  share.Begin(kBegin);
  const microseconds rest = share.RestAt(kBegin + worked);
  // To the microsecond that is cut off.
  const int64_t all = (worked + rest).count() * percent;
  RC_ASSERT(all <= worked.count() * 100);
  RC_ASSERT(all > worked.count() * 100 - percent);
}

}  // namespace
}  // namespace fieldkms::rotation
