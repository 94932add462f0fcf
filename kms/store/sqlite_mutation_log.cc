#include <bit>
#include <chrono>
#include <cstdint>

#include "crypto/status.h"
#include "kms/store/sqlite_error.h"
#include "kms/store/sqlite_records.h"

namespace fieldkms {
namespace {

// 24 hours are promised; a week leaves room for a wall clock that is set.
constexpr std::chrono::hours kRememberedFor{7 * 24};
// More than one each time, so that a log of any length shrinks; few, so that no
// mutation waits for long.
constexpr int64_t kForgottenAtOnce = 16;

absl::StatusOr<MutationRecord> MutationOf(const SqliteStatement& row) {
  const int64_t version = row.ColumnInt(3);
  if (version < 1 || version > int64_t{UINT32_MAX}) {
    return StoreCorrupt("a mutation names no version");
  }
  return MutationRecord{static_cast<Method>(row.ColumnInt(1)),
                        std::bit_cast<uint64_t>(row.ColumnInt(2)), static_cast<uint32_t>(version)};
}

int64_t Microseconds(WallTime time) { return time.time_since_epoch().count(); }

}  // namespace

absl::StatusOr<std::optional<MutationRecord>> ReadMutation(SqliteConnection& db,
                                                           std::string_view tenant,
                                                           const Mutation& mutation) {
  SqliteStatement row = db.Use(
      "SELECT fingerprint, method, key_id, version FROM mutations "
      "WHERE tenant = ? AND request_id = ?");
  FIELDKMS_ASSIGN_OR_RETURN(const bool found, row.Text(tenant).Text(mutation.request_id).Step());
  if (!found) return std::optional<MutationRecord>();
  if (row.ColumnBytes(0) != mutation.fingerprint) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kRequestIdReused,
                 "the request id was used before, for another request", "request_id");
  }
  FIELDKMS_ASSIGN_OR_RETURN(const MutationRecord record, MutationOf(row));
  return std::optional<MutationRecord>(record);
}

absl::Status WriteMutation(SqliteConnection& db, std::string_view tenant, const Mutation& mutation,
                           const MutationRecord& record, WallTime now) {
  FIELDKMS_RETURN_IF_ERROR(db.Use("DELETE FROM mutations WHERE (tenant, request_id) IN (SELECT "
                                  "tenant, request_id FROM mutations WHERE time < ? "
                                  "ORDER BY time LIMIT ?)")
                               .Int(Microseconds(now - kRememberedFor))
                               .Int(kForgottenAtOnce)
                               .Run());
  return db
      .Use(
          "INSERT INTO mutations (tenant, request_id, fingerprint, method, key_id, version, time) "
          "VALUES (?, ?, ?, ?, ?, ?, ?)")
      .Text(tenant)
      .Text(mutation.request_id)
      .Blob(mutation.fingerprint)
      .Int(static_cast<int64_t>(record.method))
      .Int(std::bit_cast<int64_t>(record.key_id))
      .Int(record.version)
      .Int(Microseconds(now))
      .Run();
}

}  // namespace fieldkms
