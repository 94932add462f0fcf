// What an item of a MAC call asks for, whether it comes alone or in a batch.
#ifndef FIELDKMS_KMS_SERVICE_ITEM_MAC_H_
#define FIELDKMS_KMS_SERVICE_ITEM_MAC_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/mac.h"
#include "kms/service/key_finder.h"
#include "kms/service/workspace.h"

namespace fieldkms {

// Where the data of an item belongs: entries that a batch shares, and its own.
struct MacContext {
  const ContextField& shared;
  const ContextField& own;
};

// ItemMac carries out items of one tenant within one run.
class ItemMac {
 public:
  // `tenant` must outlive it.
  ItemMac(RunContext& context, std::string_view tenant)
      : context_(context),
        tenant_(tenant),
        workspace_(Workspace::For(tenant)),
        keys_(context, tenant) {}

  // FindToCompute finds the MAC key of a call or item and notes it for the audit trail, as
  // ItemCrypto::FindToEncrypt does. A null key: it must be loaded, and the run may not block.
  absl::StatusOr<KeyFinder::Found> FindToCompute(std::string_view key);

  struct Computed {
    std::string* mac;
    uint32_t key_version = 0;
  };
  // Compute makes a MAC under a key that FindToCompute found.
  absl::Status Compute(const KeyFinder::Found& key, const MacContext& place, std::string_view data,
                       Computed* out);

  struct Verified {
    bool valid = false;
    uint32_t key_version = 0;              // 0 where it is not valid
    Reason reason = Reason::kUnspecified;  // why it is not: for the audit trail only
  };
  // Verify returns kNeedsIo, with nothing done, where the key must be loaded and the run may
  // not block. An error: the MAC could not be looked at.
  absl::StatusOr<RunState> Verify(std::string_view pin, const MacContext& place,
                                  std::string_view mac, std::string_view data, Verified* out);

 private:
  absl::StatusOr<MacPlace> PlaceOf(const MacContext& place);
  // As Verify, where a MAC that is not valid is an error.
  absl::StatusOr<RunState> Check(std::string_view pin, const MacContext& place,
                                 std::string_view mac, std::string_view data, Verified* out);

  RunContext& context_;
  const std::string_view tenant_;
  Workspace& workspace_;
  KeyFinder keys_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_ITEM_MAC_H_
