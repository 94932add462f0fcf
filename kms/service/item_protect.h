// Making what a field's policy says of a value: Protect, Mask and BlindIndex of one item.
#ifndef FIELDKMS_KMS_SERVICE_ITEM_PROTECT_H_
#define FIELDKMS_KMS_SERVICE_ITEM_PROTECT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fieldkms/v1/field_service.pb.h"
#include "kms/service/field_run.h"

namespace fieldkms {

// Each method returns kNeedsIo, with nothing done that counts, where a key must be loaded and the
// run may not block. Lives within one run.
class ItemProtect {
 public:
  explicit ItemProtect(FieldRun& run);

  // All but a token; for the data subject of that handle, if there is one. Leaves the canonical
  // form of the value in the run.
  absl::StatusOr<RunState> Protect(const LoadedField& field, const ItemPlace& place,
                                   std::string_view value, std::string_view subject,
                                   v1::ProtectedValue* out);
  absl::Status Mask(const LoadedField& field, std::string_view value, std::string* out);
  absl::StatusOr<RunState> BlindIndex(const LoadedField& field, std::string_view value,
                                      v1::BlindIndexValue* out);

 private:
  absl::StatusOr<RunState> Encrypt(const LoadedField& field, const ItemPlace& place,
                                   std::string_view value, std::string_view subject,
                                   v1::ProtectedValue* out);
  absl::StatusOr<RunState> ProtectDocument(const LoadedField& field, const ItemPlace& place,
                                           std::string_view value, std::string_view subject,
                                           v1::ProtectedValue* out);
  absl::StatusOr<RunState> AddFpe(const LoadedField& field, std::string_view value,
                                  v1::FpeText* out);
  absl::StatusOr<RunState> AddIndex(const LoadedField& field, std::string* out);
  absl::StatusOr<RunState> AddOlderIndexes(const LoadedField& field, v1::BlindIndexValue* out);
  absl::StatusOr<KeyFinder::Found> FindKey(const LoadedField& field);

  FieldRun& run_;
  ItemCrypto crypto_;
  KeyFinder index_keys_;
  KeyFinder fpe_keys_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_ITEM_PROTECT_H_
