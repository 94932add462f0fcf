#include "kms/store/postgres_error.h"

#include <pqxx/except>
#include <string>

#include "crypto/status.h"
#include "kms/postgres/sqlstate.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

constexpr std::string_view kDiskFull = "53100";
constexpr std::string_view kNoPrivilege = "42501";

std::string WithCode(std::string_view what, std::string_view sqlstate) {
  return std::string(what) + " (SQLSTATE " + std::string(sqlstate) + ")";
}

bool MissesSchema(std::string_view sqlstate) {
  return sqlstate == "42P01" || sqlstate == "3F000" || sqlstate == "42883" || sqlstate == "42703";
}

template <class Exception>
bool Is(const std::exception& error) {
  return dynamic_cast<const Exception*>(&error) != nullptr;
}

}  // namespace

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
  if (Is<pqxx::conversion_error>(error) || Is<pqxx::unexpected_rows>(error)) {
    return StoreCorrupt("a row is not what this release writes");
  }
  return PostgresUnavailable("the connection was lost");
}

}  // namespace fieldkms
