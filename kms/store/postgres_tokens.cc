#include "kms/store/postgres_tokens.h"

#include "kms/postgres/value.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

// Any number that nobody else locks in this database: "fkmstoks" in ASCII.
constexpr int64_t kAdvisoryLock = 0x666b6d73746f6b73;

}  // namespace

// Two statements: the second sees what was committed while the first waited.
absl::Status LockForTokens(PostgresTransaction& db, std::string_view tenant) {
  db.Run("SELECT pg_advisory_xact_lock_shared($1), set_config('fieldkms.tenant', $2, true)",
         {kAdvisoryLock, tenant});
  const bool frozen = BoolOf(db.Run("SELECT frozen FROM fieldkms_store.store_state", {})[0][0]);
  return frozen ? StoreFrozen() : absl::OkStatus();
}

void WaitForTokens(PostgresTransaction& db) {
  db.Run("SELECT pg_advisory_xact_lock($1)", {kAdvisoryLock});
}

PostgresValue ByteaArray(std::span<const std::string_view> all) {
  std::vector<PostgresValue> values;
  values.reserve(all.size());
  for (const std::string_view bytes : all) values.push_back(ByteaValue(bytes));
  return ArrayValue(values);
}

TokenRecord TokenOf(const pqxx::row& row) {
  TokenRecord token;
  token.token = BytesOf(row[0]);
  token.lookup = BytesOf(row[1]);  // "" for null
  token.convergent = BoolOf(row[2]);
  token.single_use = BoolOf(row[3]);
  token.metadata = BytesOf(row[4]);
  token.create_time = TimeOf(row[5]);
  token.expire_time = TimeIfAny(row[6]);
  token.subject = BytesOf(row[7]);  // "" for null
  if (row.size() > 8) token.sealed = BytesOf(row[8]);
  return token;
}

}  // namespace fieldkms
