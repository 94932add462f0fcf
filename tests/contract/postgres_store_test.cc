#include "kms/store/postgres_store.h"

#include <gtest/gtest.h>

#include "tests/contract/store_contract.h"
#include "tests/contract/vault_fixture.h"
#include "tests/support/postgres_server.h"

namespace fieldkms::testing {
namespace {

class PostgresPlace final : public StorePlace {
 public:
  absl::StatusOr<std::unique_ptr<Store>> Open(const Clock& clock) override {
    const PostgresServer& server = PostgresServer::Shared();
    return OpenPostgresStore(
        {.conninfo = server.Conninfo(database_, PostgresServer::kServiceLogin)}, clock);
  }

  bool Shared() const override { return true; }

 private:
  const std::string database_ = PostgresServer::Shared().MakeStore();
};

std::unique_ptr<StorePlace> MakePostgresPlace() { return std::make_unique<PostgresPlace>(); }

INSTANTIATE_TEST_SUITE_P(Postgres, StoreContract, ::testing::Values(&MakePostgresPlace));
INSTANTIATE_TEST_SUITE_P(Postgres, VaultContract, ::testing::Values(&MakePostgresPlace));
INSTANTIATE_TEST_SUITE_P(Postgres, SharedStoreContract, ::testing::Values(&MakePostgresPlace));

}  // namespace
}  // namespace fieldkms::testing
