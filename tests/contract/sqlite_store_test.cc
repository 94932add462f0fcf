#include "kms/store/sqlite_store.h"

#include <gtest/gtest.h>

#include "tests/contract/store_contract.h"
#include "tests/contract/vault_fixture.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {
namespace {

class SqlitePlace final : public StorePlace {
 public:
  absl::StatusOr<std::unique_ptr<Store>> Open(const Clock& clock) override {
    return OpenSqliteStore(directory_.File("store.db"), clock);
  }

 private:
  TempDir directory_;
};

std::unique_ptr<StorePlace> MakeSqlitePlace() { return std::make_unique<SqlitePlace>(); }

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreContract, ::testing::Values(&MakeSqlitePlace));
INSTANTIATE_TEST_SUITE_P(Sqlite, VaultContract, ::testing::Values(&MakeSqlitePlace));

}  // namespace
}  // namespace fieldkms::testing
