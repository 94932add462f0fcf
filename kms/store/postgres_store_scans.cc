// What is asked about all tenants: what is due, and what has changed. The functions of
// sql/schema name things; records are read on behalf of the tenant whose they are.
#include <chrono>

#include "crypto/status.h"
#include "kms/postgres/sqlstate.h"
#include "kms/postgres/value.h"
#include "kms/store/postgres_records.h"
#include "kms/store/postgres_store_impl.h"

namespace fieldkms {
namespace {

ChangeKind KindOf(const pqxx::field& field) {
  const auto number = field.as<int>();
  if (number < 0 || number > static_cast<int>(ChangeKind::kField)) RefuseRow();
  return static_cast<ChangeKind>(number);
}

Change ChangeOf(const pqxx::row& row) {
  return {row[0].as<uint64_t>(), KindOf(row[1]), TextOf(row[2]), TextOf(row[3]), IdOf(row[4])};
}

}  // namespace

absl::StatusOr<std::vector<KeyRecord>> PostgresStore::ListDueRotations(WallTime now, size_t limit,
                                                                       Deadline deadline) {
  using Keys = std::vector<KeyRecord>;
  return Read<Keys>("", deadline, [&](PostgresTransaction& db) -> absl::StatusOr<Keys> {
    const pqxx::result due =
        db.Run("SELECT tenant, key_id FROM fieldkms_store.due_rotations($1, $2)",
               {now, LimitValue(limit)});
    Keys keys;
    for (const auto& row : due) {
      const std::string tenant = TextOf(row[0]);
      db.ActFor(tenant);
      auto key = ReadKeyById(db, tenant, IdOf(row[1]));
      if (key) keys.push_back(*std::move(key));
    }
    return keys;
  });
}

absl::StatusOr<std::vector<KeyAndVersion>> PostgresStore::ListDueDestructions(WallTime now,
                                                                              size_t limit,
                                                                              Deadline deadline) {
  using Due = std::vector<KeyAndVersion>;
  return Read<Due>("", deadline, [&](PostgresTransaction& db) -> absl::StatusOr<Due> {
    const pqxx::result rows =
        db.Run("SELECT tenant, key_id, version FROM fieldkms_store.due_destructions($1, $2)",
               {now, LimitValue(limit)});
    Due due;
    for (const auto& row : rows) {
      const std::string tenant = TextOf(row[0]);
      db.ActFor(tenant);
      auto found = ReadKeyAndVersion(db, tenant, IdOf(row[1]), VersionOf(row[2]));
      if (found) due.push_back(*std::move(found));
    }
    return due;
  });
}

absl::StatusOr<std::vector<Change>> PostgresStore::ReadChanges(uint64_t after, size_t limit,
                                                               Deadline deadline) {
  using Changes = std::vector<Change>;
  return Read<Changes>("", deadline, [&](PostgresTransaction& db) -> absl::StatusOr<Changes> {
    return RecordsOf(db.Run("SELECT number, kind, tenant, name, key_id "
                            "FROM fieldkms_store.changes_after($1, $2)",
                            {BigintValue(after), LimitValue(limit)}),
                     ChangeOf);
  });
}

absl::StatusOr<uint64_t> PostgresStore::GetChangeNumber(Deadline deadline) {
  return Read<uint64_t>("", deadline, [](PostgresTransaction& db) -> absl::StatusOr<uint64_t> {
    return db.Run("SELECT change_number FROM fieldkms_store.store_state", {})[0][0].as<uint64_t>();
  });
}

absl::StatusOr<uint64_t> PostgresStore::WaitForChange(uint64_t after, Deadline until) {
  const std::optional<uint64_t> heard = changes_.Wait(after, until);
  if (heard && *heard > after) return *heard;
  // What it is at `until`, and not a poll before that; within the slack of every call.
  const Deadline soon = clock_.Steady() + PostgresTransactions::kSlack;
  const absl::StatusOr<uint64_t> now = GetChangeNumber(soon);
  if (now.ok()) return now;
  if (heard) return *heard;
  return PostgresUnavailable("nothing has been heard of changes lately");
}

}  // namespace fieldkms
