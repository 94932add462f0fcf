#include "tests/fault/ledger.h"

#include <fmt/format.h>

#include <utility>

namespace fieldkms::fault {

std::string RequestIdOf(size_t key, uint32_t expected_primary) {
  return fmt::format("change-{:05}-{:06}", key, expected_primary);
}

std::string ValueOf(uint64_t row_id) {
  // Lengths of 0 to 300 bytes, bytes of all kinds.
  std::string value(row_id * 7919 % 301, '\0');
  for (size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>(row_id * 31 + i * 17);
  return value;
}

void SetContextOf(uint64_t row_id, google::protobuf::RepeatedPtrField<v1::ContextEntry>* context) {
  context->Clear();
  v1::ContextEntry* const binding = context->Add();
  binding->set_name("b");
  binding->set_value("fault.column");
  v1::ContextEntry* const primary_key = context->Add();
  primary_key->set_name("pk");
  primary_key->set_value(std::to_string(row_id));
}

size_t Ledger::BeginCreate(std::string_view tenant, std::string_view name) {
  const std::lock_guard lock(mutex_);
  const size_t index = state_.keys.size();
  LedgerKey key;
  key.tenant = tenant;
  key.name = name;
  key.in_doubt = KeyChange{RequestIdOf(index, 0), 0};
  state_.keys.push_back(std::move(key));
  return index;
}

std::optional<KeyChange> Ledger::BeginRotate(size_t key) {
  const std::lock_guard lock(mutex_);
  LedgerKey& entry = state_.keys[key];
  if (entry.in_doubt || entry.primary == 0) return std::nullopt;
  entry.in_doubt = KeyChange{RequestIdOf(key, entry.primary), entry.primary};
  return entry.in_doubt;
}

void Ledger::Acknowledge(size_t key, uint32_t primary) {
  const std::lock_guard lock(mutex_);
  LedgerKey& entry = state_.keys[key];
  ++state_.calls[entry.in_doubt->expected_primary == 0 ? "CreateKey" : "RotateKey"];
  entry.primary = primary;
  entry.last_acknowledged = std::exchange(entry.in_doubt, std::nullopt);
}

void Ledger::AddRows(std::string_view method, std::vector<LedgerRow> rows) {
  const std::lock_guard lock(mutex_);
  ++state_.calls[std::string(method)];
  for (LedgerRow& row : rows) state_.rows.push_back(std::move(row));
}

std::optional<size_t> Ledger::AcknowledgedKey(uint64_t n) const {
  const std::lock_guard lock(mutex_);
  const size_t count = state_.keys.size();
  for (size_t i = 0; i < count; ++i) {
    const size_t key = (n + i) % count;
    if (state_.keys[key].primary > 0) return key;
  }
  return std::nullopt;
}

size_t Ledger::KeyCount() const {
  const std::lock_guard lock(mutex_);
  return state_.keys.size();
}

LedgerKey Ledger::KeyAt(size_t key) const {
  const std::lock_guard lock(mutex_);
  return state_.keys[key];
}

uint64_t Ledger::NextRowId() {
  const std::lock_guard lock(mutex_);
  return next_row_++;
}

LedgerState Ledger::State() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

}  // namespace fieldkms::fault
