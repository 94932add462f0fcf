// The contract of RootKey (kms/root/root_key.h), for every implementation: a
// backend instantiates RootContract with a way to make roots.
//
//   INSTANTIATE_TEST_SUITE_P(Local, RootContract, ::testing::Values(MakeLocalPlace));
#ifndef FIELDKMS_TESTS_CONTRACT_ROOT_CONTRACT_H_
#define FIELDKMS_TESTS_CONTRACT_ROOT_CONTRACT_H_

#include <gtest/gtest.h>

#include <memory>

#include "absl/status/statusor.h"
#include "kms/root/root_key.h"

namespace fieldkms::testing {

// RootPlace is where one root key lives: a new one in each place, the same one
// whenever it is opened again.
class RootPlace {
 public:
  virtual ~RootPlace() = default;
  virtual absl::StatusOr<std::unique_ptr<RootKey>> Open() = 0;
};
using MakeRootPlace = std::unique_ptr<RootPlace> (*)();

class RootContract : public ::testing::TestWithParam<MakeRootPlace> {
 protected:
  void SetUp() override;
  void Reopen();
  const RootKey& root() const { return *root_; }

 private:
  std::unique_ptr<RootPlace> place_;
  std::unique_ptr<RootKey> root_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_CONTRACT_ROOT_CONTRACT_H_
