#include "rotation/source/pgcrypto_pgp.h"

#include <gtest/gtest.h>

#include <string>

#include "rotation/source/inflate.h"
#include "rotation/source/pgp_message.h"
#include "tests/unit/rotation/source/source_fixture.h"

namespace fieldkms::rotation {
namespace {

PgcryptoPgpOpener OpenerOf(const std::string& passphrase, bool convert_crlf = false) {
  return PgcryptoPgpOpener({.passphrase = Secret(passphrase), .convert_crlf = convert_crlf});
}

bool HasOption(const nlohmann::json& vector, const std::string& option) {
  return vector["options"].get<std::string>().find(option) != std::string::npos;
}

TEST(PgcryptoPgpTest, OpensWhatPgcryptoWrites) {
  for (const auto& vector : PgcryptoVectors()["pgp"]) {
    const auto opener = OpenerOf(vector["passphrase"], HasOption(vector, "convert-crlf"));
    const std::string sealed = Unhex(vector["sealed"]);
    EXPECT_EQ(OpenedBy(opener, {.value = sealed}), vector["text"]) << vector["options"];
  }
}

TEST(PgcryptoPgpTest, OpensTextAroundIt) {
  for (const auto& vector : PgcryptoVectors()["armored"]) {
    const std::string armored = vector["sealed"];
    EXPECT_EQ(OpenedBy(OpenerOf("p"), {.value = armored, .is_text = true}), vector["text"]);
    EXPECT_EQ(OpenedBy(OpenerOf("p"), {.value = armored}), vector["text"]);  // in a column of bytes
  }
  const auto& bytes = PgcryptoVectors()["bytes"];
  const std::string hex = "\\x" + bytes["sealed"].get<std::string>();
  EXPECT_EQ(OpenedBy(OpenerOf("p"), {.value = hex, .is_text = true}), Unhex(bytes["bytes"]));
}

TEST(PgcryptoPgpTest, NothingOpensUnderAnotherPassphrase) {
  for (const auto& vector : PgcryptoVectors()["pgp"]) {
    const std::string sealed = Unhex(vector["sealed"]);
    const std::string opened = OpenedBy(OpenerOf("wrong"), {.value = sealed});
    // With a session key of its own the cipher's number may be one that is not known.
    EXPECT_EQ(opened, Bad(kSourceNotOpened)) << vector["options"];
  }
}

// Whatever byte is changed: with a code nothing opens, and without one nothing crashes.
TEST(PgcryptoPgpTest, DamageIsSeenWhereThereIsACode) {
  size_t tried = 0;
  for (const auto& vector : PgcryptoVectors()["pgp"]) {
    const std::string sealed = Unhex(vector["sealed"]);
    if (sealed.size() > 200) continue;
    const auto opener = OpenerOf(vector["passphrase"]);
    const bool proven = !HasOption(vector, "disable-mdc");
    for (size_t i = 0; i < sealed.size(); i += 7) {
      std::string damaged = sealed;
      damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
      const std::string opened = OpenedBy(opener, {.value = damaged});
      if (proven) {
        EXPECT_TRUE(opened.starts_with('!')) << vector["options"] << " " << i;
      }
      ++tried;
    }
    EXPECT_TRUE(OpenedBy(opener, {.value = sealed.substr(0, sealed.size() - 1)}).starts_with('!'));
    EXPECT_TRUE(OpenedBy(opener, {.value = sealed + "x"}).starts_with('!'));
  }
  EXPECT_GT(tried, 500u);
}

TEST(PgcryptoPgpTest, OtherThingsAreMalformed) {
  const auto opener = OpenerOf("p");
  for (const std::string value : {"", "x", "4111111111111111", "\x80", "\xc3\x02\x04\x09"}) {
    EXPECT_EQ(OpenedBy(opener, {.value = value}), Bad(kSourceMalformed)) << value.size();
  }
  EXPECT_EQ(OpenedBy(opener, {.value = "not Base64!", .is_text = true}), Bad(kSourceMalformed));
}

// 64 MiB of zeros are some 64 KiB when they are compressed.
TEST(PgcryptoPgpTest, DecompressingHasALimit) {
  const std::string block(16'384, '\0');
  // A stored block says how long it is, so a stream of them is written by hand.
  std::string stream;
  for (size_t i = 0; i < 1'100; ++i) {
    stream += '\0';
    stream += std::string("\x00\x40\xff\xbf", 4);
    stream += block;
  }
  WipedBuffer inflated;
  EXPECT_EQ(InflateSource(Deflated::kRaw, AsBytes(stream), &inflated), kSourceTooLong);
}

TEST(PgcryptoPgpTest, BytesThatSayThatTheyAreTextMustBe) {
  // pgp_sym_encrypt in a database of another encoding: LATIN1's "é" is no UTF-8.
  PgpPlaintext plaintext;
  const auto& bytes = PgcryptoVectors()["bytes"];
  const std::string sealed = Unhex(bytes["sealed"]);
  EXPECT_EQ(OpenPgpMessage(AsBytes(sealed), AsBytes("p"), &plaintext), "");
  EXPECT_FALSE(plaintext.is_text);
  const std::string armored = Unhex(PgcryptoVectors()["pgp"][0]["sealed"]);
  const std::string passphrase = PgcryptoVectors()["pgp"][0]["passphrase"];
  EXPECT_EQ(OpenPgpMessage(AsBytes(armored), AsBytes(passphrase), &plaintext), "");
  EXPECT_TRUE(plaintext.is_text);
}

}  // namespace
}  // namespace fieldkms::rotation
