#include "crypto/field/pan.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace fieldkms {
namespace {

TEST(PanTest, BinsAreOfEightDigitsFromSixteenOn) {
  for (const size_t digits : {10u, 13u, 14u, 15u}) EXPECT_EQ(PanBinLength(digits), 6u) << digits;
  for (const size_t digits : {16u, 17u, 19u}) EXPECT_EQ(PanBinLength(digits), 8u) << digits;
}

TEST(PanTest, BrandsBeginAndEndWithTheirRanges) {
  const std::vector<std::pair<std::string, std::string>> brands = {{"179999", "unknown"},
                                                                   {"180000", "jcb"},
                                                                   {"180099", "jcb"},
                                                                   {"180100", "unknown"},
                                                                   {"213100", "jcb"},
                                                                   {"222099", "unknown"},
                                                                   {"222100", "mastercard"},
                                                                   {"272099", "mastercard"},
                                                                   {"272100", "unknown"},
                                                                   {"300000", "diners_club"},
                                                                   {"305999", "diners_club"},
                                                                   {"306000", "unknown"},
                                                                   {"340000", "american_express"},
                                                                   {"349999", "american_express"},
                                                                   {"352799", "unknown"},
                                                                   {"352800", "jcb"},
                                                                   {"358999", "jcb"},
                                                                   {"359000", "unknown"},
                                                                   {"360000", "diners_club"},
                                                                   {"370000", "american_express"},
                                                                   {"399999", "diners_club"},
                                                                   {"400000", "visa"},
                                                                   {"493697", "visa"},
                                                                   {"493698", "maestro"},
                                                                   {"493699", "visa"},
                                                                   {"499999", "visa"},
                                                                   {"500000", "maestro"},
                                                                   {"504175", "unknown"},
                                                                   {"506699", "unknown"},
                                                                   {"506778", "unknown"},
                                                                   {"506779", "maestro"},
                                                                   {"509000", "unknown"},
                                                                   {"510000", "mastercard"},
                                                                   {"559999", "mastercard"},
                                                                   {"560000", "maestro"},
                                                                   {"599999", "maestro"},
                                                                   {"600000", "unknown"},
                                                                   {"601100", "discover"},
                                                                   {"601200", "unknown"},
                                                                   {"620000", "unionpay"},
                                                                   {"629999", "unionpay"},
                                                                   {"639999", "maestro"},
                                                                   {"643999", "unknown"},
                                                                   {"644000", "discover"},
                                                                   {"659999", "discover"},
                                                                   {"660000", "unknown"},
                                                                   {"670000", "maestro"},
                                                                   {"680000", "unknown"},
                                                                   {"810000", "unionpay"},
                                                                   {"817199", "unionpay"},
                                                                   {"817200", "unknown"},
                                                                   {"979200", "unknown"},
                                                                   {"999999", "unknown"}};
  for (const auto& [iin, name] : brands) {
    EXPECT_EQ(CardBrandName(CardBrandOf(iin)), name) << iin;
    EXPECT_EQ(CardBrandName(CardBrandOf(iin + "1234567890")), name) << iin;
  }
}

TEST(PanTest, FewerDigitsAndOtherCharactersAreOfNoBrand) {
  EXPECT_EQ(CardBrandOf(""), CardBrand::kUnknown);
  EXPECT_EQ(CardBrandOf("41111"), CardBrand::kUnknown);
  EXPECT_EQ(CardBrandOf("4111 1111"), CardBrand::kUnknown);
  EXPECT_EQ(CardBrandName(static_cast<CardBrand>(99)), "unknown");
}

}  // namespace
}  // namespace fieldkms
