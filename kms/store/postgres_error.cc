#include "kms/store/postgres_error.h"

#include <pqxx/except>
#include <string>

#include "crypto/status.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

constexpr std::string_view kDiskFull = "53100";
constexpr std::string_view kReadOnly = "25006";
constexpr std::string_view kNoPrivilege = "42501";

std::string WithCode(std::string_view what, std::string_view sqlstate) {
  return std::string(what) + " (SQLSTATE " + std::string(sqlstate) + ")";
}

bool MissesSchema(std::string_view sqlstate) {
  return sqlstate == "42P01" || sqlstate == "3F000" || sqlstate == "42883" || sqlstate == "42703";
}

}  // namespace

absl::Status PostgresUnavailable(std::string_view what) {
  return Error(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable,
               "PostgreSQL: " + std::string(what));
}

absl::Status PostgresError(std::string_view sqlstate) {
  if (sqlstate == kDiskFull) {
    return Error(absl::StatusCode::kResourceExhausted, Reason::kStoreFull,
                 "PostgreSQL has no space left; nothing was changed");
  }
  if (sqlstate.starts_with("XX00") && sqlstate != "XX000") {
    return StoreCorrupt(WithCode("PostgreSQL reports damage", sqlstate));
  }
  if (sqlstate == kNoPrivilege || MissesSchema(sqlstate)) {
    return PostgresUnavailable(
        WithCode("the schema, or a privilege on it, is missing: run fieldkms store migrate, "
                 "and grant fieldkms_service to the role of the login",
                 sqlstate));
  }
  const std::string_view kind = sqlstate.substr(0, 2);
  if (kind == "22" || kind == "23" || kind == "42") {
    return Bug(WithCode("PostgreSQL refused a record or a statement", sqlstate));
  }
  return PostgresUnavailable(WithCode("the server failed the call", sqlstate));
}

absl::Status PostgresError(const std::exception& error) {
  const std::string_view sqlstate = SqlStateOf(error);
  if (!sqlstate.empty()) return PostgresError(sqlstate);
  if (dynamic_cast<const pqxx::conversion_error*>(&error) != nullptr ||
      dynamic_cast<const pqxx::unexpected_rows*>(&error) != nullptr) {
    return StoreCorrupt("a row is not what this release writes");
  }
  return PostgresUnavailable("the connection was lost");
}

std::string_view SqlStateOf(const std::exception& error) {
  const auto* sql = dynamic_cast<const pqxx::sql_error*>(&error);
  if (sql != nullptr) return sql->sqlstate();
  // libpqxx gives these types of their own, without the code.
  if (dynamic_cast<const pqxx::serialization_failure*>(&error) != nullptr) return "40001";
  if (dynamic_cast<const pqxx::deadlock_detected*>(&error) != nullptr) return "40P01";
  if (dynamic_cast<const pqxx::too_many_connections*>(&error) != nullptr) return "53300";
  return {};
}

bool EndsConnection(std::string_view sqlstate) {
  return sqlstate.starts_with("08") || sqlstate.starts_with("57P") || sqlstate == kReadOnly;
}

bool IsConflict(std::string_view sqlstate) { return sqlstate == "40001" || sqlstate == "40P01"; }

}  // namespace fieldkms
