#include "crypto/field/pan_fpe.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "crypto/field/format.h"
#include "tests/support/hex.h"
#include "tests/support/paths.h"
#include "tests/support/status_matchers.h"
#include "tests/support/vectors.h"

namespace fieldkms {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr std::string_view kDomain = "acme/customers.card_number";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string DigitsOf(std::string text) {
  std::erase_if(text, [](char c) { return !IsDigit(c); });
  return text;
}

// By the words of ISO/IEC 7812-1, annex B.
bool LuhnHolds(const std::string& digits) {
  int sum = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    const int digit = digits[digits.size() - 1 - i] - '0';
    sum += i % 2 == 0 ? digit : 2 * digit / 10 + 2 * digit % 10;
  }
  return sum % 10 == 0;
}

std::string Completed(std::string digits) {
  digits.push_back('0');
  while (!LuhnHolds(digits)) ++digits.back();
  return digits;
}

// One key and one template.
class Pan {
 public:
  Pan(uint32_t keep_first, uint32_t keep_last, const Bytes& key = Bytes(32, 7))
      : spec_{.keep_first = keep_first, .keep_last = keep_last},
        alphabet_(FpeAlphabet::Create(spec_, "fpe").value()),
        key_(Ff1Key::Create(SecretBytes::CopyOf(key).value()).value()) {}

  std::string Encrypted(std::string_view text) const {
    std::string out = "earlier";
    EXPECT_OK(EncryptPan(key_, alphabet_, spec_, AsBytes(kDomain), text, &out));
    return out;
  }
  std::string Decrypted(std::string_view text) const {
    std::string out = "earlier";
    EXPECT_OK(DecryptPan(key_, alphabet_, spec_, AsBytes(kDomain), text, &out));
    return out;
  }
  absl::Status TryDecrypt(std::string_view text) const {
    std::string out;
    return DecryptPan(key_, alphabet_, spec_, AsBytes(kDomain), text, &out);
  }
  absl::Status TryEncrypt(std::string_view text) const {
    std::string out;
    return EncryptPan(key_, alphabet_, spec_, AsBytes(kDomain), text, &out);
  }

 private:
  FpeTemplate spec_;
  FpeAlphabet alphabet_;
  Ff1Key key_;
};

TEST(PanFpeTest, VectorsOfAnotherImplementation) {
  const nlohmann::json file = ReadJson(testing::VectorsDir() + "/pan_fpe.json");
  ASSERT_EQ(file.at("vectors").size(), 7u);
  for (const auto& vector : file.at("vectors")) {
    SCOPED_TRACE(vector.at("comment").get<std::string>());
    ASSERT_EQ(FromHex(vector.at("domain").get<std::string>()),
              Bytes(kDomain.begin(), kDomain.end()));
    const Pan pan(vector.at("keep_first"), vector.at("keep_last"),
                  FromHex(vector.at("key").get<std::string>()));
    const std::string plaintext = vector.at("plaintext"), ciphertext = vector.at("ciphertext");
    EXPECT_EQ(pan.Encrypted(plaintext), ciphertext);
    EXPECT_EQ(pan.Decrypted(ciphertext), plaintext);
  }
}

// A card number of so many digits, with separators where people write some.
std::string AnyCard(size_t length) {
  std::string digits;
  while (digits.size() + 1 < length) digits.push_back(*rc::gen::inRange<char>('0', '9' + 1));
  digits = Completed(digits);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && *rc::gen::inRange(0, 4) == 0) text += *rc::gen::element(' ', '-');
    text += digits[i];
  }
  return text;
}

// What holds of all: the separators and what is kept stand where they stood.
void RequireShape(const std::string& text, const std::string& out, size_t keep_first,
                  size_t keep_last) {
  RC_ASSERT(out.size() == text.size());
  const size_t digits = DigitsOf(text).size();
  size_t number = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool kept = !IsDigit(text[i]) || number < keep_first || number + keep_last >= digits;
    if (IsDigit(text[i])) ++number;
    if (kept) RC_ASSERT(out[i] == text[i]);
  }
}

RC_GTEST_PROP(PanFpeProperty, WithoutLastDigitsKeptTheCheckDigitIsWrong, ()) {
  const auto length = *rc::gen::inRange<size_t>(10, 20);
  const auto first = *rc::gen::inRange<uint32_t>(0, static_cast<uint32_t>(length - 7 + 1));
  const Pan pan(first, 0);
  const std::string text = AnyCard(length);
  const std::string out = pan.Encrypted(text);
  RequireShape(text, out, first, 0);
  const std::string digits = DigitsOf(out);
  RC_ASSERT(digits.size() == length);
  RC_ASSERT(!LuhnHolds(digits));
  // The digit is the one after the right one, and nothing else is ours.
  const std::string right = Completed(digits.substr(0, length - 1));
  RC_ASSERT(digits.back() == (right.back() == '9' ? '0' : right.back() + 1));
  RC_ASSERT(pan.Decrypted(out) == text);
  for (char other = '0'; other <= '9'; ++other) {
    std::string wrong = out;
    wrong[wrong.find_last_of("0123456789")] = other;
    RC_ASSERT((wrong == out) == pan.TryDecrypt(wrong).ok());
  }
}

RC_GTEST_PROP(PanFpeProperty, WithLastDigitsKeptOneIsALetter, ()) {
  const auto last = *rc::gen::inRange<uint32_t>(1, 5);
  const auto length = *rc::gen::inRange<size_t>(10, 20);
  const auto first = *rc::gen::inRange<uint32_t>(0, static_cast<uint32_t>(length - 6 - last + 1));
  const Pan pan(first, last);
  const std::string text = AnyCard(length);
  const std::string out = pan.Encrypted(text);
  RequireShape(text, out, first, last);
  RC_ASSERT(DigitsOf(out).size() == length - 1);
  const size_t letter = out.find_first_of("ABCDEFGHIJ");
  RC_ASSERT(letter != std::string::npos);
  RC_ASSERT(DigitsOf(text.substr(0, letter)).size() == first);
  std::string canonical;
  RC_ASSERT(CanonicaliseField(*FindFormat(FieldFormat::kPan), out, {}, &canonical) != nullptr);
  RC_ASSERT(pan.Decrypted(out) == text);
  std::string with_digit = out;
  with_digit[letter] = '3';
  RC_ASSERT(!pan.TryDecrypt(with_digit).ok());
}

// A part of the numbers that one BIN has: no two of them become the same, and whatever looks like
// one of the results is the result of one number.
TEST(PanFpeTest, IsABijection) {
  for (const uint32_t keep_last : {0u, 4u}) {
    const Pan pan(4, keep_last);
    const std::string tail = keep_last == 0 ? "" : "000";
    std::set<std::string> results;
    for (int i = 0; i < 5'000; ++i) {
      const std::string text = Completed("4111" + std::to_string(1'000'000 + i).substr(1) + tail);
      const std::string out = pan.Encrypted(text);
      results.insert(out);
      ASSERT_EQ(pan.Decrypted(out), text);
    }
    EXPECT_EQ(results.size(), 5'000u);
  }
  const Pan pan(4, 0);
  for (int i = 0; i < 5'000; ++i) {
    std::string result = Completed("4111" + std::to_string(1'900'000 + i).substr(1));
    result.back() = result.back() == '9' ? '0' : static_cast<char>(result.back() + 1);
    const std::string text = pan.Decrypted(result);
    ASSERT_TRUE(LuhnHolds(text));
    ASSERT_EQ(pan.Encrypted(text), result);
  }
}

TEST(PanFpeTest, OtherTextIsRefused) {
  const Pan wrong_digit(6, 0), letter(6, 4);
  const std::string ours = letter.Encrypted("4111 1111 1111 1111");
  for (const std::string& text :
       {std::string(), std::string("no digits"), std::string("4111111111111111")}) {
    EXPECT_THAT(wrong_digit.TryDecrypt(text),
                StatusIs(absl::StatusCode::kInvalidArgument, Reason::kEnvelopeMalformed));
    EXPECT_THAT(letter.TryDecrypt(text),
                StatusIs(absl::StatusCode::kInvalidArgument, Reason::kEnvelopeMalformed));
  }
  std::string beyond = ours;
  beyond[beyond.find_first_of("ABCDEFGHIJ")] = 'K';
  EXPECT_FALSE(letter.TryDecrypt(beyond).ok());
  EXPECT_THAT(wrong_digit.TryEncrypt("no digits"),
              StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField));
  EXPECT_FALSE(letter.TryEncrypt("411111111111111").ok());  // five to encrypt
}

}  // namespace
}  // namespace fieldkms
