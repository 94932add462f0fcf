#include "kms/postgres/sqlstate.h"

#include <pqxx/except>
#include <string>

#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr std::string_view kDiskFull = "53100";
constexpr std::string_view kReadOnly = "25006";
constexpr std::string_view kNoPrivilege = "42501";

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
