// Action: what a caller may be allowed to do.
#ifndef FIELDKMS_KMS_ACCESS_ACTION_H_
#define FIELDKMS_KMS_ACCESS_ACTION_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace fieldkms {

enum class Action : uint8_t {
  kEncrypt,
  kDecrypt,
  kRewrap,
  kKeyCreate,
  kKeyRead,
  kKeyRotate,
  kTenantCreate,
  kTenantRead,
  kKeyUpdate,
  kKeyDisable,  // and enable
  kKeyDestroy,  // and cancel
  kAliasSet,    // and delete
  kMacCompute,
  kMacVerify,
  kDataKeyGenerate,
  kRandomGenerate,
  kTenantRotateKek,
  kRootRotate,
  kOperationRead,
  kSystemRead,
  kLeaseAcquire,  // and renew, and end
  kKeyImport,
  kKeyExport,
};
inline constexpr int kActionCount = 23;

// Whether an action is on tenants themselves, or on the service, rather than on keys of
// a tenant. What is of no tenant counts as the tenant "", which the pattern "*" matches.
constexpr bool ActsOnTenants(Action action) {
  switch (action) {
    case Action::kTenantCreate:
    case Action::kTenantRead:
    case Action::kRandomGenerate:
    case Action::kTenantRotateKek:
    case Action::kRootRotate:
    case Action::kOperationRead:
    case Action::kSystemRead:
      return true;
    default:
      return false;
  }
}

// The name in configuration and audit, such as "key.rotate".
std::string_view ActionName(Action action);
std::optional<Action> ParseAction(std::string_view name);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ACCESS_ACTION_H_
