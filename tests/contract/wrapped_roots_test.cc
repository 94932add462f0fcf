// Roots around other roots keep the contract of what they stand around.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "crypto/status.h"
#include "kms/root/dual_root.h"
#include "kms/root/guarded_root.h"
#include "kms/root/local_root.h"
#include "tests/contract/root_contract.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {
namespace {

// Local roots in files of one directory, made when they are first opened.
class LocalFiles {
 public:
  absl::StatusOr<std::unique_ptr<RootKey>> Open(const std::string& name) {
    const std::string path = directory_.File(name);
    auto root = OpenLocalRoot(path);
    if (!absl::IsNotFound(root.status())) return root;
    FIELDKMS_RETURN_IF_ERROR(CreateLocalRoot(path));
    return OpenLocalRoot(path);
  }

 private:
  TempDir directory_;
};

class GuardedPlace final : public RootPlace {
 public:
  absl::StatusOr<std::unique_ptr<RootKey>> Open() override {
    FIELDKMS_ASSIGN_OR_RETURN(auto root, files_.Open("root.key"));
    return std::make_unique<GuardedRoot>(std::move(root), GuardOptions{}, SystemClock());
  }

 private:
  LocalFiles files_;
};

class DualPlace final : public RootPlace {
 public:
  absl::StatusOr<std::unique_ptr<RootKey>> Open() override {
    FIELDKMS_ASSIGN_OR_RETURN(auto new_root, files_.Open("new.key"));
    FIELDKMS_ASSIGN_OR_RETURN(auto old_root, files_.Open("old.key"));
    return std::make_unique<DualRoot>(std::move(new_root), std::move(old_root));
  }

 private:
  LocalFiles files_;
};

std::unique_ptr<RootPlace> MakeGuardedPlace() { return std::make_unique<GuardedPlace>(); }
std::unique_ptr<RootPlace> MakeDualPlace() { return std::make_unique<DualPlace>(); }

INSTANTIATE_TEST_SUITE_P(Guarded, RootContract, ::testing::Values(&MakeGuardedPlace));
INSTANTIATE_TEST_SUITE_P(Dual, RootContract, ::testing::Values(&MakeDualPlace));

}  // namespace
}  // namespace fieldkms::testing
