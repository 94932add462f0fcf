#include "crypto/mac.h"

#include <openssl/err.h>

#include <array>
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
const std::string kVectors = testing::VectorsDir();

MacKey MakeKey(const Bytes& bytes) {
  return MacKey::Create(SecretBytes::CopyOf(bytes).value()).value();
}

std::string Hmac(const MacKey& key, std::initializer_list<ByteView> parts) {
  std::array<uint8_t, kMacSize> mac;
  EXPECT_OK(key.Compute(parts, mac));
  return ToHex(mac);
}

// Each message twice: with its key fresh in the thread, and with its key there already,
// cut in two.
std::string Hmac(const Bytes& key_bytes, const Bytes& data) {
  const MacKey key = MakeKey(key_bytes);
  const std::string mac = Hmac(key, {data});
  const ByteView all(data);
  EXPECT_EQ(Hmac(key, {all.first(data.size() / 2), all.subspan(data.size() / 2)}), mac);
  return mac;
}

struct RfcVector {
  Bytes key, data;
  const char* mac;  // or the beginning of it
};

TEST(MacKeyTest, Rfc4231) {
  const auto text = [](std::string_view s) { return Bytes(s.begin(), s.end()); };
  Bytes counting;
  for (uint8_t i = 1; i <= 25; ++i) counting.push_back(i);
  const RfcVector vectors[] = {
      {Bytes(20, 0x0b), text("Hi There"),
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {text("Jefe"), text("what do ya want for nothing?"),
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {Bytes(20, 0xaa), Bytes(50, 0xdd),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {counting, Bytes(50, 0xcd),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {Bytes(20, 0x0c), text("Test With Truncation"), "a3b6167473100ee06e0c796c2955552b"},
      {Bytes(131, 0xaa), text("Test Using Larger Than Block-Size Key - Hash Key First"),
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {Bytes(131, 0xaa),
       text("This is a test using a larger than block-size key and a larger than block-size "
            "data. The key needs to be hashed before being used by the HMAC algorithm."),
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
  for (const RfcVector& vector : vectors) {
    const std::string expected = vector.mac;
    EXPECT_EQ(Hmac(vector.key, vector.data).substr(0, expected.size()), expected);
  }
}

TEST(MacKeyTest, Wycheproof) {
  size_t valid = 0;
  size_t invalid = 0;
  const nlohmann::json file = ReadJson(kVectors + "/hmac_sha256_test.json");
  for (const auto& group : file.at("testGroups")) {
    for (const auto& test : group.at("tests")) {
      SCOPED_TRACE(test.at("tcId").get<int>());
      const std::string tag = test.at("tag");
      const std::string mac = Hmac(FromHex(test.at("key").get<std::string>()),
                                   FromHex(test.at("msg").get<std::string>()));
      const bool is_valid = test.at("result") == "valid";
      EXPECT_EQ(mac.substr(0, tag.size()) == tag, is_valid);
      ++(is_valid ? valid : invalid);
    }
  }
  EXPECT_EQ(valid, 66u);
  EXPECT_EQ(invalid, 108u);
}

TEST(MacKeyTest, TakesKeysOfItsSizesOnly) {
  for (const size_t size : {size_t{1}, size_t{32}, kMaxMacKeySize}) {
    EXPECT_OK(MacKey::Create(SecretBytes::Allocate(size).value()));
  }
  for (const size_t size : {size_t{0}, kMaxMacKeySize + 1}) {
    EXPECT_THAT(MacKey::Create(SecretBytes::Allocate(size).value()),
                StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInternal));
  }
}

TEST(MacKeyTest, AMovedFromKeyIsRefused) {
  MacKey key = MakeKey(Bytes(32, 1));
  const MacKey taken = std::move(key);
  std::array<uint8_t, kMacSize> mac;
  EXPECT_THAT(key.Compute({}, mac),  // NOLINT(bugprone-use-after-move)
              StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kInternal));
  EXPECT_EQ(ToHex(mac), std::string(64, '0'));
  EXPECT_OK(taken.Compute({}, mac));
}

// Also one that is in the thread's contexts.
TEST(MacKeyTest, AKeyWipedByAForkIsRefused) {
  const MacKey key = MakeKey(Bytes(32, 1));
  Hmac(key, {});
  EXPECT_EQ(OutputOfChild([&key] {
              std::array<uint8_t, kMacSize> mac;
              return std::string(ReasonName(ReasonOf(key.Compute({}, mac))));
            }),
            "CRYPTO_FAILURE");
  Hmac(key, {});
}

TEST(MacKeyTest, ThreadsShareKeysWhileOthersAreForgotten) {
  std::vector<MacKey> keys;  // more than a thread keeps
  std::vector<std::string> expected;
  for (uint8_t i = 0; i < 40; ++i) {
    keys.push_back(MakeKey(Bytes(32, i)));
    expected.push_back(Hmac(keys.back(), {AsBytes("data")}));
    for (uint8_t j = 0; j < i; ++j) ASSERT_NE(expected[i], expected[j]);
  }
  std::vector<std::jthread> threads;
  for (size_t id = 1; id <= 4; ++id) {
    threads.emplace_back([&keys, &expected, id] {
      for (size_t i = 0; i < 400; ++i) {
        const size_t k = i * id % keys.size();
        ASSERT_EQ(Hmac(keys[k], {AsBytes("data")}), expected[k]);
        ASSERT_EQ(Hmac(keys[k], {AsBytes("da"), AsBytes("ta")}), expected[k]);
        if (i % 50 == 0) ForgetDerivedKeys();
      }
    });
  }
}

class MacValueTest : public ::testing::Test {
 protected:
  std::string Compute(const MacHeader& header, const MacPlace& place, std::string_view data) {
    std::string value = "earlier";
    EXPECT_OK(ComputeMac(key_, header, place, AsBytes(data), &value));
    EXPECT_EQ(value.size(), kMacValueSize);
    return value;
  }
  bool Verifies(const MacKey& key, std::string_view value, const MacPlace& place,
                std::string_view data) {
    const absl::StatusOr<MacView> view = ParseMac(AsBytes(value));
    const absl::Status status =
        view.ok() ? VerifyMac(key, *view, place, AsBytes(data)) : view.status();
    EXPECT_EQ(ERR_peek_error(), 0u);
    EXPECT_TRUE(status.ok() || status == MacMismatch()) << status;
    return status.ok();
  }
  bool Verifies(std::string_view value, const MacPlace& place, std::string_view data) {
    return Verifies(key_, value, place, data);
  }

  const std::string empty_ = std::string(2, '\0');
  const MacPlace place_ = {"acme", empty_};
  const MacHeader header_ = {0x0102030405060708, 9};
  const MacKey key_ = MakeKey(Bytes(32, 0x42));
};

TEST_F(MacValueTest, VectorsOfAnotherImplementation) {
  const nlohmann::json file = ReadJson(kVectors + "/mac.json");
  ASSERT_EQ(file.at("vectors").size(), 3u);
  for (const auto& vector : file.at("vectors")) {
    SCOPED_TRACE(vector.at("comment").get<std::string>());
    const auto bytes = [&](const char* name) {
      return FromHex(vector.at(name).get<std::string>());
    };
    const std::string tenant = vector.at("tenant");
    const Bytes context = bytes("canonical_context");
    const MacPlace place = {tenant, AsText(context)};
    const MacKey key = MakeKey(bytes("key"));
    const Bytes given = bytes("value");
    const MacView view = ParseMac(given).value();
    std::string value;
    ASSERT_OK(ComputeMac(key, view.header, place, bytes("data"), &value));
    EXPECT_EQ(ToHex(AsBytes(value)), vector.at("value"));
    EXPECT_EQ(view.header.key_id, std::stoull(vector.at("key_id").get<std::string>(), nullptr, 16));
    EXPECT_EQ(view.header.version, vector.at("version"));
    EXPECT_OK(VerifyMac(key, view, place, bytes("data")));
  }
}

TEST_F(MacValueTest, VerifiesInItsPlaceOnly) {
  const std::string value = Compute(header_, place_, "data");
  EXPECT_TRUE(Verifies(value, place_, "data"));
  EXPECT_FALSE(Verifies(value, place_, "datb"));
  EXPECT_FALSE(Verifies(value, place_, ""));
  EXPECT_FALSE(Verifies(value, {"acmf", empty_}, "data"));
  EXPECT_FALSE(Verifies(value, {"acme", std::string("\0\1\0\1a\0\0\0\0", 9)}, "data"));
  EXPECT_FALSE(Verifies(MakeKey(Bytes(32, 0x43)), value, place_, "data"));
  // Bytes that move between tenant, context and data keep their place by the lengths.
  EXPECT_FALSE(Verifies(value, {"acm", empty_}, "data"));
}

TEST_F(MacValueTest, NoValueVerifiesWithABitFlippedCutOrExtended) {
  const std::string value = Compute(header_, place_, "data");
  for (size_t bit = 0; bit < value.size() * 8; ++bit) {
    std::string flipped = value;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(Verifies(flipped, place_, "data")) << "bit " << bit;
  }
  for (size_t size = 0; size < value.size(); ++size) {
    EXPECT_FALSE(Verifies(value.substr(0, size), place_, "data"));
  }
  EXPECT_FALSE(Verifies(value + '\0', place_, "data"));
}

TEST_F(MacValueTest, ParseReadsTheHeader) {
  const std::string value = Compute(header_, place_, "data");
  EXPECT_EQ(ToHex(AsBytes(value).first(13)), "21010203040506070800000009");
  const MacView view = ParseMac(AsBytes(value)).value();
  EXPECT_EQ(view.header, header_);
  EXPECT_EQ(AsText(view.header_bytes), value.substr(0, 13));
  EXPECT_EQ(AsText(view.mac), value.substr(13));
}

TEST_F(MacValueTest, ParseRefusesWhatHasNoEncoding) {
  const std::string good = Compute(header_, place_, "data");
  EXPECT_EQ(ParseMac(AsBytes(std::string(good).replace(1, 8, 8, '\0'))).status(), MacMismatch());
  EXPECT_EQ(ParseMac(AsBytes(std::string(good).replace(9, 4, 4, '\0'))).status(), MacMismatch());
  for (int first = 0; first < 256; ++first) {
    std::string other = good;
    other[0] = static_cast<char>(first);
    EXPECT_EQ(ParseMac(AsBytes(other)).ok(), first == 0x21);
  }
  EXPECT_THAT(MacMismatch(), StatusIs(absl::StatusCode::kInvalidArgument, Reason::kMacMismatch));
}

TEST_F(MacValueTest, ComputeRefusesWhatHasNoEncoding) {
  const auto misuse = StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kInternal);
  std::string out = "earlier";
  EXPECT_THAT(ComputeMac(key_, {0, 1}, place_, {}, &out), misuse);
  EXPECT_THAT(ComputeMac(key_, {1, 0}, place_, {}, &out), misuse);
  EXPECT_THAT(ComputeMac(key_, header_, {"", empty_}, {}, &out), misuse);
  EXPECT_THAT(ComputeMac(key_, header_, {"acme", ""}, {}, &out), misuse);
  const std::string too_long(0x10000, 't');
  EXPECT_THAT(ComputeMac(key_, header_, {too_long, empty_}, {}, &out), misuse);
  EXPECT_EQ(out, "");
}

}  // namespace
}  // namespace fieldkms
