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
};
inline constexpr int kActionCount = 8;

// Whether an action is on tenants themselves rather than on keys of a tenant.
constexpr bool ActsOnTenants(Action action) {
  return action == Action::kTenantCreate || action == Action::kTenantRead;
}

// The name in configuration and audit, such as "key.rotate".
std::string_view ActionName(Action action);
std::optional<Action> ParseAction(std::string_view name);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ACCESS_ACTION_H_
