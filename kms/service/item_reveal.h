// Opening what Protect made: Reveal of one item.
#ifndef FIELDKMS_KMS_SERVICE_ITEM_REVEAL_H_
#define FIELDKMS_KMS_SERVICE_ITEM_REVEAL_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "fieldkms/v1/field_service.pb.h"
#include "kms/service/field_run.h"

namespace fieldkms {

// Returns kNeedsIo as ItemProtect does. Lives within one run.
class ItemReveal {
 public:
  explicit ItemReveal(FieldRun& run);

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

 private:
  absl::StatusOr<RunState> Open(const LoadedField& field, const ContextField& shared,
                                const ContextField& own, std::string_view ciphertext,
                                std::string* plaintext, uint32_t* key_version);
  absl::StatusOr<RunState> OpenDocument(const LoadedField& field, const ItemPlace& place,
                                        std::string_view document, MaskLevel shown, Revealed* out);
  absl::StatusOr<RunState> OpenFpe(const LoadedField& field, const Source& source,
                                   std::string* plaintext, uint32_t* key_version);

  FieldRun& run_;
  ItemCrypto crypto_;
  KeyFinder fpe_keys_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_ITEM_REVEAL_H_
