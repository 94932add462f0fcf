// What the service has acknowledged to the clients of a fault test, kept by the
// test itself: the truth that the service is held to after it was killed.
#ifndef FIELDKMS_TESTS_FAULT_LEDGER_H_
#define FIELDKMS_TESTS_FAULT_LEDGER_H_

#include <google/protobuf/repeated_field.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fieldkms/v1/crypto_service.pb.h"

namespace fieldkms::fault {

// A change of a key that was sent. Whether it happened is in doubt until it was
// acknowledged; sent again with its request id it must happen exactly once.
struct KeyChange {
  std::string request_id;
  uint32_t expected_primary = 0;  // 0: the creation of the key
};

struct LedgerKey {
  std::string tenant;
  std::string name;
  uint32_t primary = 0;  // acknowledged; 0: not even the creation
  std::optional<KeyChange> in_doubt;
  std::optional<KeyChange> last_acknowledged;
};

// An acknowledged ciphertext. Its value and context follow from its id.
struct LedgerRow {
  uint64_t id = 0;
  size_t key = 0;  // index in LedgerState::keys
  uint32_t version = 0;
  std::string ciphertext;
};

struct LedgerState {
  std::vector<LedgerKey> keys;
  std::vector<LedgerRow> rows;
  // Acknowledged calls by method ("Encrypt", ...).
  std::map<std::string, uint64_t> calls;
};

// The request id of the change of a key that makes version `expected_primary` + 1.
std::string RequestIdOf(size_t key, uint32_t expected_primary);

// Value (0 to some hundred bytes) and context of a row.
std::string ValueOf(uint64_t row_id);
void SetContextOf(uint64_t row_id, google::protobuf::RepeatedPtrField<v1::ContextEntry>* context);

// Ledger is LedgerState for many threads.
class Ledger {
 public:
  // A new key, its creation in doubt; returns its index.
  size_t BeginCreate(std::string_view tenant, std::string_view name);
  // A rotation of the key from its acknowledged primary, now in doubt; nullopt if
  // an earlier change still is.
  std::optional<KeyChange> BeginRotate(size_t key);
  // The change in doubt of the key is acknowledged, with this primary version.
  void Acknowledge(size_t key, uint32_t primary);

  // Acknowledged rows of one call of `method`.
  void AddRows(std::string_view method, std::vector<LedgerRow> rows);

  // The n-th key (modulo their number) whose creation is acknowledged; nullopt if
  // none is.
  std::optional<size_t> AcknowledgedKey(uint64_t n) const;
  size_t KeyCount() const;
  LedgerKey KeyAt(size_t key) const;
  uint64_t NextRowId();
  LedgerState State() const;

 private:
  mutable std::mutex mutex_;
  LedgerState state_;
  uint64_t next_row_ = 1;
};

}  // namespace fieldkms::fault

#endif  // FIELDKMS_TESTS_FAULT_LEDGER_H_
