// Local root keys under a passphrase.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "kms/root/local_root.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms {
namespace {

using absl::StatusCode;
using testing::ReadFile;
using testing::TempDir;
using testing::WriteFile;

// Of another implementation, for the price of N = 2^14: 32 zero bytes under "correct horse".
constexpr char kSealedZeros[] =
    "fieldkms-root-2 scrypt n=16384 r=8 p=1 AAECAwQFBgcICQoLDA0ODw "
    "ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7d2hpC5s5jf8t_XY034e9gVUW8aMeCD4aD9XNxOxBFTS8F28_rkVD-"
    "g21_D2CHeo3IWc3mrr7D49FiQAyOfSbLai52qne8bf7np4hAA\n";

class LocalPassphraseTest : public ::testing::Test {
 protected:
  LocalPassphraseTest() { WriteFile(passphrase_.file, "correct horse\n"); }

  absl::Status OpenWith(const std::string& content) {
    WriteFile(options_.path, content);
    return OpenLocalRoot(options_).status();
  }

  TempDir directory_;
  const SecretSource passphrase_ = {.file = directory_.File("passphrase")};
  LocalRootOptions options_ = {.path = directory_.File("root.key"), .passphrase = passphrase_};
};

auto NoKeyFile() { return StatusIs(StatusCode::kInvalidArgument, Reason::kConfigInvalid); }
auto Denied() { return StatusIs(StatusCode::kFailedPrecondition, Reason::kRootDenied); }

TEST_F(LocalPassphraseTest, FileStatesItsPriceAndHidesItsKey) {
  ASSERT_OK(CreateLocalRoot(options_));
  const std::string content = ReadFile(options_.path);
  EXPECT_TRUE(content.starts_with("fieldkms-root-2 scrypt n=131072 r=8 p=1 "));
  EXPECT_EQ(content.find('\n'), content.size() - 1);
  EXPECT_EQ(CreateLocalRoot(options_).code(), StatusCode::kAlreadyExists);
  EXPECT_OK(OpenLocalRoot(options_));
}

TEST_F(LocalPassphraseTest, ReadsTheDocumentedForm) {
  ASSERT_OK(OpenWith(kSealedZeros));
  ASSERT_OK_AND_ASSIGN(const auto sealed, OpenLocalRoot(options_));
  const std::string plain = directory_.File("plain.key");
  WriteFile(plain, "fieldkms-root-1 " + std::string(43, 'A') + "\n");
  ASSERT_OK_AND_ASSIGN(const auto zeros, OpenLocalRoot(plain));
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::Random(32));
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, zeros->Wrap(key, "c", kNoDeadline));
  EXPECT_OK(sealed->Unwrap(wrapped, "c", kNoDeadline));
}

TEST_F(LocalPassphraseTest, WrongPassphraseIsToldFromADamagedForm) {
  ASSERT_OK(OpenWith(kSealedZeros));
  WriteFile(passphrase_.file, "correct Horse");
  EXPECT_THAT(OpenLocalRoot(options_), Denied());
  EXPECT_THAT(OpenWith("fieldkms-root-2 \n"), NoKeyFile());
}

TEST_F(LocalPassphraseTest, AlteredFileIsRefused) {
  const std::string good = kSealedZeros;
  // Salt, and the sealed part: nobody can tell that from a wrong passphrase.
  for (const size_t at : {39u, 50u, 63u, 100u, 150u, 180u}) {
    std::string content = good;
    content[at] = content[at] == 'A' ? 'B' : 'A';
    EXPECT_THAT(OpenWith(content), Denied()) << at;
  }
  for (const char* price :
       {"n=8192 r=8 p=1", "n=2097152 r=8 p=1", "n=16385 r=8 p=1", "n=16384 r=17 p=1",
        "n=16384 r=8 p=17", "n=16384 r=0 p=1", "n=16384 r=8 p=0", "n=1048576 r=16 p=1",
        "n=016384 r=8 p=1", "n=16384  r=8 p=1", "n=-16384 r=8 p=1", "n=16384 r=8", "N=1 r=8 p=1",
        "n=99999999999999999999999 r=8 p=1"}) {
    std::string content = good;
    content.replace(content.find("n="), 14, price);
    EXPECT_THAT(OpenWith(content), NoKeyFile()) << price;
  }
  // Within the bounds, yet authenticated.
  std::string content = good;
  content.replace(content.find("p=1"), 3, "p=2");
  EXPECT_THAT(OpenWith(content), Denied());
  for (const size_t size : {0u, 15u, 16u, 22u, 30u, 39u, 60u, 62u, 70u, 115u}) {
    EXPECT_THAT(OpenWith(good.substr(0, size)), NoKeyFile()) << size;
    EXPECT_THAT(OpenWith(good.substr(0, size) + "\n"), NoKeyFile()) << size;
  }
  EXPECT_THAT(OpenWith(good + "\n"), NoKeyFile());
  EXPECT_THAT(OpenWith(good.substr(0, good.size() - 1)), NoKeyFile());
}

TEST_F(LocalPassphraseTest, FileAndConfigurationMustAgree) {
  ASSERT_OK(CreateLocalRoot(directory_.File("plain.key")));
  EXPECT_THAT(OpenLocalRoot({directory_.File("plain.key"), passphrase_}), NoKeyFile());
  WriteFile(options_.path, kSealedZeros);
  EXPECT_THAT(OpenLocalRoot(options_.path), NoKeyFile());
}

TEST_F(LocalPassphraseTest, RekeyedUnderThePassphrase) {
  WriteFile(options_.path, kSealedZeros);
  ASSERT_OK_AND_ASSIGN(const auto before, OpenLocalRoot(options_));
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::Random(32));
  ASSERT_OK_AND_ASSIGN(const std::string old, before->Wrap(key, "c", kNoDeadline));
  ASSERT_OK(RekeyLocalRoot(options_));
  ASSERT_OK_AND_ASSIGN(const auto after, OpenLocalRoot(options_));
  EXPECT_OK(after->Unwrap(old, "c", kNoDeadline));
  ASSERT_OK(DropOldLocalKeys(options_));
  ASSERT_OK_AND_ASSIGN(const auto last, OpenLocalRoot(options_));
  EXPECT_THAT(last->Unwrap(old, "c", kNoDeadline), StatusIs(Reason::kRootWrongKey));
  EXPECT_TRUE(ReadFile(options_.path).starts_with("fieldkms-root-2 scrypt n=131072 "));
}

TEST_F(LocalPassphraseTest, PassphraseIsGivenChangedAndTakenAway) {
  const std::string path = directory_.File("plain.key");
  ASSERT_OK(CreateLocalRoot(path));
  const std::string plain = ReadFile(path);
  ASSERT_OK(ChangeLocalPassphrase({path, {}}, passphrase_));
  EXPECT_OK(OpenLocalRoot({path, passphrase_}));
  const SecretSource other = {.file = directory_.File("other")};
  WriteFile(other.file, "battery staple");
  EXPECT_THAT(ChangeLocalPassphrase({path, other}, passphrase_), Denied());
  ASSERT_OK(ChangeLocalPassphrase({path, passphrase_}, other));
  EXPECT_THAT(OpenLocalRoot({path, passphrase_}), Denied());
  ASSERT_OK(ChangeLocalPassphrase({path, other}, std::nullopt));
  EXPECT_EQ(ReadFile(path), plain);
}

TEST_F(LocalPassphraseTest, ErrorsDoNotQuoteThePassphrase) {
  WriteFile(options_.path, kSealedZeros);
  WriteFile(passphrase_.file, "canary");
  const absl::Status status = OpenLocalRoot(options_).status();
  EXPECT_EQ(std::string(status.message()).find("canary"), std::string::npos);
}

}  // namespace
}  // namespace fieldkms
