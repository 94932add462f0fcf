#include "crypto/fpe_text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "crypto/utf8.h"
#include "crypto/xaes_gcm.h"
#include "tests/support/hex.h"
#include "tests/support/paths.h"
#include "tests/support/status_matchers.h"
#include "tests/support/vectors.h"

namespace fieldkms {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using Bytes = std::vector<uint8_t>;
const std::string kVectors = testing::VectorsDir();
constexpr std::string_view kDigits = "0123456789";

Ff1Key MakeKey(const Bytes& bytes) {
  return Ff1Key::Create(SecretBytes::CopyOf(bytes).value()).value();
}

FpeAlphabet MakeAlphabet(const FpeTemplate& spec) {
  return FpeAlphabet::Create(spec, "field.fpe").value();
}

std::string Encrypted(const FpeAlphabet& alphabet, const Ff1Key& key, std::string_view domain,
                      std::string_view text) {
  std::string out = "earlier";
  EXPECT_OK(alphabet.EncryptText(key, AsBytes(domain), text, &out));
  return out;
}

std::string Decrypted(const FpeAlphabet& alphabet, const Ff1Key& key, std::string_view domain,
                      std::string_view text) {
  std::string out = "earlier";
  EXPECT_OK(alphabet.DecryptText(key, AsBytes(domain), text, &out));
  return out;
}

std::vector<char32_t> PointsOf(std::string_view text) {
  std::vector<char32_t> points;
  for (char32_t point = 0; !text.empty(); points.push_back(point)) {
    if (!TakeCodePoint(&text, &point)) throw std::invalid_argument("not UTF-8");
  }
  return points;
}

std::string TextOf(const std::vector<char32_t>& points) {
  std::string text;
  for (const char32_t point : points) AppendUtf8(point, &text);
  return text;
}

// Whether `b` has the separators and kept characters of `a` where `a` has them, and characters
// of the alphabet elsewhere.
bool SameShape(const FpeTemplate& spec, std::string_view a, std::string_view b) {
  const std::vector<char32_t> alphabet = PointsOf(spec.alphabet);
  const std::set<char32_t> known(alphabet.begin(), alphabet.end());
  const std::vector<char32_t> from = PointsOf(a);
  const std::vector<char32_t> to = PointsOf(b);
  if (from.size() != to.size()) return false;
  std::vector<size_t> places;
  for (size_t i = 0; i < from.size(); ++i) {
    if (known.count(from[i]) > 0) places.push_back(i);
    if (known.count(from[i]) == 0 ? from[i] != to[i] : known.count(to[i]) == 0) return false;
  }
  for (size_t i = 0; i < places.size(); ++i) {
    const bool kept = i < spec.keep_first || i + spec.keep_last >= places.size();
    if (kept && from[places[i]] != to[places[i]]) return false;
  }
  return true;
}

TEST(FpeTextTest, VectorsOfAnotherImplementation) {
  const nlohmann::json file = ReadJson(kVectors + "/fpe_text.json");
  ASSERT_EQ(file.at("vectors").size(), 9u);
  for (const auto& vector : file.at("vectors")) {
    SCOPED_TRACE(vector.at("comment").get<std::string>());
    const FpeTemplate spec = {vector.at("alphabet"), vector.at("keep_first"),
                              vector.at("keep_last")};
    const FpeAlphabet alphabet = MakeAlphabet(spec);
    const Ff1Key key = MakeKey(FromHex(vector.at("key").get<std::string>()));
    const Bytes domain_bytes = FromHex(vector.at("domain").get<std::string>());
    const std::string_view domain = AsText(domain_bytes);
    const std::string plaintext = vector.at("plaintext");
    const std::string ciphertext = vector.at("ciphertext");
    EXPECT_EQ(Encrypted(alphabet, key, domain, plaintext), ciphertext);
    EXPECT_EQ(Decrypted(alphabet, key, domain, ciphertext), plaintext);
    EXPECT_TRUE(SameShape(spec, plaintext, ciphertext));
  }
}

TEST(FpeTextTest, FormatDocumentShowsTheSecond) {
  std::ifstream file = OpenFile(kVectors + "/../../crypto/FORMAT.md");
  std::string document{std::istreambuf_iterator<char>(file), {}};
  const auto vector = ReadJson(kVectors + "/fpe_text.json").at("vectors").at(1);
  for (const char* name : {"plaintext", "ciphertext", "alphabet"}) {
    EXPECT_THAT(document, HasSubstr("`" + vector.at(name).get<std::string>() + "`"));
  }
  std::erase_if(document, [](char c) { return c == ' ' || c == '\n'; });
  for (const char* name : {"key", "domain", "tweak"}) {
    EXPECT_THAT(document, HasSubstr(vector.at(name).get<std::string>()));
  }
}

struct BadTemplate {
  std::string alphabet;
  uint32_t keep_first;
  uint32_t keep_last;
};

TEST(FpeTextTest, RefusesBadTemplates) {
  std::string too_many;
  for (char32_t point = 0x20000; point <= 0x20000 + kFf1MostRadix; ++point) {
    AppendUtf8(point, &too_many);
  }
  const BadTemplate cases[] = {
      {"", 0, 0},
      {"0", 0, 0},
      {"0120", 0, 0},
      {"äöä", 0, 0},
      {"0123 ", 0, 0},
      {"01\t", 0, 0},
      {std::string("01\0", 3), 0, 0},
      {"01\x7f", 0, 0},
      {"01\u0085", 0, 0},
      {"01\u00a0", 0, 0},
      {"01\u2003", 0, 0},
      {"01\u3000", 0, 0},
      {"01\u200b", 0, 0},
      {"01\u202e", 0, 0},
      {"01\ufeff", 0, 0},
      {"01\xff", 0, 0},
      {"01\xc3", 0, 0},
      {too_many, 0, 0},
      {"0123456789", kFpeMostKept + 1, 0},
      {"0123456789", 0, kFpeMostKept + 1},
      {"0123456789", 0, ~uint32_t{0}},
  };
  for (const BadTemplate& one : cases) {
    const auto made =
        FpeAlphabet::Create({one.alphabet, one.keep_first, one.keep_last}, "field.fpe");
    EXPECT_THAT(made, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField))
        << one.alphabet;
    EXPECT_EQ(FieldOf(made.status()), "field.fpe");
  }
}

TEST(FpeTextTest, TheLeastCharactersAreJustEnough) {
  const std::pair<FpeTemplate, size_t> least[] = {
      {{}, 6u}, {{"01", 0, 0}, 20u}, {{std::string(kDigits), 6, 4}, 16u}, {{"0123", 1, 0}, 11u}};
  const Ff1Key key = MakeKey(Bytes(32, 1));
  for (const auto& [spec, count] : least) {
    const FpeAlphabet alphabet = MakeAlphabet(spec);
    EXPECT_EQ(alphabet.radix(), spec.alphabet.size());
    std::string out;
    EXPECT_OK(alphabet.EncryptText(key, {}, std::string(count, '1'), &out));
    EXPECT_THAT(alphabet.EncryptText(key, {}, std::string(count - 1, '1'), &out),
                StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField));
  }
}

TEST(FpeTextTest, TheLargestAlphabet) {
  FpeTemplate spec = {"", 0, 0};
  for (char32_t point = 0x20000; point < 0x20000 + kFf1MostRadix; ++point) {
    AppendUtf8(point, &spec.alphabet);
  }
  const FpeAlphabet alphabet = MakeAlphabet(spec);
  EXPECT_EQ(alphabet.radix(), kFf1MostRadix);
  const Ff1Key key = MakeKey(Bytes(32, 1));
  const std::string text = spec.alphabet.substr(spec.alphabet.size() - 8) + "!";
  const std::string encrypted = Encrypted(alphabet, key, "d", text);
  EXPECT_NE(encrypted, text);
  EXPECT_EQ(encrypted.size(), text.size());
  EXPECT_EQ(Decrypted(alphabet, key, "d", encrypted), text);
}

// A floor for encrypting, and none but two characters for decrypting.
TEST(FpeTextTest, TooFewAndTooManyCharacters) {
  const Ff1Key key = MakeKey(Bytes(32, 1));
  const FpeAlphabet alphabet = MakeAlphabet({std::string(kDigits), 2, 1});
  for (size_t count = 0; count <= 3 + kFf1MostNumerals + 1; ++count) {
    std::string text = "-";
    for (size_t i = 0; i < count; ++i) text += "7/";
    std::string out = "earlier";
    const absl::Status encrypted = alphabet.EncryptText(key, {}, text, &out);
    EXPECT_EQ(encrypted.ok(), count >= 9 && count <= 3 + kFf1MostNumerals) << count;
    EXPECT_EQ(out.empty(), !encrypted.ok());
    const absl::Status decrypted = alphabet.DecryptText(key, {}, text, &out);
    EXPECT_EQ(decrypted.ok(), count >= 5 && count <= 3 + kFf1MostNumerals) << count;
    EXPECT_EQ(out.empty(), !decrypted.ok());
    for (const absl::Status& status : {encrypted, decrypted}) {
      if (status.ok()) continue;
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField));
      EXPECT_EQ(FieldOf(status), "value");
      EXPECT_THAT(std::string(MessageOf(status)), Not(HasSubstr("7")));
    }
  }
}

TEST(FpeTextTest, InvalidUtf8IsRefusedWhereverItIs) {
  const Ff1Key key = MakeKey(Bytes(32, 1));
  const FpeAlphabet alphabet = MakeAlphabet({});
  for (size_t at = 0; at <= 10; ++at) {
    std::string text(kDigits);
    text.insert(at, "\xc3");
    std::string out = "earlier";
    for (const absl::Status& status :
         {alphabet.EncryptText(key, {}, text, &out), alphabet.DecryptText(key, {}, text, &out)}) {
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField));
      EXPECT_EQ(FieldOf(status), "value");
    }
    EXPECT_EQ(out, "");
  }
}

TEST(FpeTextTest, TheDomainHasABound) {
  const Ff1Key key = MakeKey(Bytes(32, 1));
  const FpeAlphabet alphabet = MakeAlphabet({});
  std::string out = "earlier";
  const absl::Status status = alphabet.EncryptText(key, Bytes(kFpeMostDomain + 1), kDigits, &out);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField));
  EXPECT_EQ(FieldOf(status), "domain");
  EXPECT_EQ(out, "");
  EXPECT_OK(alphabet.EncryptText(key, Bytes(kFpeMostDomain), kDigits, &out));
}

// What a string held before is wiped, also where it is not written over.
TEST(FpeTextTest, AFailureWipesTheOutput) {
  const Ff1Key key = MakeKey(Bytes(32, 1));
  const FpeAlphabet alphabet = MakeAlphabet({});
  std::string out(64, 's');
  const char* const bytes = out.data();
  EXPECT_FALSE(alphabet.EncryptText(key, {}, "12345", &out).ok());
  ASSERT_EQ(out.data(), bytes);
  EXPECT_EQ(std::string(bytes, 64), std::string(64, '\0'));
}

TEST(FpeTextTest, AKeyThatFailsLeavesNothing) {
  Ff1Key key = MakeKey(Bytes(32, 1));
  const Ff1Key taken = std::move(key);
  std::string out = "earlier";
  EXPECT_THAT(MakeAlphabet({}).EncryptText(key, {}, kDigits,  // NOLINT(bugprone-use-after-move)
                                           &out),
              StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kInternal));
  EXPECT_EQ(out, "");
}

// Everything that the tweak is made of takes part.
TEST(FpeTextTest, DomainAndKeptCharactersTakePart) {
  const Ff1Key key = MakeKey(Bytes(32, 1));
  const FpeAlphabet alphabet = MakeAlphabet({std::string(kDigits), 2, 2});
  const auto middle = [&](std::string_view domain, std::string_view text) {
    return Encrypted(alphabet, key, domain, text).substr(2, 8);
  };
  const std::set<std::string> results = {
      middle("a", "111111111111"), middle("b", "111111111111"), middle("", "111111111111"),
      middle("a", "211111111111"), middle("a", "121111111111"), middle("a", "111111111121"),
      middle("a", "111111111112"),
      // Bytes that move between domain and kept characters keep their place by the length.
      middle("a1", "111111111111"), middle("a11", "111111111111")};
  EXPECT_EQ(results.size(), 9u);
}

// Separators do not: one number in two spellings is one number.
TEST(FpeTextTest, SeparatorsTakeNoPart) {
  const Ff1Key key = MakeKey(Bytes(32, 1));
  const FpeAlphabet alphabet = MakeAlphabet({std::string(kDigits), 6, 4});
  std::string spaced = Encrypted(alphabet, key, "d", "4111 1111 1111 1111");
  EXPECT_EQ(spaced[4], ' ');
  EXPECT_EQ(spaced[9], ' ');
  EXPECT_EQ(spaced[14], ' ');
  std::erase(spaced, ' ');
  EXPECT_EQ(Encrypted(alphabet, key, "d", "4111111111111111"), spaced);
}

// Alphabets of characters of one to four bytes, and separators of as many.
const std::vector<std::string>& Alphabets() {
  static const std::vector<std::string> alphabets = {
      std::string(kDigits), "01", "abcdefghijklmnopqrstuvwxyz", "αβγδεζηθ", "aäア𝒜9Ж"};
  return alphabets;
}

RC_GTEST_PROP(FpeTextPropertyTest, DecryptInvertsEncryptAndKeepsTheShape, ()) {
  FpeTemplate spec;
  spec.alphabet = *rc::gen::elementOf(Alphabets());
  spec.keep_first = *rc::gen::inRange<uint32_t>(0, 8);
  spec.keep_last = *rc::gen::inRange<uint32_t>(0, 8);
  const FpeAlphabet alphabet = MakeAlphabet(spec);
  const auto in_alphabet = rc::gen::elementOf(PointsOf(spec.alphabet));
  const auto separator = rc::gen::elementOf(PointsOf("- ./+é€😀\u0301"));
  const size_t least = spec.keep_first + spec.keep_last + Ff1LeastNumerals(alphabet.radix());
  const size_t count = *rc::gen::inRange<size_t>(least, least + 40);
  std::vector<char32_t> points;
  for (size_t i = 0; i < count; ++i) {
    for (int more = *rc::gen::inRange(0, 3); more > 0; --more) points.push_back(*separator);
    points.push_back(*in_alphabet);
  }
  const std::string text = TextOf(points);
  const auto domain = *rc::gen::arbitrary<std::string>();
  const Ff1Key key = MakeKey(*rc::gen::container<Bytes>(32, rc::gen::arbitrary<uint8_t>()));
  const std::string encrypted = Encrypted(alphabet, key, domain, text);
  RC_ASSERT(SameShape(spec, text, encrypted));
  RC_ASSERT(Decrypted(alphabet, key, domain, encrypted) == text);
  RC_ASSERT(Encrypted(alphabet, key, domain, Decrypted(alphabet, key, domain, text)) == text);
}

TEST(FpeTextTest, ThreadsShareAnAlphabet) {
  const FpeAlphabet alphabet = MakeAlphabet({std::string(kDigits), 6, 4});
  const Ff1Key key = MakeKey(Bytes(32, 9));
  const std::string text = "4111 1111 1111 1111";
  const std::string encrypted = Encrypted(alphabet, key, "d", text);
  std::vector<std::jthread> threads;
  for (int id = 0; id < 4; ++id) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        ASSERT_EQ(Encrypted(alphabet, key, "d", text), encrypted);
        ASSERT_EQ(Decrypted(alphabet, key, "d", encrypted), text);
        if (i % 50 == 0) ForgetDerivedKeys();
      }
    });
  }
}

}  // namespace
}  // namespace fieldkms
