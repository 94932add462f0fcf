#include "deploy/sample/protector.h"

#include <cstddef>
#include <utility>

#include "clients/cpp/row_context.h"
#include "clients/cpp/wipe.h"
#include "crypto/hex.h"
#include "crypto/status.h"

namespace fieldkms::sample {
namespace {

// The rows that have a value in `column`: what a batch of it is made of.
std::vector<size_t> RowsWithValue(std::span<const Row> rows, Column column) {
  std::vector<size_t> indexes;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].fields[column]) indexes.push_back(i);
  }
  return indexes;
}

// `id` is the primary key of the customers' table: one column.
std::string PrimaryKey(int64_t id) { return RowKey(std::to_string(id)); }

template <class Entries>
void AddContext(std::string_view name, std::string value, Entries* entries) {
  v1::ContextEntry* entry = entries->Add();
  entry->set_name(std::string(name));
  entry->set_value(std::move(value));
}

std::vector<Row> EmptyRows(std::span<const Row> rows) {
  std::vector<Row> out;
  out.reserve(rows.size());
  for (const Row& row : rows) out.push_back({.id = row.id, .fields = {}});
  return out;
}

// Results come in the order of the items, one each; an item may fail alone.
template <class Response>
absl::Status CheckResults(const Response& response, size_t count, Column column) {
  if (static_cast<size_t>(response.results_size()) != count) {
    return absl::InternalError("the service returned another number of results than items");
  }
  for (const auto& result : response.results()) {
    if (result.has_error()) {
      return absl::Status(static_cast<absl::StatusCode>(result.error().code()),
                          std::string(kColumnNames[column]) + ": " + result.error().message());
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string FieldName(Column column) { return "customers." + std::string(kColumnNames[column]); }

Protector::Protector(Client& client, std::string tenant, BindingIds binding_ids)
    : client_(client),
      fields_(client),
      tenant_(std::move(tenant)),
      binding_ids_(std::move(binding_ids)) {}

absl::StatusOr<std::vector<Row>> Protector::Protect(std::span<const Row> rows) {
  std::vector<Row> out = EmptyRows(rows);
  for (size_t column = 0; column < kColumnCount; ++column) {
    FIELDKMS_RETURN_IF_ERROR(ProtectColumn(rows, static_cast<Column>(column), &out));
  }
  return out;
}

absl::StatusOr<std::vector<Row>> Protector::Reveal(std::span<const Row> rows, v1::View view) {
  std::vector<Row> out = EmptyRows(rows);
  for (size_t column = 0; column < kColumnCount; ++column) {
    FIELDKMS_RETURN_IF_ERROR(OpenColumn(rows, static_cast<Column>(column), view, &out));
  }
  return out;
}

absl::StatusOr<std::vector<Row>> Protector::RevealColumn(std::span<const Row> rows, Column column) {
  std::vector<Row> out = EmptyRows(rows);
  FIELDKMS_RETURN_IF_ERROR(OpenColumn(rows, column, v1::VIEW_FULL, &out));
  return out;
}

absl::Status Protector::ProtectColumn(std::span<const Row> rows, Column column,
                                      std::vector<Row>* out) {
  std::vector<size_t> present = RowsWithValue(rows, column);
  if (present.empty()) return absl::OkStatus();
  v1::BatchProtectRequest request;
  const WipeGuard wipe(&request);
  request.set_tenant(tenant_);
  request.set_field(FieldName(column));
  AddContext("b", binding_ids_[column], request.mutable_shared_context());
  for (size_t i : present) {
    auto* item = request.add_items();
    item->set_value(*rows[i].fields[column]);
    AddContext("pk", PrimaryKey(rows[i].id), item->mutable_context());
  }
  FIELDKMS_ASSIGN_OR_RETURN(auto response, fields_.BatchProtect(request));
  FIELDKMS_RETURN_IF_ERROR(CheckResults(response, present.size(), column));
  for (size_t n = 0; n < present.size(); ++n) {
    auto* made = response.mutable_results(static_cast<int>(n))->mutable_protected_value();
    Row& row = (*out)[present[n]];
    row.fields[column] = std::move(*made->mutable_ciphertext());
    if (column == kCardNumber) row.card_index = std::move(*made->mutable_blind_index());
  }
  return absl::OkStatus();
}

absl::Status Protector::OpenColumn(std::span<const Row> rows, Column column, v1::View view,
                                   std::vector<Row>* out) {
  std::vector<size_t> present = RowsWithValue(rows, column);
  if (present.empty()) return absl::OkStatus();
  v1::BatchRevealRequest request;
  request.set_tenant(tenant_);
  request.set_field(FieldName(column));
  request.set_view(view);
  AddContext("b", binding_ids_[column], request.mutable_shared_context());
  for (size_t i : present) {
    auto* item = request.add_items();
    item->set_ciphertext(*rows[i].fields[column]);
    AddContext("pk", PrimaryKey(rows[i].id), item->mutable_context());
  }
  FIELDKMS_ASSIGN_OR_RETURN(auto response, fields_.BatchReveal(request));
  const WipeGuard wipe(&response);
  FIELDKMS_RETURN_IF_ERROR(CheckResults(response, present.size(), column));
  for (size_t n = 0; n < present.size(); ++n) {
    const auto& result = response.results(static_cast<int>(n));  // copied: the guard wipes it
    (*out)[present[n]].fields[column] = result.value();
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Protector::RevealOne(std::string_view envelope, Column column,
                                                 int64_t id) {
  v1::RevealRequest request;
  request.set_tenant(tenant_);
  request.set_field(FieldName(column));
  request.set_ciphertext(std::string(envelope));
  AddContext("b", binding_ids_[column], request.mutable_context());
  AddContext("pk", PrimaryKey(id), request.mutable_context());
  FIELDKMS_ASSIGN_OR_RETURN(auto response, fields_.Reveal(request));
  const WipeGuard wipe(&response);
  return std::move(*response.mutable_value());
}

absl::StatusOr<std::vector<std::string>> Protector::CardIndexes(const std::string& card_number) {
  v1::BlindIndexRequest request;
  const WipeGuard wipe(&request);
  request.set_tenant(tenant_);
  request.set_field(FieldName(kCardNumber));
  request.set_value(card_number);
  FIELDKMS_ASSIGN_OR_RETURN(const v1::BlindIndexValue found, fields_.BlindIndex(request));
  std::vector<std::string> indexes = {found.index()};
  indexes.insert(indexes.end(), found.older().begin(), found.older().end());
  return indexes;
}

}  // namespace fieldkms::sample
