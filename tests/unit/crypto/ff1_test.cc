#include "crypto/ff1.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "crypto/xaes_gcm.h"
#include "tests/support/fork.h"
#include "tests/support/hex.h"
#include "tests/support/paths.h"
#include "tests/support/status_matchers.h"
#include "tests/support/vectors.h"

namespace fieldkms {
namespace {

using Bytes = std::vector<uint8_t>;
using Numerals = std::vector<uint16_t>;
const std::string kVectors = testing::VectorsDir();

Ff1Key MakeKey(const Bytes& bytes) {
  return Ff1Key::Create(SecretBytes::CopyOf(bytes).value()).value();
}

Numerals Encrypted(const Ff1Key& key, uint32_t radix, const Bytes& tweak, Numerals numerals) {
  EXPECT_OK(key.Encrypt(radix, tweak, numerals));
  return numerals;
}

Numerals Decrypted(const Ff1Key& key, uint32_t radix, const Bytes& tweak, Numerals numerals) {
  EXPECT_OK(key.Decrypt(radix, tweak, numerals));
  return numerals;
}

Numerals NumeralsOf(std::string_view text, std::string_view alphabet) {
  Numerals numerals;
  for (const char c : text) {
    const size_t at = alphabet.find(c);
    if (at == std::string_view::npos) throw std::invalid_argument("not of the alphabet");
    numerals.push_back(static_cast<uint16_t>(at));
  }
  return numerals;
}

// Both directions, with the key fresh in the thread and with the key there already.
void Check(const Bytes& key_bytes, uint32_t radix, const Bytes& tweak, const Numerals& plaintext,
           const Numerals& ciphertext) {
  const Ff1Key key = MakeKey(key_bytes);
  EXPECT_EQ(Encrypted(key, radix, tweak, plaintext), ciphertext);
  EXPECT_EQ(Decrypted(key, radix, tweak, ciphertext), plaintext);
}

void CheckText(const nlohmann::json& vector, std::string_view alphabet) {
  Check(FromHex(vector.at("key").get<std::string>()), static_cast<uint32_t>(alphabet.size()),
        FromHex(vector.at("tweak").get<std::string>()),
        NumeralsOf(vector.at("plaintext").get<std::string>(), alphabet),
        NumeralsOf(vector.at("ciphertext").get<std::string>(), alphabet));
}

TEST(Ff1Test, NistSamples) {
  const nlohmann::json file = ReadJson(kVectors + "/ff1_nist.json");
  ASSERT_EQ(file.at("vectors").size(), 9u);
  const std::string_view alphabet = "0123456789abcdefghijklmnopqrstuvwxyz";
  for (const auto& vector : file.at("vectors")) {
    SCOPED_TRACE(vector.at("sample").get<int>());
    CheckText(vector, alphabet.substr(0, vector.at("radix").get<size_t>()));
  }
}

TEST(Ff1Test, AcvpVectors) {
  const nlohmann::json file = ReadJson(kVectors + "/ff1_acvp.json");
  ASSERT_EQ(file.at("vectors").size(), 25u);
  for (const auto& vector : file.at("vectors")) {
    SCOPED_TRACE(vector.at("tcId").get<int>());
    CheckText(vector, vector.at("alphabet").get<std::string>());
  }
}

// Of every path, and of lengths and tweaks on both sides of each bound between them.
TEST(Ff1Test, VectorsOfAnotherImplementation) {
  const nlohmann::json file = ReadJson(kVectors + "/ff1.json");
  ASSERT_EQ(file.at("vectors").size(), 295u);
  for (const auto& vector : file.at("vectors")) {
    SCOPED_TRACE(vector.dump());
    Check(FromHex(vector.at("key").get<std::string>()), vector.at("radix").get<uint32_t>(),
          FromHex(vector.at("tweak").get<std::string>()), vector.at("plaintext").get<Numerals>(),
          vector.at("ciphertext").get<Numerals>());
  }
}

TEST(Ff1Test, TakesKeysOfItsSizesOnly) {
  for (size_t size = 0; size <= 40; ++size) {
    const auto key = Ff1Key::Create(SecretBytes::Allocate(size).value());
    if (size == 16 || size == 24 || size == 32) {
      EXPECT_OK(key);
    } else {
      EXPECT_THAT(key, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInternal)) << size;
    }
  }
}

struct Floor {
  uint32_t radix;
  size_t least;
};

class Ff1FloorTest : public ::testing::TestWithParam<Floor> {};

// On Encrypt and not on Decrypt.
TEST_P(Ff1FloorTest, EncryptNeedsAMillionValues) {
  const auto [radix, least] = GetParam();
  EXPECT_EQ(Ff1LeastNumerals(radix), least);
  const Ff1Key key = MakeKey(Bytes(32, 1));
  for (size_t size = 2; size < least; ++size) {
    Numerals numerals(size, 1);
    const absl::Status status = key.Encrypt(radix, {}, numerals);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField));
    EXPECT_EQ(FieldOf(status), "numerals");
    EXPECT_EQ(numerals, Numerals(size, 0)) << "a failure wipes";
    Decrypted(key, radix, {}, Numerals(size, 1));
  }
  const Numerals numerals(least, 1);
  EXPECT_EQ(Decrypted(key, radix, {}, Encrypted(key, radix, {}, numerals)), numerals);
}

INSTANTIATE_TEST_SUITE_P(Radices, Ff1FloorTest,
                         ::testing::Values(Floor{2, 20}, Floor{3, 13}, Floor{10, 6}, Floor{26, 5},
                                           Floor{36, 4}, Floor{62, 4}, Floor{99, 4}, Floor{100, 3},
                                           Floor{999, 3}, Floor{1000, 2}, Floor{65'536, 2}),
                         [](const auto& one) { return "Radix" + std::to_string(one.param.radix); });

struct OutOfBounds {
  const char* field;
  uint32_t radix;
  size_t tweak_size;
  Numerals numerals;
};

TEST(Ff1Test, RefusesWhatIsOutOfBounds) {
  const Numerals good(8, 1);
  const OutOfBounds cases[] = {
      {"radix", 0, 0, good},
      {"radix", 1, 0, Numerals(32, 0)},
      {"radix", 65'537, 0, good},
      {"radix", ~uint32_t{0}, 0, good},
      {"tweak", 10, kFf1MostTweak + 1, good},
      {"numerals", 10, 0, {}},
      {"numerals", 10, 0, {1}},
      {"numerals", 10, 0, Numerals(kFf1MostNumerals + 1, 1)},
      {"numerals", 10, 0, {10, 1, 1, 1, 1, 1}},
      {"numerals", 10, 0, {1, 1, 1, 1, 1, 65'535}},
      {"numerals", 65'535, 0, {1, 65'535}},
  };
  const Ff1Key key = MakeKey(Bytes(32, 1));
  for (const OutOfBounds& one : cases) {
    const Bytes tweak(one.tweak_size);
    for (const bool encrypt : {true, false}) {
      Numerals numerals = one.numerals;
      const absl::Status status = encrypt ? key.Encrypt(one.radix, tweak, numerals)
                                          : key.Decrypt(one.radix, tweak, numerals);
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField));
      EXPECT_EQ(FieldOf(status), one.field);
      EXPECT_EQ(numerals, Numerals(numerals.size(), 0));
    }
  }
  const Bytes longest(kFf1MostTweak);
  const Numerals most(kFf1MostNumerals, 65'535);
  EXPECT_EQ(Decrypted(key, 65'536, longest, Encrypted(key, 65'536, longest, most)), most);
}

TEST(Ff1Test, AMovedFromKeyIsRefused) {
  Ff1Key key = MakeKey(Bytes(32, 1));
  const Ff1Key taken = std::move(key);
  Numerals numerals(8, 1);
  EXPECT_THAT(key.Encrypt(10, {}, numerals),  // NOLINT(bugprone-use-after-move)
              StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kInternal));
  EXPECT_EQ(numerals, Numerals(8, 0));
  EXPECT_OK(taken.Encrypt(10, {}, numerals));
}

// Also one that is in the thread's contexts.
TEST(Ff1Test, AKeyWipedByAForkIsRefused) {
  const Ff1Key key = MakeKey(Bytes(32, 1));
  const Numerals encrypted = Encrypted(key, 10, {}, Numerals(8, 1));
  EXPECT_EQ(OutputOfChild([&key] {
              Numerals numerals(8, 1);
              const std::string reason(ReasonName(ReasonOf(key.Encrypt(10, {}, numerals))));
              return reason + (numerals == Numerals(8, 0) ? ", wiped" : "");
            }),
            "CRYPTO_FAILURE, wiped");
  EXPECT_EQ(Encrypted(key, 10, {}, Numerals(8, 1)), encrypted);
}

// All values of small domains, which Decrypt has no floor for: each is the decryption of one.
TEST(Ff1Test, IsABijectionOfSmallDomains) {
  const Ff1Key key = MakeKey(Bytes(32, 7));
  const std::pair<uint32_t, size_t> domains[] = {{2, 2},  {2, 11}, {3, 7},
                                                 {10, 3}, {13, 3}, {50, 2}};
  for (const auto& [radix, size] : domains) {
    std::set<Numerals> results;
    Numerals next(size, 0);
    size_t values = 0;
    for (size_t at = 0; at < size;) {
      results.insert(Decrypted(key, radix, {1, 2, 3}, next));
      ++values;
      for (at = 0; at < size && ++next[at] == radix; ++at) next[at] = 0;
    }
    EXPECT_EQ(results.size(), values) << radix << "^" << size;
  }
}

// A sample of the smallest domain that is encrypted; ff1_soak_test.cc has all of it.
TEST(Ff1Test, EncryptionIsInjectiveOnAMillion) {
  const Ff1Key key = MakeKey(Bytes(32, 7));
  std::set<Numerals> results;
  size_t values = 0;
  for (uint32_t value = 0; value < 1'000'000; value += 331) {
    Numerals numerals;
    for (uint32_t rest = value, i = 0; i < 6; ++i, rest /= 10) {
      numerals.push_back(static_cast<uint16_t>(rest % 10));
    }
    const Numerals encrypted = Encrypted(key, 10, {}, numerals);
    ASSERT_EQ(Decrypted(key, 10, {}, encrypted), numerals);
    results.insert(encrypted);
    ++values;
  }
  EXPECT_EQ(results.size(), values);
}

TEST(Ff1Test, EachBitOfTweakAndKeyCounts) {
  const Numerals plaintext(40, 1);
  for (const size_t tweak_size : {size_t{1}, size_t{16}, size_t{33}}) {
    const Bytes tweak(tweak_size, 5);
    std::set<Numerals> results = {Encrypted(MakeKey(Bytes(32, 1)), 10, tweak, plaintext)};
    for (size_t bit = 0; bit < 8 * tweak_size; ++bit) {
      Bytes other = tweak;
      other[bit / 8] = static_cast<uint8_t>(other[bit / 8] ^ (1 << (bit % 8)));
      results.insert(Encrypted(MakeKey(Bytes(32, 1)), 10, other, plaintext));
    }
    EXPECT_EQ(results.size(), 8 * tweak_size + 1);
  }
  std::set<Numerals> results = {Encrypted(MakeKey(Bytes(32, 1)), 10, {}, plaintext)};
  for (size_t bit = 0; bit < 256; ++bit) {
    Bytes other(32, 1);
    other[bit / 8] = static_cast<uint8_t>(other[bit / 8] ^ (1 << (bit % 8)));
    results.insert(Encrypted(MakeKey(other), 10, {}, plaintext));
  }
  // Zeros at the end of a tweak are not padding.
  for (size_t size = 1; size < 34; ++size) {
    results.insert(Encrypted(MakeKey(Bytes(32, 1)), 10, Bytes(size), plaintext));
  }
  EXPECT_EQ(results.size(), 257u + 33u);
}

RC_GTEST_PROP(Ff1PropertyTest, DecryptInvertsEncrypt, ()) {
  const auto radix = *rc::gen::inRange<uint32_t>(2, kFf1MostRadix + 1);
  const size_t size = *rc::gen::inRange<size_t>(Ff1LeastNumerals(radix), kFf1MostNumerals + 1);
  const auto numerals = *rc::gen::container<Numerals>(
      size, rc::gen::map(rc::gen::inRange<uint32_t>(0, radix),
                         [](uint32_t n) { return static_cast<uint16_t>(n); }));
  const Bytes tweak = *rc::gen::arbitrary<Bytes>();
  const Ff1Key key = MakeKey(*rc::gen::container<Bytes>(32, rc::gen::arbitrary<uint8_t>()));
  const Numerals encrypted = Encrypted(key, radix, tweak, numerals);
  RC_ASSERT(std::all_of(encrypted.begin(), encrypted.end(),
                        [radix](uint32_t numeral) { return numeral < radix; }));
  RC_ASSERT(Decrypted(key, radix, tweak, encrypted) == numerals);
  RC_ASSERT(Encrypted(key, radix, tweak, Decrypted(key, radix, tweak, numerals)) == numerals);
}

TEST(Ff1Test, ThreadsShareKeysWhileOthersAreForgotten) {
  std::vector<Ff1Key> keys;  // more than a thread keeps, of all sizes
  std::vector<Numerals> expected;
  for (uint8_t i = 0; i < 40; ++i) {
    keys.push_back(MakeKey(Bytes(16 + 8 * (i % 3u), i)));
    expected.push_back(Encrypted(keys.back(), 10, {}, Numerals(30, 3)));
    for (uint8_t j = 0; j < i; ++j) ASSERT_NE(expected[i], expected[j]);
  }
  std::vector<std::jthread> threads;
  for (size_t id = 1; id <= 4; ++id) {
    threads.emplace_back([&keys, &expected, id] {
      for (size_t i = 0; i < 400; ++i) {
        const size_t k = i * id % keys.size();
        ASSERT_EQ(Encrypted(keys[k], 10, {}, Numerals(30, 3)), expected[k]);
        ASSERT_EQ(Decrypted(keys[k], 10, {}, expected[k]), Numerals(30, 3));
        if (i % 50 == 0) ForgetDerivedKeys();
      }
    });
  }
}

TEST(Ff1Test, LeavesNoErrorsInOpenSsl) {
  const Ff1Key key = MakeKey(Bytes(32, 1));
  for (const size_t size : {size_t{8}, size_t{60}, size_t{256}}) {
    Encrypted(key, 10, {}, Numerals(size, 1));
    EXPECT_EQ(ERR_peek_error(), 0u);
  }
}

}  // namespace
}  // namespace fieldkms
