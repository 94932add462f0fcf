// A SQLite store in a directory of its own, on a file system that can fail.
#ifndef FIELDKMS_TESTS_UNIT_KMS_STORE_STORE_FIXTURE_H_
#define FIELDKMS_TESTS_UNIT_KMS_STORE_STORE_FIXTURE_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kms/store/store.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {

class StoreFixture : public ::testing::Test {
 public:
  // The bytes that a version is made with; none are part of another's.
  static std::string WrappedOf(uint32_t version);

 protected:
  StoreFixture();
  ~StoreFixture() override;

  // Opens the store, as a new process would, and returns what became of it.
  absl::Status Open();
  void Close() { store_.reset(); }
  Store& store() { return *store_; }

  const std::string& path() const { return path_; }
  std::string File(std::string_view name) const { return directory_.File(name); }
  const std::string& directory() const { return directory_.path(); }

  // Every file of the directory by name, but the -shm file, which is no data.
  std::map<std::string, std::string> Files() const;
  void SetFiles(const std::map<std::string, std::string>& files) const;
  // Runs SQL on the closed store, past our code.
  void RunSql(const std::string& sql) const;

  // Mutations on names that tests agree on. Ids of requests are made of the
  // arguments, so a repeated call is a retry.
  absl::Status CreateTenant();
  absl::Status CreateKey(uint64_t key_id);
  absl::Status Rotate(uint32_t version);
  absl::Status Destroy(uint32_t version);
  // The primary version of key 7, 0 where it does not exist. Fails the test if
  // any of its versions is missing, or has other bytes than it was made with.
  uint32_t CheckedPrimary();

 private:
  TempDir directory_;
  const std::string path_ = directory_.File("store.db");
  std::unique_ptr<Store> store_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_KMS_STORE_STORE_FIXTURE_H_
