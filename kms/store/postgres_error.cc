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

template <class Exception>
bool Is(const std::exception& error) {
  return dynamic_cast<const Exception*>(&error) != nullptr;
}

// libpqxx 6.4 has types of its own for some codes, and then drops the code. Of a class of
// codes that has one type, the class: its code that ends in 000.
std::string_view CodeOfType(const std::exception& error) {
  if (Is<pqxx::serialization_failure>(error)) return "40001";
  if (Is<pqxx::deadlock_detected>(error)) return "40P01";
  if (Is<pqxx::statement_completion_unknown>(error)) return "40003";
  if (Is<pqxx::too_many_connections>(error)) return "53300";
  if (Is<pqxx::disk_full>(error)) return kDiskFull;
  if (Is<pqxx::insufficient_resources>(error)) return "53000";
  if (Is<pqxx::insufficient_privilege>(error)) return kNoPrivilege;
  if (Is<pqxx::undefined_table>(error)) return "42P01";
  if (Is<pqxx::undefined_function>(error)) return "42883";
  if (Is<pqxx::undefined_column>(error)) return "42703";
  if (Is<pqxx::syntax_error>(error)) return "42000";
  if (Is<pqxx::integrity_constraint_violation>(error)) return "23000";
  if (Is<pqxx::data_exception>(error)) return "22000";
  if (Is<pqxx::feature_not_supported>(error)) return "0A000";
  return {};
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
  if (Is<pqxx::conversion_error>(error) || Is<pqxx::unexpected_rows>(error)) {
    return StoreCorrupt("a row is not what this release writes");
  }
  return PostgresUnavailable("the connection was lost");
}

std::string_view SqlStateOf(const std::exception& error) {
  const auto* sql = dynamic_cast<const pqxx::sql_error*>(&error);
  if (sql != nullptr && !sql->sqlstate().empty()) return sql->sqlstate();
  return CodeOfType(error);
}

bool EndsConnection(std::string_view sqlstate) {
  return sqlstate.starts_with("08") || sqlstate.starts_with("57P") || sqlstate == kReadOnly;
}

bool IsConflict(std::string_view sqlstate) { return sqlstate == "40001" || sqlstate == "40P01"; }

}  // namespace fieldkms
