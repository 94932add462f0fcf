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
  kFieldCreate,
  kFieldRead,
  kFieldUpdate,
  kFieldProtect,
  kFieldReveal,    // up to the rule's mask level
  kFieldMask,      // a value that the caller has
  kFieldIndex,     // tells whether a value is there
  kFieldValidate,  // uses no key
  kFieldTokenize,
  kFieldDetokenize,  // up to the rule's mask level
  kFieldErase,       // tokens
  kSubjectRead,
  kSubjectHold,
  kSubjectErase,
  kRotationRead,
  kRotationManage,  // jobs and schedules
  kRotationWork,    // what workers of jobs call
  kAuditRead,       // the trail, and its proofs
};
inline constexpr int kActionCount = 41;

// What an action is on. kTenants: tenants themselves, or the service; what is of no tenant
// counts as the tenant "", which the pattern "*" matches.
enum class ActionTarget : uint8_t { kTenants, kKeys, kFields };
constexpr ActionTarget TargetOf(Action action) {
  switch (action) {
    case Action::kTenantCreate:
    case Action::kTenantRead:
    case Action::kRandomGenerate:
    case Action::kTenantRotateKek:
    case Action::kRootRotate:
    case Action::kOperationRead:
    case Action::kSystemRead:
    case Action::kSubjectRead:
    case Action::kSubjectHold:
    case Action::kSubjectErase:
    case Action::kRotationRead:
    case Action::kRotationManage:
    case Action::kRotationWork:
    case Action::kAuditRead:
      return ActionTarget::kTenants;
    case Action::kFieldCreate:
    case Action::kFieldRead:
    case Action::kFieldUpdate:
    case Action::kFieldProtect:
    case Action::kFieldReveal:
    case Action::kFieldMask:
    case Action::kFieldIndex:
    case Action::kFieldValidate:
    case Action::kFieldTokenize:
    case Action::kFieldDetokenize:
    case Action::kFieldErase:
      return ActionTarget::kFields;
    default:
      return ActionTarget::kKeys;
  }
}

// Whether it gives values in the clear, or what their masks leave: what reveal budgets count.
constexpr bool ShowsValues(Action action) {
  return action == Action::kDecrypt || action == Action::kFieldReveal ||
         action == Action::kFieldDetokenize;
}

// The name in configuration and audit, such as "key.rotate".
std::string_view ActionName(Action action);
std::optional<Action> ParseAction(std::string_view name);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ACCESS_ACTION_H_
