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
  if (!policy.token) return absl::OkStatus();
  const TokenPolicy& token = *policy.token;
  if (!token.key.empty()) return InvalidField("token.key", why);
  if (!token.lookup_key.empty()) return InvalidField("token.lookup_key", why);
  if (token.text != TokenTemplate()) {
    return InvalidField("token", "of a CVV is text of the form's own length, and keeps nothing");
  }
  if (token.convergent) return InvalidField("token.convergent", "is not for CVVs");
  if (token.ttl > kMaxVolatileTtl) {
    return InvalidField("token.ttl", "of a CVV is at most 15 minutes");
  }
  return absl::OkStatus();
}

absl::Status CheckToken(const TokenPolicy& token) {
  if (token.key.empty()) return InvalidField("token.key", "is required");
  FIELDKMS_RETURN_IF_ERROR(CheckTokenTemplate(token.text, "token"));
  if (token.convergent && token.lookup_key.empty()) {
    return InvalidField("token.lookup_key", "is required for convergent tokens");
  }
  if (token.convergent && token.single_use) {
    return InvalidField("token.single_use", "is not for convergent tokens");
  }
  if (token.ttl.count() < 0 || token.ttl > kMaxTokenTtl) {
    return InvalidField("token.ttl", "is at most a hundred years");
  }
  return absl::OkStatus();
}

absl::Status CheckJson(const FieldPolicy& policy) {
  if (policy.key.empty()) return InvalidField("key", "is required");
  if (policy.fpe) return InvalidField("fpe", "is not for JSON documents");
  if (policy.index) return InvalidField("blind_index", "is not for JSON documents");
  if (policy.token) return InvalidField("token", "is not for JSON documents");
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
  if (policy.key.empty() && !policy.fpe && !policy.token) {
    return InvalidField("key", "is required, where there is no `fpe` and no `token`");
  }
  if (policy.token) FIELDKMS_RETURN_IF_ERROR(CheckToken(*policy.token));
  if (policy.index) FIELDKMS_RETURN_IF_ERROR(CheckIndex(*policy.index));
  return policy.fpe ? CheckFpe(policy) : absl::OkStatus();
}

}  // namespace fieldkms
