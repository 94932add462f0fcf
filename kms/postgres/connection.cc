#include "kms/postgres/connection.h"

#include <exception>
#include <pqxx/binarystring>
#include <pqxx/prepared_statement>
#include <vector>

#include "crypto/status.h"
#include "kms/postgres/sqlstate.h"

namespace pqxx {

// How libpqxx takes our values as parameters.
template <>
struct string_traits<fieldkms::PostgresValue> {
  static constexpr const char* name() noexcept { return "value"; }
  static constexpr bool has_null() noexcept { return true; }
  static bool is_null(const fieldkms::PostgresValue& value) { return !value.text().has_value(); }
  static std::string to_string(const fieldkms::PostgresValue& value) {
    return value.text().value_or("");
  }
};

}  // namespace pqxx

namespace fieldkms {

PostgresConnection::PostgresConnection(const std::string& conninfo)
    : connection_(conninfo), quiet_(connection_) {
  // libpqxx 6 would connect anew by itself, in the midst of a transaction's start, to a
  // socket that our watchdog does not know. It calls that deprecated, and so it is.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  connection_.inhibit_reactivation(true);
#pragma GCC diagnostic pop
  socket_ = std::make_shared<SocketCutter>(connection_.sock());
}

absl::StatusOr<std::unique_ptr<PostgresConnection>> PostgresConnection::Open(
    const std::string& conninfo) {
  try {
    std::unique_ptr<PostgresConnection> opened(new PostgresConnection(conninfo));
    if (opened->broken() || !opened->socket_->valid()) {
      return PostgresUnavailable("no connection: out of file descriptors");
    }
    return opened;
  } catch (const std::exception& error) {
    const std::string_view text = error.what();
    return PostgresUnavailable("no connection: " + std::string(text.substr(0, text.find('\n'))));
  }
}

pqxx::result PostgresConnection::Run(pqxx::transaction_base& transaction, std::string_view sql,
                                     const std::vector<PostgresValue>& values,
                                     std::span<const PostgresArray> arrays) {
  auto known = statements_.find(sql);
  if (known == statements_.end()) {
    const std::string name = "s" + std::to_string(statements_.size());
    connection_.prepare(name, std::string(sql));
    known = statements_.emplace(sql, name).first;
  }
  std::vector<pqxx::binarystring> binary;
  binary.reserve(arrays.size());
  for (const PostgresArray& array : arrays) binary.emplace_back(array.binary());
  return transaction.exec_prepared(known->second, pqxx::prepare::make_dynamic_params(values),
                                   pqxx::prepare::make_dynamic_params(binary));
}

}  // namespace fieldkms
