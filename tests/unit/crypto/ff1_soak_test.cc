#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "crypto/ff1.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

// The smallest domain of six digits, whole: each value is the encryption of one, and decrypts to
// it.
TEST(Ff1SoakTest, IsABijectionOfAMillion) {
  constexpr uint32_t kValues = 1'000'000;
  const Ff1Key key = Ff1Key::Create(SecretBytes::Random(32).value()).value();
  std::vector<bool> seen(kValues);
  for (uint32_t value = 0; value < kValues; ++value) {
    std::array<uint16_t, 6> numerals;
    uint32_t rest = value;
    for (size_t i = numerals.size(); i-- > 0; rest /= 10) {
      numerals[i] = static_cast<uint16_t>(rest % 10);
    }
    const std::array<uint16_t, 6> plaintext = numerals;
    ASSERT_OK(key.Encrypt(10, {}, numerals));
    uint32_t result = 0;
    for (const uint16_t numeral : numerals) result = 10 * result + numeral;
    ASSERT_FALSE(seen.at(result)) << "two values encrypt to one";
    seen[result] = true;
    ASSERT_OK(key.Decrypt(10, {}, numerals));
    ASSERT_EQ(numerals, plaintext);
  }
}

}  // namespace
}  // namespace fieldkms
