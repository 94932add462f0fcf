#include "kms/root/local_root.h"

#include <gtest/gtest.h>

#include "crypto/status.h"
#include "tests/contract/root_contract.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {
namespace {

class LocalPlace : public RootPlace {
 public:
  absl::StatusOr<std::unique_ptr<RootKey>> Open() override {
    if (!made_) FIELDKMS_RETURN_IF_ERROR(Make());
    made_ = true;
    return OpenLocalRoot(options_);
  }

 protected:
  virtual absl::Status Make() { return CreateLocalRoot(options_); }

  TempDir directory_;
  LocalRootOptions options_ = {.path = directory_.File("root.key")};

 private:
  bool made_ = false;
};

// What a renewed key wraps has another form.
class RenewedPlace final : public LocalPlace {
  absl::Status Make() override {
    FIELDKMS_RETURN_IF_ERROR(CreateLocalRoot(options_));
    return RekeyLocalRoot(options_);
  }
};

class PassphrasePlace final : public LocalPlace {
 public:
  PassphrasePlace() {
    options_.passphrase = SecretSource{.file = directory_.File("passphrase")};
    WriteFile(options_.passphrase->file, "correct horse battery staple\n");
  }
};

template <class Place>
std::unique_ptr<RootPlace> MakePlace() {
  return std::make_unique<Place>();
}

INSTANTIATE_TEST_SUITE_P(Local, RootContract, ::testing::Values(&MakePlace<LocalPlace>));
INSTANTIATE_TEST_SUITE_P(LocalRenewed, RootContract, ::testing::Values(&MakePlace<RenewedPlace>));
INSTANTIATE_TEST_SUITE_P(LocalPassphrase, RootContract,
                         ::testing::Values(&MakePlace<PassphrasePlace>));

}  // namespace
}  // namespace fieldkms::testing
