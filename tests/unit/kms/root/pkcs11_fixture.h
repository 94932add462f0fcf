// A root in a token of SoftHSM, reached through the module of faults.
#ifndef FIELDKMS_TESTS_UNIT_KMS_ROOT_PKCS11_FIXTURE_H_
#define FIELDKMS_TESTS_UNIT_KMS_ROOT_PKCS11_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "kms/root/pkcs11_root.h"
#include "tests/support/soft_token.h"
#include "tests/unit/kms/root/fault_module.h"

namespace fieldkms::testing {

class Pkcs11Test : public ::testing::Test {
 protected:
  // A token "fieldkms" that has no key yet, and options that make the key "root".
  Pkcs11Test();
  ~Pkcs11Test() override;

  // Fails the test if the root does not open.
  void Open();
  // Wraps and unwraps a key.
  absl::Status Try();
  // `call` returns `code` the next times.
  void Fail(TokenCall call, unsigned long code, int times = 1'000'000);

  SoftTokens tokens_;
  Pkcs11RootOptions options_;
  std::unique_ptr<RootKey> root_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_KMS_ROOT_PKCS11_FIXTURE_H_
