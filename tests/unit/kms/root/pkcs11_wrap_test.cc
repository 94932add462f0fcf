// The formats of keys that a PKCS#11 root has wrapped.
#include <string>

#include "tests/support/status_matchers.h"
#include "tests/unit/kms/root/pkcs11_fixture.h"

namespace fieldkms::testing {
namespace {

class Pkcs11WrapTest : public Pkcs11Test {
 protected:
  std::string Wrap(size_t size = 32) {
    const auto key = SecretBytes::Random(size);
    EXPECT_OK(key);
    const auto wrapped = root_->Wrap(*key, "context", kNoDeadline);
    EXPECT_OK(wrapped);
    return wrapped.value_or("");
  }
};

TEST_F(Pkcs11WrapTest, FirstByteNamesTheMechanism) {
  Open();
  const std::string gcm = Wrap();
  EXPECT_EQ(gcm.size(), 1u + 12 + 32 + 16);
  EXPECT_EQ(gcm[0], 1);
  root_.reset();
  options_.key_label = "by-key-wrap";
  options_.wrapping = Pkcs11Wrapping::kAesKeyWrap;
  Open();
  const std::string wrapped = Wrap();
  EXPECT_EQ(wrapped[0], 3);
  EXPECT_EQ(wrapped.size(), 1u + 88 + 8);  // size, key, digest, salt
}

TEST_F(Pkcs11WrapTest, OldKeysOpenAfterAChangeOfMechanism) {
  tokens_.MakeKey("fieldkms", "root", "AES:32", {"--sensitive", "--usage-wrap", "--usage-decrypt"});
  Open();
  const std::string by_gcm = Wrap();
  EXPECT_EQ(by_gcm[0], 1);
  root_.reset();
  options_.wrapping = Pkcs11Wrapping::kAesKeyWrap;
  Open();
  const std::string by_key_wrap = Wrap();
  EXPECT_EQ(by_key_wrap[0], 3);
  EXPECT_OK(root_->Unwrap(by_gcm, "context", kNoDeadline));
  root_.reset();
  options_.wrapping = Pkcs11Wrapping::kAuto;
  Open();
  EXPECT_OK(root_->Unwrap(by_key_wrap, "context", kNoDeadline));
  EXPECT_THAT(root_->Unwrap(by_key_wrap, "Context", kNoDeadline), StatusIs(Reason::kRootWrongKey));
}

TEST_F(Pkcs11WrapTest, MechanismThatIsGoneIsToldAsSuch) {
  Open();
  const std::string wrapped = Wrap();
  Faults().no_gcm = true;
  const absl::Status status = root_->Unwrap(wrapped, "context", kNoDeadline).status();
  EXPECT_THAT(status, StatusIs(Reason::kRootWrongKey));
  EXPECT_NE(std::string(status.message()).find("mechanism"), std::string::npos);
}

TEST_F(Pkcs11WrapTest, KeyWrapByEncryption) {
  Faults().no_gcm = true;
  Faults().kwp_encrypts = true;
  Open();
  EXPECT_EQ(Wrap()[0], 2);
  EXPECT_OK(Try());
  EXPECT_THAT(root_->Unwrap(Wrap(), "other", kNoDeadline), StatusIs(Reason::kRootWrongKey));
}

TEST_F(Pkcs11WrapTest, IvOfTheTokenIsKept) {
  options_.iv_from_token = true;
  EXPECT_THAT(OpenPkcs11Root(options_), StatusIs(Reason::kConfigInvalid));
  Faults().makes_iv = true;
  Open();
  const std::string wrapped = Wrap();
  EXPECT_EQ(wrapped.substr(1, 12), '\x2a' + std::string(11, '\0'));
  EXPECT_OK(Try());
}

TEST_F(Pkcs11WrapTest, IvIsNewEachTime) {
  Open();
  EXPECT_NE(Wrap().substr(1, 12), Wrap().substr(1, 12));
}

}  // namespace
}  // namespace fieldkms::testing
