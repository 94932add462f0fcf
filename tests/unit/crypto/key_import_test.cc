// Keys from outside, with the openssl program as the other side.
#include "crypto/key_import.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "crypto/kwp.h"
#include "tests/support/hex.h"
#include "tests/support/status_matchers.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace fieldkms {
namespace {

using testing::ExitStatus;
using testing::Subprocess;
using testing::TempDir;

class KeyImportTest : public ::testing::Test {
 protected:
  // One pair for all: it takes seconds.
  static const ImportKeyPair& Pair() {
    static const auto* const pair = new ImportKeyPair(GenerateImportKeyPair().value());
    return *pair;
  }
  static SecretBytes Secret(size_t size = kImportedKeySize) {
    SecretBytes secret = SecretBytes::Allocate(size).value();
    for (size_t i = 0; i < size; ++i) secret.ExposeMutable()[i] = static_cast<uint8_t>(i);
    return secret;
  }
  static absl::StatusOr<SecretBytes> Unwrap(std::string_view wrapped) {
    absl::StatusOr<SecretBytes> key = UnwrapImported(Pair().private_der, AsBytes(wrapped));
    EXPECT_EQ(ERR_peek_error(), 0u);
    return key;
  }

  // Runs openssl in the directory of this test.
  void OpenSsl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "openssl");
    Subprocess openssl(
        {.argv = arguments, .stderr_path = dir_.File("err"), .working_dir = dir_.path()});
    EXPECT_EQ(openssl.Wait(), ExitStatus({.code = 0})) << arguments[1] << Read("err");
  }
  void Write(const std::string& name, std::string_view bytes) {
    std::ofstream(dir_.File(name), std::ios::binary) << bytes;
  }
  std::string Read(const std::string& name) {
    std::stringstream bytes;
    bytes << std::ifstream(dir_.File(name), std::ios::binary).rdbuf();
    return bytes.str();
  }
  // RSA-OAEP of `aes_key` under our public key, by openssl.
  std::string EncryptedByOpenSsl(std::string_view aes_key) {
    Write("public.pem", Pair().public_pem);
    Write("aes", aes_key);
    std::vector<std::string> encrypt = {"pkeyutl", "-encrypt", "-pubin", "-inkey", "public.pem",
                                        "-in",     "aes",      "-out",   "part1"};
    encrypt.insert(encrypt.end(), kOaep.begin(), kOaep.end());
    OpenSsl(encrypt);
    return Read("part1");
  }
  // A key wrapped by openssl: `aes_key` under our public key, and `secret` under that.
  std::string WrappedByOpenSsl(std::string_view secret, std::string_view aes_key) {
    const std::string encrypted = EncryptedByOpenSsl(aes_key);
    Write("secret", secret);
    OpenSsl({"enc", "-e", "-id-aes256-wrap-pad", "-K", ToHex(AsBytes(aes_key)), "-iv", "A65959A6",
             "-in", "secret", "-out", "part2"});
    return encrypted + Read("part2");
  }

  const std::vector<std::string> kOaep = {"-pkeyopt", "rsa_padding_mode:oaep",
                                          "-pkeyopt", "rsa_oaep_md:sha256",
                                          "-pkeyopt", "rsa_mgf1_md:sha256"};
  const std::string kAesKey = std::string(32, '\x5a');
  TempDir dir_;
};

TEST_F(KeyImportTest, RoundTrips) {
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, WrapForImport(Pair().public_pem, Secret()));
  EXPECT_EQ(wrapped.size(), kWrappedImportSize);
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, Unwrap(wrapped));
  EXPECT_EQ(ToHex(key.Expose()), ToHex(Secret().Expose()));
  ASSERT_OK_AND_ASSIGN(const std::string again, WrapForImport(Pair().public_pem, Secret()));
  EXPECT_NE(again.substr(0, 512), wrapped.substr(0, 512)) << "a fresh AES key each time";
  EXPECT_NE(again.substr(512), wrapped.substr(512));
}

TEST_F(KeyImportTest, OpensWhatOpenSslWraps) {
  const std::string secret(AsText(Secret().Expose()));
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, Unwrap(WrappedByOpenSsl(secret, kAesKey)));
  EXPECT_EQ(AsText(key.Expose()), secret);
}

TEST_F(KeyImportTest, OpenSslOpensWhatIsWrapped) {
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, WrapForImport(Pair().public_pem, Secret()));
  Write("private.der", AsText(Pair().private_der.Expose()));
  Write("part1", wrapped.substr(0, 512));
  Write("part2", wrapped.substr(512));
  std::vector<std::string> decrypt = {"pkeyutl",     "-decrypt", "-keyform", "DER",  "-inkey",
                                      "private.der", "-in",      "part1",    "-out", "aes"};
  decrypt.insert(decrypt.end(), kOaep.begin(), kOaep.end());
  OpenSsl(decrypt);
  const std::string aes_key = Read("aes");
  ASSERT_EQ(aes_key.size(), 32u);
  OpenSsl({"enc", "-d", "-id-aes256-wrap-pad", "-K", ToHex(AsBytes(aes_key)), "-iv", "A65959A6",
           "-in", "part2", "-out", "secret"});
  EXPECT_EQ(ToHex(AsBytes(Read("secret"))), ToHex(Secret().Expose()));
}

TEST_F(KeyImportTest, ARecipientHasTheNameThatOpenSslGivesIt) {
  ASSERT_OK_AND_ASSIGN(const std::string digest, PublicKeyDigest(Pair().public_pem));
  Write("public.pem", Pair().public_pem);
  OpenSsl({"pkey", "-pubin", "-in", "public.pem", "-outform", "DER", "-out", "public.der"});
  OpenSsl({"dgst", "-sha256", "-binary", "-out", "digest", "public.der"});
  EXPECT_EQ(digest, ToHex(AsBytes(Read("digest"))));
  EXPECT_EQ(FieldOf(PublicKeyDigest("no key").status()), "public_key");
  // Of the key and not of its text.
  std::string with_carriage_returns = "made at a ceremony\r\n";
  for (const char c : Pair().public_pem) {
    if (c == '\n') with_carriage_returns += '\r';
    with_carriage_returns += c;
  }
  ASSERT_OK_AND_ASSIGN(const auto same, PublicKeyFingerprint(with_carriage_returns + "\n \t\r\n"));
  EXPECT_EQ(ToHex(same), digest);
}

// Each part altered, the parts of two messages mixed, RSA-OAEP of something else, and
// what is no RSA ciphertext at all: one status for all.
TEST_F(KeyImportTest, WhateverDoesNotUnwrapLooksAlike) {
  const std::string good = WrapForImport(Pair().public_pem, Secret()).value();
  const std::string other = WrapForImport(Pair().public_pem, Secret()).value();
  std::vector<std::string> bad = {
      good.substr(0, 512) + other.substr(512),
      std::string(512, '\xff') + good.substr(512),  // above the modulus
      std::string(512, '\0') + good.substr(512),
      std::string(kWrappedImportSize, '\x01'),
  };
  for (size_t at = 0; at < good.size(); at += 23) {  // both parts
    bad.push_back(good);
    bad.back()[at] = static_cast<char>(bad.back()[at] ^ 0x10);
  }
  const std::string secret(AsText(Secret().Expose()));
  for (const size_t size : {16u, 31u, 33u}) {  // of an AES key's bytes, too few or too many
    bad.push_back(EncryptedByOpenSsl(std::string(size, kAesKey[0])) +
                  WrappedByOpenSsl(secret, kAesKey).substr(512));
  }
  for (size_t i = 0; i < bad.size(); ++i) {
    EXPECT_EQ(Unwrap(bad[i]).status(), KeyUnwrapFailed()) << i;
  }
  EXPECT_OK(Unwrap(good));
}

// RSA-OAEP with SHA-1, which many tools have as their default.
TEST_F(KeyImportTest, RefusesOtherHashes) {
  const SecretBytes secret = Secret();
  const std::string good = WrappedByOpenSsl(AsText(secret.Expose()), kAesKey);
  OpenSsl({"pkeyutl", "-encrypt", "-pubin", "-inkey", "public.pem", "-in", "aes", "-out", "sha1",
           "-pkeyopt", "rsa_padding_mode:oaep"});
  EXPECT_EQ(Unwrap(Read("sha1") + good.substr(512)).status(), KeyUnwrapFailed());
}

TEST_F(KeyImportTest, TakesKeysOfItsSizeOnly) {
  const auto refused = StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField);
  for (const size_t size : {1u, 16u, 24u, 25u, 31u, 33u, 64u}) {
    const std::string wrapped = WrappedByOpenSsl(std::string(size, 's'), kAesKey);
    const absl::StatusOr<SecretBytes> key = Unwrap(wrapped);
    EXPECT_THAT(key, refused) << size;
    EXPECT_EQ(FieldOf(key.status()), "wrapped_key");
    EXPECT_THAT(WrapForImport(Pair().public_pem, Secret(size)), refused);
  }
  const std::string good = WrapForImport(Pair().public_pem, Secret()).value();
  EXPECT_THAT(Unwrap(""), refused);
  EXPECT_THAT(Unwrap(good.substr(0, good.size() - 1)), refused);
  EXPECT_THAT(Unwrap(good + '\0'), refused);
}

TEST_F(KeyImportTest, ThePublicKeyMustBeOfItsKind) {
  const std::string& good = Pair().public_pem;
  EXPECT_TRUE(good.starts_with("-----BEGIN PUBLIC KEY-----\n")) << good;
  OpenSsl({"genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out",
           "small"});
  OpenSsl({"pkey", "-in", "small", "-pubout", "-out", "small.pem"});
  OpenSsl({"genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out",
           "ec"});
  OpenSsl({"pkey", "-in", "ec", "-pubout", "-out", "ec.pem"});
  for (const std::string& bad :
       {std::string(), std::string("garbage"), good.substr(0, 300), Read("small.pem"),
        Read("ec.pem"), Read("small"), good + good, good + "x"}) {
    const absl::StatusOr<std::string> wrapped = WrapForImport(bad, Secret());
    EXPECT_THAT(wrapped, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField));
    EXPECT_EQ(FieldOf(wrapped.status()), "public_key");
    EXPECT_EQ(ERR_peek_error(), 0u);
  }
}

TEST_F(KeyImportTest, APrivateKeyOfAnotherKindIsOurFault) {
  const std::string good = WrapForImport(Pair().public_pem, Secret()).value();
  const ByteView der = Pair().private_der.Expose();
  std::string longer(AsText(der));
  longer += '\0';
  for (const ByteView bad :
       {ByteView(), der.first(der.size() - 1), der.first(100), AsBytes(longer)}) {
    EXPECT_THAT(UnwrapImported(SecretBytes::CopyOf(bad).value(), AsBytes(good)),
                StatusIs(absl::StatusCode::kInternal, Reason::kCryptoFailure));
    EXPECT_EQ(ERR_peek_error(), 0u);
  }
}

TEST_F(KeyImportTest, EachPairIsItsOwn) {
  const ImportKeyPair other = GenerateImportKeyPair().value();
  EXPECT_NE(other.public_pem, Pair().public_pem);
  EXPECT_EQ(Unwrap(WrapForImport(other.public_pem, Secret()).value()).status(), KeyUnwrapFailed());
}

}  // namespace
}  // namespace fieldkms
