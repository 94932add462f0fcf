#include "kms/fields/field_policy.h"

#include <set>

#include "crypto/field/json_members.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr size_t kMaxRoleName = 256;

absl::Status CheckNothingKept(const FieldPolicy& policy) {
  const char* const why = "a CVV is never kept, not even encrypted (PCI DSS 4.0.1, 3.3.1)";
  if (!policy.key.empty()) return InvalidField("key", why);
  if (policy.fpe) return InvalidField("fpe", why);
  if (policy.index) return InvalidField("blind_index", why);
  return absl::OkStatus();
}

absl::Status CheckJson(const FieldPolicy& policy) {
  if (policy.key.empty()) return InvalidField("key", "is required");
  if (policy.fpe) return InvalidField("fpe", "is not for JSON documents");
  if (policy.index) return InvalidField("blind_index", "is not for JSON documents");
  return CheckPointers(policy.json_pointers, "json_pointers");
}

absl::Status CheckIndex(const IndexPolicy& index) {
  const uint32_t bits = index.bits;
  if (bits != kFullIndexBits && bits != 8 && bits != 16 && bits != 24 && bits != 32) {
    return InvalidField("blind_index.bucket_bits", "is 0, 8, 16, 24 or 32");
  }
  if (index.distinct_values != 0 && index.distinct_values < kLeastDistinctValues) {
    return InvalidField("blind_index.distinct_values",
                        "is below 32: an index of so few values would give them away");
  }
  return absl::OkStatus();
}

absl::Status CheckFpe(const FieldPolicy& policy) {
  FIELDKMS_RETURN_IF_ERROR(FpeAlphabet::Create(policy.fpe->text, "fpe").status());
  if (policy.format == FieldFormat::kPan && policy.fpe->text.alphabet != FpeTemplate().alphabet) {
    return InvalidField("fpe.alphabet", "of a card number is its digits");
  }
  return absl::OkStatus();
}

absl::Status CheckMasks(const FieldPolicy& policy) {
  if (policy.mask) FIELDKMS_RETURN_IF_ERROR(CheckTemplate(*policy.mask, policy.format, "mask"));
  if (policy.role_masks.size() > kMaxRoleMasks) {
    return InvalidField("role_masks", "has more than 32 entries");
  }
  std::set<std::string_view> roles;
  for (const RoleMask& mask : policy.role_masks) {
    if (mask.role.empty() || mask.role.size() > kMaxRoleName) {
      return InvalidField("role_masks.role", "has 1 to 256 bytes");
    }
    if (!roles.insert(mask.role).second) {
      return InvalidField("role_masks.role", "is named twice");
    }
    FIELDKMS_RETURN_IF_ERROR(CheckTemplate(mask.mask, policy.format, "role_masks.mask"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckPolicy(const FieldPolicy& policy) {
  const FormatInfo* const format = FindFormat(policy.format);
  if (format == nullptr) return InvalidField("format", "is not one that this release knows");
  FIELDKMS_RETURN_IF_ERROR(CheckMasks(policy));
  if (policy.format == FieldFormat::kJson) return CheckJson(policy);
  if (!policy.json_pointers.empty()) {
    return InvalidField("json_pointers", "are for JSON documents");
  }
  if (!format->may_be_kept) return CheckNothingKept(policy);
  if (policy.key.empty() && !policy.fpe) {
    return InvalidField("key", "is required, where there is no `fpe`");
  }
  if (policy.index) FIELDKMS_RETURN_IF_ERROR(CheckIndex(*policy.index));
  return policy.fpe ? CheckFpe(policy) : absl::OkStatus();
}

}  // namespace fieldkms
