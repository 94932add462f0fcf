// What an item of a call on fields asks for, whether it comes alone or in a batch.
#ifndef FIELDKMS_KMS_SERVICE_ITEM_FIELD_H_
#define FIELDKMS_KMS_SERVICE_ITEM_FIELD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
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

// Where an item belongs: entries that a batch shares, and its own.
struct ItemPlace {
  const ContextField& shared;
  const ContextField& own;
};

// ItemField carries out items of one tenant within one run. Each method returns kNeedsIo, with
// nothing done that counts, where a field or key must be loaded and the run may not block.
class ItemField {
 public:
  // `action`: what the call does with fields. `tenant` must outlive it.
  ItemField(RunContext& context, Action action, std::string_view tenant, NonceSource& nonces);
  ~ItemField();

  // Find finds a field that the caller may do `action` on, and notes it for the audit trail.
  // Null: it must be loaded. Errors: PermissionDenied(); kFieldNotFound and those of the store.
  absl::StatusOr<const LoadedField*> Find(std::string_view name);

  absl::StatusOr<RunState> Protect(const LoadedField& field, const ItemPlace& place,
                                   std::string_view value, v1::ProtectedValue* out);

  // One of the three, by what the request has.
  struct Source {
    enum class Kind { kNone, kCiphertext, kDocument, kFpe } kind = Kind::kNone;
    std::string_view bytes;  // ciphertext, document or text
    uint32_t key_version = 0;
  };
  struct Revealed {
    std::string* value;
    MaskLevel shown = MaskLevel::kMasked;
    uint32_t key_version = 0;
  };
  // `view`: as the request has it.
  absl::StatusOr<RunState> Reveal(const LoadedField& field, const ItemPlace& place,
                                  const Source& source, v1::View view, Revealed* out);

  absl::Status Mask(const LoadedField& field, std::string_view value, std::string* out);
  absl::StatusOr<RunState> BlindIndex(const LoadedField& field, std::string_view value,
                                      v1::BlindIndexValue* out);
  // The rule that a value breaks; null: none.
  const FieldRule* Validate(const LoadedField& field, std::string_view value);

 private:
  // A field of the call with what is made once for all its items.
  struct Used {
    LoadedFieldPtr field;
    ContextField place;  // the shared context, and the entry `f`
    bool place_made = false;
    std::vector<std::pair<uint32_t, BlindIndexKey>> index_keys;  // by version
  };

  Used& UsedOf(const LoadedField& field);
  // The shared context of an item of the field. Error: InvalidField, where the caller gives an
  // entry that is the service's.
  absl::StatusOr<const ContextField*> PlaceOf(const LoadedField& field, const ItemPlace& place);
  // canonical_ of a value. Error: kValueInvalid.
  absl::Status Canonicalise(const LoadedField& field, std::string_view value);

  absl::StatusOr<RunState> Encrypt(const LoadedField& field, const ItemPlace& place,
                                   std::string_view value, v1::ProtectedValue* out);
  absl::StatusOr<RunState> ProtectDocument(const LoadedField& field, const ItemPlace& place,
                                           std::string_view value, v1::ProtectedValue* out);
  absl::StatusOr<RunState> AddFpe(const LoadedField& field, std::string_view value,
                                  v1::FpeText* out);
  absl::StatusOr<RunState> AddIndex(const LoadedField& field, std::string* out);
  absl::StatusOr<RunState> AddOlderIndexes(const LoadedField& field, v1::BlindIndexValue* out);
  absl::StatusOr<const BlindIndexKey*> IndexKey(const LoadedField& field,
                                                const LoadedVersion& version);

  absl::StatusOr<RunState> Open(const LoadedField& field, const ContextField& shared,
                                const ContextField& own, std::string_view ciphertext,
                                std::string* plaintext, uint32_t* key_version);
  absl::StatusOr<RunState> OpenDocument(const LoadedField& field, const ItemPlace& place,
                                        std::string_view document, MaskLevel shown, Revealed* out);
  absl::StatusOr<RunState> OpenFpe(const LoadedField& field, const Source& source,
                                   std::string* plaintext, uint32_t* key_version);
  absl::StatusOr<MaskLevel> LevelFor(const LoadedField& field, v1::View view) const;
  // `value` as `level` shows it. A value that the format's rules would not take any more is
  // hidden whole.
  void Show(const LoadedField& field, MaskLevel level, std::string_view value, std::string* out);
  void MaskFor(const LoadedField& field, const Principal* who, const FieldValue& value,
               std::string* out) const;

  RunContext& context_;
  const Action action_;
  const std::string_view tenant_;
  const FormatContext today_;
  ItemCrypto crypto_;
  KeyFinder index_keys_;
  KeyFinder fpe_keys_;
  std::vector<std::unique_ptr<Used>> used_;
  Used* last_ = nullptr;
  std::string canonical_;  // wiped
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_ITEM_FIELD_H_
