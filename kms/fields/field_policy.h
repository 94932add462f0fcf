// FieldPolicy: how the values of a field are protected, as pure data and rules. What the
// store keeps of it is JSON (FieldRecord::policy).
#ifndef FIELDKMS_KMS_FIELDS_FIELD_POLICY_H_
#define FIELDKMS_KMS_FIELDS_FIELD_POLICY_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/blind_index.h"
#include "crypto/field/format.h"
#include "crypto/field/mask.h"
#include "crypto/field/token_text.h"
#include "crypto/fpe_text.h"

namespace fieldkms {

// A key as a policy names it: by its own name, which never changes, and its id.
struct PolicyKey {
  std::string name;
  uint64_t key_id = 0;
  bool empty() const { return name.empty(); }
  friend bool operator==(const PolicyKey&, const PolicyKey&) = default;
};

struct FpePolicy {
  PolicyKey key;
  FpeTemplate text;
  friend bool operator==(const FpePolicy&, const FpePolicy&) = default;
};

struct IndexPolicy {
  PolicyKey key;
  uint32_t bits = kFullIndexBits;
  uint64_t distinct_values = 0;  // 0: not known
  friend bool operator==(const IndexPolicy&, const IndexPolicy&) = default;
};

// Vaulted tokens; of a CVV volatile ones, which have no keys.
struct TokenPolicy {
  PolicyKey key;  // TOKEN
  TokenTemplate text;
  PolicyKey lookup_key;         // BLIND_INDEX; empty: nobody finds the tokens of a value
  uint32_t lookup_version = 0;  // of it, for ever: tokens do not converge over versions
  bool convergent = false;
  bool single_use = false;
  std::chrono::seconds ttl{0};  // 0: none
  friend bool operator==(const TokenPolicy&, const TokenPolicy&) = default;
};

struct RoleMask {
  std::string role;
  MaskTemplate mask;
  friend bool operator==(const RoleMask&, const RoleMask&) = default;
};

struct FieldPolicy {
  FieldFormat format = FieldFormat::kFreeText;
  PolicyKey key;                      // ENCRYPT; empty: there is no ciphertext
  std::vector<uint64_t> former_keys;  // ids of those that sealed before `key` did
  std::optional<FpePolicy> fpe;
  std::optional<IndexPolicy> index;
  std::optional<TokenPolicy> token;
  std::optional<MaskTemplate> mask;  // nothing: the format's own
  std::vector<RoleMask> role_masks;  // the first that a caller has
  std::vector<std::string> json_pointers;
  friend bool operator==(const FieldPolicy&, const FieldPolicy&) = default;
};

inline constexpr size_t kMaxRoleMasks = 32;
inline constexpr size_t kMaxFormerKeys = 64;
inline constexpr std::chrono::seconds kMaxTokenTtl = std::chrono::hours(24 * 366 * 100);
inline constexpr std::chrono::seconds kMaxVolatileTtl = std::chrono::minutes(15);
inline constexpr uint64_t kLeastDistinctValues = 32;

// CheckPolicy: whether a policy makes sense as a whole; names of keys and their purposes are
// the caller's to check. Error: InvalidField, naming the field of CreateFieldRequest.
absl::Status CheckPolicy(const FieldPolicy& policy);

// What the store keeps, and back. Error: kDataLoss, kStoreCorrupt, for what ToJson does not
// make; kFailedPrecondition, kStoreTooNew, for what a later release made.
std::string ToJson(const FieldPolicy& policy);
absl::StatusOr<FieldPolicy> PolicyFromJson(std::string_view json);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_FIELDS_FIELD_POLICY_H_
