// What the items of a call on fields have in common, within one run of it.
#ifndef FIELDKMS_KMS_SERVICE_FIELD_RUN_H_
#define FIELDKMS_KMS_SERVICE_FIELD_RUN_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/blind_index.h"
#include "crypto/field/format.h"
#include "fieldkms/v1/field_service.pb.h"
#include "kms/fields/field_directory.h"
#include "kms/service/item_crypto.h"
#include "kms/service/key_finder.h"
#include "kms/service/workspace.h"

namespace fieldkms {

// Entries of contexts that are the service's own, and that no caller gives: the id of the field,
// and where in a JSON document a member stands.
inline constexpr std::string_view kFieldEntry = "f";
inline constexpr std::string_view kPointerEntry = "jp";

// Which index of a value: what is searched for, and what finds its tokens (IndexPlace::index_id).
inline constexpr uint32_t kValueIndex = 0;
inline constexpr uint32_t kTokenIndex = 1;

// Where an item belongs: entries that a batch shares, and its own.
struct ItemPlace {
  const ContextField& shared;
  const ContextField& own;
};

// kFailedPrecondition, kFieldPolicy: the field's policy does not allow it.
absl::Status PolicyError(const LoadedField& field, std::string_view why);

// kInvalidArgument, kValueInvalid: the value breaks a rule of the field's format.
absl::Status ValueError(const LoadedField& field, const FieldRule& rule);

// Lives within one run, on one thread.
class FieldRun {
 public:
  // `action`: what the call does with fields. All outlive it.
  FieldRun(RunContext& context, Action action, std::string_view tenant, NonceSource& nonces);
  ~FieldRun();

  RunContext& context() const { return context_; }
  std::string_view tenant() const { return tenant_; }
  NonceSource& nonces() const { return nonces_; }
  // The use of a key by this call.
  KeyUse UseOf(KeyPurpose purpose, const PolicyKey& key) const {
    return {action_, purpose, key.key_id};
  }

  // Find finds a field that the caller may do the action on, and notes it for the audit trail. It
  // lives as long as the run. Null: it must be loaded. Errors: PermissionDenied(); kFieldNotFound
  // and those of the store.
  absl::StatusOr<const LoadedField*> Find(std::string_view name);

  // Canonicalise checks a value; canonical() is then its canonical form, until the next.
  // Error: kValueInvalid.
  absl::Status Canonicalise(const LoadedField& field, std::string_view value);
  // The same, but returns the rule that the value breaks; null: none.
  const FieldRule* Validate(const LoadedField& field, std::string_view value);
  std::string_view canonical() const { return canonical_; }

  // The shared context of an item of the field: of `place`, and the entry of the field. Error:
  // InvalidField, where the caller gives an entry that is the service's.
  absl::StatusOr<const ContextField*> PlaceOf(const LoadedField& field, const ItemPlace& place);

  // The key of one of the field's indexes; made once.
  absl::StatusOr<const BlindIndexKey*> IndexKey(const LoadedField& field, uint32_t index_id,
                                                uint32_t bits, const LoadedVersion& version);

  // How much of a field the caller sees who asks for `view`. Errors: PermissionDenied(),
  // InvalidField.
  absl::StatusOr<MaskLevel> LevelFor(const LoadedField& field, v1::View view) const;
  // Writes `value` to `out` as `level` shows it, and notes that for the audit trail. A value that
  // the format's rules would not take any more is hidden whole.
  void Show(const LoadedField& field, MaskLevel level, std::string_view value, std::string* out);
  void NoteShown(MaskLevel level);

 private:
  // A field of the call with what is made once for all its items.
  struct Used {
    LoadedFieldPtr field;
    ContextField place;  // the shared context, and the entry of the field
    bool place_made = false;
    struct Index {
      uint32_t id;
      uint32_t version;
      BlindIndexKey key;
    };
    std::vector<Index> index_keys;
  };
  Used& UsedOf(const LoadedField& field);

  RunContext& context_;
  const Action action_;
  const std::string_view tenant_;
  NonceSource& nonces_;
  const FormatContext today_;
  std::vector<std::unique_ptr<Used>> used_;
  Used* last_ = nullptr;
  std::string canonical_;  // wiped
};

// The mask of a legal value: that of the field, or of the first role of `who` that has its own.
void MaskFor(const LoadedField& field, const Principal* who, const FieldValue& value,
             std::string* out);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_FIELD_RUN_H_
