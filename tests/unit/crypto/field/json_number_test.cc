#include "crypto/field/json_number.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/sha256.h"
#include "tests/support/hex.h"
#include "tests/support/paths.h"
#include "tests/support/status_matchers.h"
#include "tests/support/vectors.h"

namespace fieldkms {
namespace {

std::string Written(double number) {
  std::string text;
  AppendCanonicalNumber(number, &text);
  return text;
}

std::string WrittenBits(uint64_t bits) { return Written(std::bit_cast<double>(bits)); }

std::string Again(std::string_view text) {
  const std::optional<double> number = JsonNumber(text);
  return number ? Written(*number) : "out of range";
}

TEST(CanonicalNumberTest, SamplesOfRfc8785AppendixB) {
  const std::vector<std::pair<uint64_t, std::string>> samples = {
      {0x0000000000000000, "0"},
      {0x8000000000000000, "0"},
      {0x0000000000000001, "5e-324"},
      {0x8000000000000001, "-5e-324"},
      {0x7fefffffffffffff, "1.7976931348623157e+308"},
      {0xffefffffffffffff, "-1.7976931348623157e+308"},
      {0x4340000000000000, "9007199254740992"},
      {0xc340000000000000, "-9007199254740992"},
      {0x4430000000000000, "295147905179352830000"},
      {0x44b52d02c7e14af5, "9.999999999999997e+22"},
      {0x44b52d02c7e14af6, "1e+23"},
      {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
      {0x444b1ae4d6e2ef4e, "999999999999999700000"},
      {0x444b1ae4d6e2ef4f, "999999999999999900000"},
      {0x444b1ae4d6e2ef50, "1e+21"},
      {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
      {0x3eb0c6f7a0b5ed8d, "0.000001"},
      {0x41b3de4355555553, "333333333.3333332"},
      {0x41b3de4355555554, "333333333.33333325"},
      {0x41b3de4355555555, "333333333.3333333"},
      {0x41b3de4355555556, "333333333.3333334"},
      {0x41b3de4355555557, "333333333.33333343"},
      {0xbecbf647612f3696, "-0.0000033333333333333333"},
      {0x43143ff3c1cb0959, "1424953923781206.2"},
  };
  for (const auto& [bits, text] : samples) EXPECT_EQ(WrittenBits(bits), text);
}

// The numbers of the RFC's authors' es6testfile100m.txt, which are made by a rule: listed ones,
// the 2,000 after the smallest normal one, then SHA-256 of itself, eight bytes a number.
class Es6Numbers {
 public:
  Es6Numbers() {
    std::ifstream file = OpenFile(testing::VectorsDir() + "/jcs/es6_static_numbers.txt");
    for (std::string line; std::getline(file, line);) {
      numbers_.push_back(std::stoull(line, nullptr, 16));
    }
    for (uint64_t i = 0; i < 2000; ++i) numbers_.push_back(0x0010000000000000 + i);
  }

  uint64_t Next() {
    if (next_ < numbers_.size()) return numbers_[next_++];
    while (true) {
      if (at_ == block_.size()) {
        block_ = Sha256(block_).value();
        at_ = 0;
      }
      uint64_t bits = 0;
      for (size_t i = 8; i > 0; --i) bits = bits << 8 | block_[at_ + i - 1];
      at_ += 8;
      const auto number = std::bit_cast<double>(bits);
      if (std::isfinite(number) && number != 0) return bits;
    }
  }

 private:
  std::vector<uint64_t> numbers_;
  size_t next_ = 0;
  std::array<uint8_t, kSha256Size> block_ = {};
  size_t at_ = kSha256Size;
};

TEST(CanonicalNumberTest, HundredThousandNumbersOfTheRfcsAuthors) {
  Es6Numbers numbers;
  Sha256Stream digest;
  std::array<char, 17> hex = {};
  for (int i = 0; i < 100000; ++i) {
    const uint64_t bits = numbers.Next();
    char* const end = std::to_chars(hex.data(), hex.data() + hex.size(), bits, 16).ptr;
    const std::string line = std::string(hex.data(), end) + "," + WrittenBits(bits) + "\n";
    ASSERT_OK(digest.Update(AsBytes(line)));
  }
  ASSERT_OK_AND_ASSIGN(const auto sum, digest.Finish());
  EXPECT_EQ(ToHex(sum), "22776e6d4b49fa294a0d0f349268e5c28808fe7e0cb2bcbe28f63894e494d4c7");
}

TEST(JsonNumberTest, BeyondADoubleIsNothingAndBelowIsZero) {
  for (const char* text : {"1e309", "-1e309", "1e400", "1.7976931348623159e308", "100e307",
                           "0.01e311", "1e99999999999999999999", "-1E+99999999999999999999"}) {
    EXPECT_EQ(Again(text), "out of range") << text;
  }
  EXPECT_EQ(Again("1" + std::string(400, '0')), "out of range");
  EXPECT_EQ(Again("1" + std::string(400, '0') + ".5e-100"), "1e+300");
  for (const char* text : {"1e-400", "-1e-400", "2e-324", "0.1e-323", "1e-99999999999999999999",
                           "0e99999999999999999999", "0.000e-5", "-0.0", "0e400"}) {
    EXPECT_EQ(Again(text), "0") << text;
  }
  EXPECT_EQ(Again("0." + std::string(400, '0') + "1"), "0");
  EXPECT_EQ(Again("0." + std::string(400, '0') + "1e401"), "1");
}

TEST(JsonNumberTest, IsReadToTheNearest) {
  EXPECT_EQ(Again("333333333.33333329"), "333333333.3333333");
  EXPECT_EQ(Again("9007199254740993"), "9007199254740992");
  EXPECT_EQ(Again("12345678901234567890"), "12345678901234567000");
  EXPECT_EQ(Again("1E30"), "1e+30");
  EXPECT_EQ(Again("4.50"), "4.5");
  EXPECT_EQ(Again("100e-2"), "1");
}

// Reading what was written gives the same number; nlohmann reads it likewise.
RC_GTEST_PROP(JsonNumberProperty, RoundTrips, (uint64_t bits)) {
  const auto number = std::bit_cast<double>(bits);
  RC_PRE(std::isfinite(number));
  const std::string text = Written(number);
  RC_ASSERT(JsonNumber(text) == number);
  RC_ASSERT(Again(text) == text);
  RC_ASSERT(nlohmann::json::parse(text).get<double>() == number);
}

}  // namespace
}  // namespace fieldkms
