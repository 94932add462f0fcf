// FieldDirectory: the policies of fields that are in use, loaded from the store and kept
// true, as the keyring does with keys.
#ifndef FIELDKMS_KMS_FIELDS_FIELD_DIRECTORY_H_
#define FIELDKMS_KMS_FIELDS_FIELD_DIRECTORY_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "crypto/fpe_text.h"
#include "kms/clock.h"
#include "kms/fields/field_policy.h"
#include "kms/keyring/change_listener.h"
#include "kms/keyring/persistent_map.h"
#include "kms/single_flight.h"
#include "kms/snapshot_cell.h"
#include "kms/store/store.h"

namespace fieldkms {

// A field, ready for use. Immutable.
struct LoadedField {
  FieldRecord record;
  FieldPolicy policy;
  const FormatInfo* format = nullptr;
  std::optional<FpeAlphabet> fpe;  // where the policy has one
  std::string place;               // field_id, 8 bytes, most significant first
  std::string fpe_domain;          // U8(|tenant|) ‖ tenant ‖ place: the domain of FpeAlphabet

  // Whether a key, by its id, may have sealed what Reveal opens.
  bool Sealed(uint64_t key_id) const;
};
using LoadedFieldPtr = std::shared_ptr<const LoadedField>;

// MakeLoadedField. Errors: those of PolicyFromJson.
absl::StatusOr<LoadedFieldPtr> MakeLoadedField(FieldRecord record);

// Immutable.
class FieldSnapshot {
 public:
  // Null if not loaded, which says nothing of whether there is such a field.
  LoadedFieldPtr Find(std::string_view tenant, std::string_view name) const;
  std::shared_ptr<const FieldSnapshot> With(LoadedFieldPtr field) const;
  std::shared_ptr<const FieldSnapshot> Without(std::string_view tenant,
                                               std::string_view name) const;
  size_t size() const { return by_name_.size(); }

 private:
  PersistentMap<std::string, LoadedFieldPtr> by_name_;  // tenant ‖ '/' ‖ name
};

// Thread-safe. Neither `store` nor `clock` is owned. How fresh what is loaded is, is the
// keyring's to say (Keyring::CheckFresh): both hear of changes by one follower.
class FieldDirectory final : public ChangeListener {
 public:
  // With more fields loaded than `most_fields`, all are forgotten and loaded when next used.
  FieldDirectory(Store& store, const Clock& clock, size_t most_fields = 65'536);

  // Without I/O or lock. Null: load it.
  LoadedFieldPtr Find(std::string_view tenant, std::string_view name) const {
    return cell_.ThreadView().Find(tenant, name);
  }
  // Load returns the field as the store has it now, and keeps it for Find. Blocks; callers of one
  // field share a load. Errors: kInvalidField, kTenantNotFound, kFieldNotFound, kStoreUnavailable,
  // kDeadlineExceeded; those of PolicyFromJson.
  absl::StatusOr<LoadedFieldPtr> Load(std::string_view tenant, std::string_view name,
                                      Deadline deadline);

  // A field has changed, here or elsewhere; anything may have.
  void OnFieldChanged(std::string_view tenant, std::string_view name) override;
  void OnAllChanged() override;

 private:
  // A field, and how often anything had been heard of when it was read.
  struct Read {
    LoadedFieldPtr field;
    uint64_t heard = 0;
  };
  absl::StatusOr<Read> ReadUntilPublished(std::string_view tenant, std::string_view name,
                                          Deadline deadline);
  absl::StatusOr<Read> ReadOnce(std::string_view tenant, std::string_view name, bool* published,
                                Deadline deadline);

  Store& store_;
  const size_t most_fields_;
  SnapshotCell<FieldSnapshot> cell_;
  SingleFlight<absl::StatusOr<Read>> loads_;
  std::atomic<uint64_t> heard_{0};  // how often anything was heard of
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_FIELDS_FIELD_DIRECTORY_H_
