#include <utility>

#include "crypto/status.h"
#include "kms/backends/backends.h"
#include "kms/postgres/conninfo.h"
#include "kms/store/sqlite_store.h"

namespace fieldkms {
namespace {

#ifdef FIELDKMS_STORE_POSTGRES
absl::StatusOr<std::unique_ptr<Store>> Open(const PostgresStoreConfig& config, const std::string&,
                                            const Clock& clock) {
  PostgresStoreOptions options = config.options;
  if (!config.conninfo_file.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(options.conninfo, ReadConninfoFile(config.conninfo_file));
  }
  return OpenPostgresStore(options, clock);
}
#else
absl::StatusOr<std::unique_ptr<Store>> Open(const PostgresStoreConfig&, const std::string&,
                                            const Clock&) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kConfigInvalid,
               "this build has no PostgreSQL store (FIELDKMS_STORE_POSTGRES)");
}
#endif

absl::StatusOr<std::unique_ptr<Store>> Open(const SqliteStoreConfig& config,
                                            const std::string& data_dir, const Clock& clock) {
  return OpenSqliteStore(config.path.empty() ? data_dir + "/store.db" : config.path, clock);
}

}  // namespace

std::string_view KindOf(const StoreConfig& config) {
  return std::holds_alternative<SqliteStoreConfig>(config) ? "sqlite" : "postgres";
}

absl::StatusOr<std::unique_ptr<Store>> OpenStore(const StoreConfig& config,
                                                 const std::string& data_dir, const Clock& clock) {
  return std::visit([&](const auto& one) { return Open(one, data_dir, clock); }, config);
}

}  // namespace fieldkms
