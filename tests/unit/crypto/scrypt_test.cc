#include "crypto/scrypt.h"

#include <openssl/err.h>

#include <string>
#include <string_view>

#include "tests/support/hex.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

constexpr uint64_t kMegabyte = 1 << 20;

std::string Hash(std::string_view password, std::string_view salt, const ScryptParameters& s,
                 size_t size = 64) {
  const absl::StatusOr<SecretBytes> out = Scrypt(AsBytes(password), AsBytes(salt), s, size);
  EXPECT_OK(out);
  return out.ok() ? ToHex(out->Expose()) : "";
}

// Section 12; its fourth, of a gigabyte, is in scrypt_soak_test.cc.
TEST(ScryptTest, Rfc7914) {
  EXPECT_EQ(Hash("", "", {16, 1, 1, kMegabyte}),
            "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
            "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906");
  EXPECT_EQ(Hash("password", "NaCl", {1024, 8, 16, 2 * kMegabyte}),
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
            "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640");
  EXPECT_EQ(Hash("pleaseletmein", "SodiumChloride", {16384, 8, 1, 17 * kMegabyte}),
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
            "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887");
}

TEST(ScryptTest, EveryInputCounts) {
  const ScryptParameters s = {16, 2, 2, kMegabyte};
  const std::string key = Hash("password", "salt", s, 32);
  EXPECT_EQ(Hash("password", "salt", s, 32), key);
  EXPECT_EQ(Hash("password", "salt", s, 16), key.substr(0, 32));
  EXPECT_NE(Hash("passwort", "salt", s, 32), key);
  EXPECT_NE(Hash("password", "sald", s, 32), key);
  EXPECT_NE(Hash(std::string_view("password\0x", 10), "salt", s, 32), key);
  EXPECT_NE(Hash("password", "salt", {32, 2, 2, kMegabyte}, 32), key);
  EXPECT_NE(Hash("password", "salt", {16, 3, 2, kMegabyte}, 32), key);
  EXPECT_NE(Hash("password", "salt", {16, 2, 3, kMegabyte}, 32), key);
  EXPECT_EQ(Hash("password", "salt", s, 4096).substr(0, 64), key);
}

// The field at fault, or "" where all is well.
std::string Fault(const ScryptParameters& s, size_t size = 32) {
  const absl::StatusOr<SecretBytes> out = Scrypt({}, {}, s, size);
  EXPECT_EQ(ERR_peek_error(), 0u);
  if (out.ok()) return "";
  EXPECT_THAT(out, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField));
  return FieldOf(out.status());
}

TEST(ScryptTest, RefusesParametersOutOfBounds) {
  constexpr uint64_t kAll = UINT64_MAX;
  for (const uint64_t n : {uint64_t{0}, uint64_t{1}, uint64_t{3}, uint64_t{17}, UINT64_MAX}) {
    EXPECT_EQ(Fault({n, 1, 1, kAll}), "n") << n;
  }
  EXPECT_EQ(Fault({1 << 16, 1, 1, kAll}), "n") << "not below 2^(16 r)";
  EXPECT_EQ(Fault({1 << 15, 1, 1, kAll}), "");
  EXPECT_EQ(Fault({16, 0, 1, kAll}), "r");
  EXPECT_EQ(Fault({16, 1 << 30, 1, kAll}), "r");
  EXPECT_EQ(Fault({16, UINT32_MAX, 1, kAll}), "r");
  EXPECT_EQ(Fault({16, 1, 0, kAll}), "p");
  EXPECT_EQ(Fault({16, 1 << 15, 1 << 15, kAll}), "p");
  EXPECT_EQ(Fault({16, 2, UINT32_MAX, kAll}), "p");
  EXPECT_EQ(Fault({16, 1, 1, kAll}, 0), "size");
  EXPECT_EQ(Fault({16, 1, 1, kAll}, 4097), "size");
  EXPECT_EQ(Fault({16, 1, 1, kAll}, 4096), "");
}

TEST(ScryptTest, KeepsToItsMemory) {
  EXPECT_EQ(Fault({1024, 8, 1, 128 * 8 * (1024 + 1 + 2)}), "");
  EXPECT_EQ(Fault({1024, 8, 1, 128 * 8 * (1024 + 1 + 2) - 1}), "n");
  EXPECT_EQ(Fault({16, 1, 1, 0}), "n");
  EXPECT_EQ(Fault({uint64_t{1} << 63, 8, 1, uint64_t{1} << 40}), "n");
}

}  // namespace
}  // namespace fieldkms
