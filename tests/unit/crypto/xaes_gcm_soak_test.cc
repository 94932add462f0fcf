// The million of https://c2sp.org/XAES-256-GCM: a third of a gigabyte of input.
#include <gtest/gtest.h>

#include "tests/support/xaes_accumulated.h"

namespace fieldkms {
namespace {

TEST(XaesGcmSoakTest, MatchesTheAccumulatedVectorOfAMillion) {
  EXPECT_EQ(XaesAccumulated(1'000'000),
            "2163ae1445985a30b60585ee67daa55674df06901b890593e824b8a7c885ab15");
}

}  // namespace
}  // namespace fieldkms
