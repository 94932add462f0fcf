#include "kms/root/local_root.h"

#include <gtest/gtest.h>

#include "crypto/status.h"
#include "tests/contract/root_contract.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {
namespace {

class LocalPlace final : public RootPlace {
 public:
  absl::StatusOr<std::unique_ptr<RootKey>> Open() override {
    if (!made_) FIELDKMS_RETURN_IF_ERROR(CreateLocalRoot(directory_.File("root.key")));
    made_ = true;
    return OpenLocalRoot(directory_.File("root.key"));
  }

 private:
  TempDir directory_;
  bool made_ = false;
};

std::unique_ptr<RootPlace> MakeLocalPlace() { return std::make_unique<LocalPlace>(); }

INSTANTIATE_TEST_SUITE_P(Local, RootContract, ::testing::Values(&MakeLocalPlace));

}  // namespace
}  // namespace fieldkms::testing
