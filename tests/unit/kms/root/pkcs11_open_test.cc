// Which tokens and keys a PKCS#11 root takes.
#include <gmock/gmock.h>
#include <p11-kit/pkcs11.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "tests/support/status_matchers.h"
#include "tests/unit/kms/root/pkcs11_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

auto Misfit() { return StatusIs(StatusCode::kFailedPrecondition, Reason::kConfigInvalid); }
auto Denied() { return StatusIs(StatusCode::kFailedPrecondition, Reason::kRootDenied); }
auto Invalid() { return StatusIs(StatusCode::kInvalidArgument, Reason::kConfigInvalid); }

class Pkcs11OpenTest : public Pkcs11Test {
 protected:
  absl::Status OpenStatus() { return OpenPkcs11Root(options_).status(); }
};

TEST_F(Pkcs11OpenTest, MakesItsKeyOnceAndOnlyIfAsked) {
  options_.create_if_missing = false;
  EXPECT_THAT(OpenStatus(), StatusIs(StatusCode::kNotFound, Reason::kConfigInvalid));
  options_.create_if_missing = true;
  Open();
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::Random(32));
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, root_->Wrap(key, "c", kNoDeadline));
  root_.reset();
  Open();
  EXPECT_OK(root_->Unwrap(wrapped, "c", kNoDeadline));
  root_.reset();
  options_.create_if_missing = false;
  Open();
  EXPECT_OK(root_->Unwrap(wrapped, "c", kNoDeadline));
  EXPECT_EQ(root_->Describe(), "pkcs11:token=fieldkms;object=root");
}

TEST_F(Pkcs11OpenTest, KeyByIdAndByBoth) {
  options_.key_id = std::string("\x01\x00\xff", 3);
  Open();
  root_.reset();
  options_.create_if_missing = false;
  options_.key_label.clear();
  EXPECT_OK(OpenStatus());
  options_.key_id = std::string("\x01\x00", 2);
  EXPECT_THAT(OpenStatus(), StatusIs(StatusCode::kNotFound, Reason::kConfigInvalid));
}

TEST_F(Pkcs11OpenTest, WrongPinIsTriedOnce) {
  WriteFile(tokens_.pin_file(), "wrong-canary\n");
  const absl::Status status = OpenStatus();
  EXPECT_THAT(status, Denied());
  EXPECT_THAT(std::string(status.message()), HasSubstr("CKR_PIN_INCORRECT"));
  EXPECT_EQ(std::string(status.message()).find("canary"), std::string::npos);
  EXPECT_EQ(Faults()[TokenCall::kLogin].calls, 1);
}

TEST_F(Pkcs11OpenTest, LastTryOfAPinIsNotUsedUp) {
  Faults().token_flags = CKF_USER_PIN_FINAL_TRY;
  EXPECT_THAT(OpenStatus(), Denied());
  Faults().token_flags = CKF_USER_PIN_LOCKED;
  EXPECT_THAT(OpenStatus(), Denied());
  EXPECT_EQ(Faults()[TokenCall::kLogin].calls, 0);
}

TEST_F(Pkcs11OpenTest, PinFileIsChecked) {
  ASSERT_EQ(chmod(tokens_.pin_file().c_str(), 0640), 0);
  EXPECT_THAT(OpenStatus(), StatusIs(Reason::kRootFilePermissions));
  options_.pin.file.clear();
  EXPECT_THAT(OpenStatus(), Invalid());
}

TEST_F(Pkcs11OpenTest, MissingTokenMayComeYet) {
  options_.token_label = "fieldkm";
  EXPECT_THAT(OpenStatus(), StatusIs(StatusCode::kUnavailable, Reason::kRootUnavailable));
  options_.token_label = "fieldkms";
  options_.token_serial = "0000";
  EXPECT_THAT(OpenStatus(), StatusIs(StatusCode::kUnavailable, Reason::kRootUnavailable));
}

TEST_F(Pkcs11OpenTest, TwoTokensOfOneLabelAreAmbiguous) {
  tokens_.Make("fieldkms");
  EXPECT_THAT(OpenStatus(), Misfit());
}

TEST_F(Pkcs11OpenTest, TwoKeysOfOneLabelAreAmbiguous) {
  tokens_.MakeKey("fieldkms", "root", "AES:32", {"--sensitive"});
  tokens_.MakeKey("fieldkms", "root", "AES:32", {"--sensitive"});
  const absl::Status status = OpenStatus();
  EXPECT_THAT(status, Misfit());
  EXPECT_THAT(std::string(status.message()), HasSubstr("more than one key"));
}

TEST_F(Pkcs11OpenTest, KeyThatMayLeaveTheTokenIsRefused) {
  tokens_.MakeKey("fieldkms", "root", "AES:32", {"--extractable"});
  const absl::Status status = OpenStatus();
  EXPECT_THAT(status, Misfit());
  EXPECT_THAT(std::string(status.message()), HasSubstr("CKA_EXTRACTABLE"));
  options_.allow_extractable = true;
  EXPECT_OK(OpenStatus());
}

TEST_F(Pkcs11OpenTest, OnlyAnAes256KeyWillDo) {
  tokens_.MakeKey("fieldkms", "root", "AES:16", {"--sensitive"});
  EXPECT_THAT(OpenStatus(), Misfit());
  options_.key_label = "generic";
  tokens_.MakeKey("fieldkms", "generic", "GENERIC:32", {"--sensitive"});
  EXPECT_THAT(OpenStatus(), Misfit());
}

TEST_F(Pkcs11OpenTest, MadeKeyIsFitForOneMechanismOnly) {
  options_.wrapping = Pkcs11Wrapping::kAesKeyWrap;
  Open();
  root_.reset();
  options_.wrapping = Pkcs11Wrapping::kAesGcm;
  EXPECT_THAT(OpenStatus(), Misfit());
  options_.wrapping = Pkcs11Wrapping::kAuto;
  EXPECT_OK(OpenStatus());
}

TEST_F(Pkcs11OpenTest, TokenWithoutMechanismsIsRefused) {
  Faults().no_gcm = true;
  options_.wrapping = Pkcs11Wrapping::kAesGcm;
  EXPECT_THAT(OpenStatus(), Misfit());
  Faults().no_key_wrap = true;
  options_.wrapping = Pkcs11Wrapping::kAuto;
  EXPECT_THAT(OpenStatus(), Misfit());
}

TEST_F(Pkcs11OpenTest, TokenThatIgnoresTheContextIsRefused) {
  Faults().ignores_aad = true;
  const absl::Status status = OpenStatus();
  EXPECT_THAT(status, Misfit());
  EXPECT_THAT(std::string(status.message()), HasSubstr("AAD"));
}

TEST_F(Pkcs11OpenTest, ModuleMustBeOne) {
  for (const std::string& path :
       {std::string("libsofthsm2.so"), std::string("/nowhere/module.so"), tokens_.pin_file(),
        std::string("/lib/x86_64-linux-gnu/libc.so.6")}) {
    options_.module = path;
    EXPECT_THAT(OpenStatus(), Misfit()) << path;
  }
}

TEST_F(Pkcs11OpenTest, OptionsAreChecked) {
  const Pkcs11RootOptions good = options_;
  options_.token_label.clear();
  EXPECT_THAT(OpenStatus(), Invalid());
  options_ = good;
  options_.key_label.clear();
  EXPECT_THAT(OpenStatus(), Invalid());
  for (const size_t sessions : {0u, 65u}) {
    options_ = good;
    options_.sessions = sessions;
    EXPECT_THAT(OpenStatus(), Invalid());
  }
  options_ = good;
  options_.call_timeout = {};
  EXPECT_THAT(OpenStatus(), Invalid());
}

}  // namespace
}  // namespace fieldkms::testing
