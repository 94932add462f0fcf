#include "kms/store/postgres_mutation.h"

#include <chrono>

#include "kms/postgres/value.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

// 24 hours are promised; a week leaves room for a wall clock that is set.
constexpr std::chrono::hours kRememberedFor{7 * 24};

}  // namespace

absl::StatusOr<uint64_t> NextChange(PostgresTransaction& db, uint64_t above) {
  static const std::string sql =
      "WITH next AS (UPDATE fieldkms_store.store_state "
      "SET change_number = greatest(change_number, $1::bigint) + 1 WHERE NOT frozen "
      "RETURNING change_number) SELECT change_number, pg_notify('" +
      std::string(kPostgresChannel) + "', '') FROM next";
  const pqxx::result rows = db.Run(sql, {BigintValue(above)});
  if (rows.empty()) return StoreFrozen();
  return rows[0][0].as<uint64_t>();
}

absl::StatusOr<std::optional<std::string>> ReadOutcome(PostgresTransaction& db,
                                                       std::string_view tenant,
                                                       const Mutation& mutation) {
  const pqxx::result rows = db.Run(
      "SELECT fingerprint, outcome FROM fieldkms_store.mutations "
      "WHERE tenant = $1 AND request_id = $2",
      {tenant, mutation.request_id});
  if (rows.empty()) return std::optional<std::string>();
  if (BytesOf(rows[0][0]) != mutation.fingerprint) return RequestIdReused();
  return std::optional<std::string>(TextOf(rows[0][1]));
}

void WriteOutcome(PostgresTransaction& db, std::string_view tenant, const Mutation& mutation,
                  std::string_view outcome, WallTime now) {
  // More than one each time, so that a log of any length shrinks; few, so that no
  // mutation waits for long.
  db.Run(
      "DELETE FROM fieldkms_store.mutations WHERE tenant = $1 AND request_id IN ("
      "SELECT request_id FROM fieldkms_store.mutations "
      "WHERE tenant = $1 AND create_time < $2 ORDER BY create_time LIMIT 16)",
      {tenant, now - kRememberedFor});
  db.Run(
      "INSERT INTO fieldkms_store.mutations (tenant, request_id, fingerprint, outcome, "
      "create_time) VALUES ($1, $2, $3, $4, $5)",
      {tenant, mutation.request_id, ByteaValue(mutation.fingerprint), outcome, now});
}

}  // namespace fieldkms
