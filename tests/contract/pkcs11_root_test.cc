#include "kms/root/pkcs11_root.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/contract/root_contract.h"
#include "tests/support/soft_token.h"

namespace fieldkms::testing {
namespace {

// One token for the process, which may initialise its module once at a time.
SoftTokens& Tokens() {
  static SoftTokens* const tokens = [] {
    auto* made = new SoftTokens();
    made->Make("contract");
    return made;
  }();
  return *tokens;
}

// A key of its own in that token.
class Pkcs11Place final : public RootPlace {
 public:
  explicit Pkcs11Place(Pkcs11Wrapping wrapping) {
    static int places = 0;
    options_.module = SoftTokens::Module();
    options_.token_label = "contract";
    options_.key_label = "root-" + std::to_string(++places);
    options_.pin.file = Tokens().pin_file();
    options_.create_if_missing = true;
    options_.wrapping = wrapping;
  }

  absl::StatusOr<std::unique_ptr<RootKey>> Open() override {
    auto root = OpenPkcs11Root(options_);
    options_.create_if_missing = false;
    return root;
  }

 private:
  Pkcs11RootOptions options_;
};

std::unique_ptr<RootPlace> MakeGcmPlace() {
  return std::make_unique<Pkcs11Place>(Pkcs11Wrapping::kAesGcm);
}
std::unique_ptr<RootPlace> MakeKeyWrapPlace() {
  return std::make_unique<Pkcs11Place>(Pkcs11Wrapping::kAesKeyWrap);
}

INSTANTIATE_TEST_SUITE_P(Pkcs11Gcm, RootContract, ::testing::Values(&MakeGcmPlace));
INSTANTIATE_TEST_SUITE_P(Pkcs11KeyWrap, RootContract, ::testing::Values(&MakeKeyWrapPlace));

}  // namespace
}  // namespace fieldkms::testing
