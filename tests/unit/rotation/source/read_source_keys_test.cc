#include "rotation/source_keys/read_source_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "crypto/status.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/rotation/source/source_fixture.h"

namespace fieldkms::rotation {
namespace {

using ::testing::HasSubstr;

class ReadSourceKeysTest : public ::testing::Test {
 protected:
  ReadSourceKeysTest() {
    Write("secret", "a passphrase\n", 0600);
    Write("key", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 0600);
  }
  std::string Write(const std::string& name, const std::string& text, mode_t mode) {
    testing::WriteFile(dir_.File(name), text);
    EXPECT_EQ(chmod(dir_.File(name).c_str(), mode), 0);
    return dir_.File(name);
  }
  // `entry` is of the key "old"; @ is the directory.
  absl::StatusOr<std::shared_ptr<const SourceKeys>> Read(std::string entry, mode_t mode = 0600) {
    for (size_t at = entry.find('@'); at != std::string::npos; at = entry.find('@')) {
      entry.replace(at, 1, dir_.path());
    }
    return ReadSourceKeys(Write("keys.yaml", "source_keys:\n  old: {" + entry + "}\n", mode));
  }
  std::string Complaint(const std::string& entry) {
    const auto keys = Read(entry);
    EXPECT_FALSE(keys.ok()) << entry;
    return keys.ok() ? "" : std::string(MessageOf(keys.status()));
  }

  testing::TempDir dir_;
};

TEST_F(ReadSourceKeysTest, EveryKindIsRead) {
  const std::pair<const char*, SourceKind> entries[] = {
      {"kind: pgcrypto_pgp, secret_file: @/secret, convert_crlf: true", SourceKind::kPgcryptoPgp},
      {"kind: pgcrypto_raw, secret_file: @/key, secret_form: hex, nonce_prefix: true",
       SourceKind::kPgcryptoRaw},
      {"kind: pgcrypto_raw, secret_file: @/secret, algorithm: aes-ecb", SourceKind::kPgcryptoRaw},
      {"kind: pgcrypto_raw, secret_file: @/secret, nonce: '00'", SourceKind::kPgcryptoRaw},
      {"kind: pgsodium, construction: aead_det, secret_file: @/key, secret_form: hex, key_id: 7, "
       "columns: [nonce, associated_data, associated_data]",
       SourceKind::kPgsodium},
      {"kind: vault_transit, columns: [associated_data, context], "
       "vault: {address: 'https://vault.example.com:8200', key: cards, token_file: @/secret}",
       SourceKind::kVaultTransit},
  };
  for (const auto& [entry, kind] : entries) {
    const auto keys = Read(entry);
    ASSERT_OK(keys);
    EXPECT_OK((*keys)->Find("old", kind));
    EXPECT_EQ(FieldOf((*keys)->Find("new", kind).status()), "source_key");
  }
  const auto keys = Read(entries[0].first);
  ASSERT_OK(keys);
  EXPECT_EQ(FieldOf((*keys)->Find("old", SourceKind::kPgsodium).status()), "source_key");
}

TEST_F(ReadSourceKeysTest, WhatDoesNotGoTogetherIsRefused) {
  EXPECT_THAT(Complaint("secret_file: @/secret"), HasSubstr("kind"));
  EXPECT_THAT(Complaint("kind: rot13"), HasSubstr("kind"));
  EXPECT_THAT(Complaint("kind: pgcrypto_pgp"), HasSubstr("secret_file"));
  EXPECT_THAT(Complaint("kind: pgcrypto_pgp, secret_file: @/secret, passphrase: x"),
              HasSubstr("unknown key"));
  EXPECT_THAT(Complaint("kind: pgcrypto_pgp, secret_file: @/secret, columns: [nonce]"),
              HasSubstr("columns"));
  EXPECT_THAT(Complaint("kind: pgcrypto_raw, secret_file: @/secret, construction: aead_det"),
              HasSubstr("construction"));
  EXPECT_THAT(Complaint("kind: pgcrypto_raw, secret_file: @/key"), HasSubstr("length"));
  EXPECT_THAT(Complaint("kind: pgcrypto_raw, secret_file: @/secret"),
              HasSubstr("initialization vector"));
  EXPECT_THAT(Complaint("kind: pgcrypto_raw, secret_file: @/secret, algorithm: aes-gcm"),
              HasSubstr("algorithm"));
  EXPECT_THAT(Complaint("kind: pgcrypto_raw, secret_file: @/secret, nonce: '00', "
                        "nonce_prefix: true"),
              HasSubstr("only one"));
  EXPECT_THAT(Complaint("kind: pgsodium, construction: secretbox, secret_file: @/secret"),
              HasSubstr("32 bytes"));
  EXPECT_THAT(Complaint("kind: pgsodium, construction: secretbox, secret_file: @/key, "
                        "secret_form: hex"),
              HasSubstr("nonce_prefix"));
  EXPECT_THAT(Complaint("kind: vault_transit, vault: {address: 'https://a', key: k}"),
              HasSubstr("token_file"));
}

TEST_F(ReadSourceKeysTest, FilesThatOthersReachAreRefused) {
  EXPECT_FALSE(Read("kind: pgcrypto_pgp, secret_file: @/secret", 0622).ok());
  Write("secret", "a passphrase", 0640);
  const auto keys = Read("kind: pgcrypto_pgp, secret_file: @/secret");
  ASSERT_FALSE(keys.ok());
  EXPECT_EQ(ReasonOf(keys.status()), Reason::kRootFilePermissions);
  EXPECT_THAT(std::string(keys.status().message()), ::testing::Not(HasSubstr("passphrase")));
}

}  // namespace
}  // namespace fieldkms::rotation
