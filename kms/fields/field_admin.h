// FieldAdmin: making and changing fields.
#ifndef FIELDKMS_KMS_FIELDS_FIELD_ADMIN_H_
#define FIELDKMS_KMS_FIELDS_FIELD_ADMIN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/fields/field_directory.h"
#include "kms/fields/field_policy.h"
#include "kms/keyring/key_admin.h"
#include "kms/store/store.h"

namespace fieldkms {

// What a new field is to be. Keys in the policy are given by name or alias, without ids.
struct FieldSpec {
  std::string tenant;
  std::string name;
  FieldPolicy policy;
};

// What is to change of a field: what is not set stays.
struct FieldPatch {
  std::optional<std::string> key;  // name or alias
  std::optional<std::optional<IndexPolicy>> index;
  std::optional<std::optional<MaskTemplate>> mask;
  std::optional<std::vector<RoleMask>> role_masks;
  std::optional<std::vector<std::string>> json_pointers;
  std::optional<std::optional<TokenPolicy>> token;
};

// Safe for concurrent use. Mutations are durable when they return OK, and in force on this
// replica. Errors beside those of Store: kInvalidField; kKeyNotFound and kKeyPurpose naming
// the field of the request; kEtagMismatch (kAborted).
class FieldAdmin {
 public:
  // None is owned.
  FieldAdmin(Store& store, KeyAdmin& keys, FieldDirectory& directory, const Clock& clock)
      : store_(store), keys_(keys), directory_(directory), clock_(clock) {}

  absl::StatusOr<FieldRecord> Create(FieldSpec spec, std::string_view request_id,
                                     Deadline deadline);
  // `etag`: FieldRecord::change as the caller read it; 0: whatever it is.
  absl::StatusOr<FieldRecord> Update(std::string_view tenant, std::string_view name, uint64_t etag,
                                     const FieldPatch& patch, std::string_view request_id,
                                     Deadline deadline);
  absl::StatusOr<FieldRecord> Get(std::string_view tenant, std::string_view name,
                                  Deadline deadline);
  // Those after `after` ("" for the first), in byte order.
  absl::StatusOr<std::vector<FieldRecord>> List(std::string_view tenant, std::string_view after,
                                                size_t limit, Deadline deadline);

 private:
  // The key that `key` names, checked to have that purpose, and its primary version.
  absl::Status Resolve(std::string_view tenant, KeyPurpose purpose, std::string_view field,
                       PolicyKey* key, Deadline deadline, uint32_t* primary = nullptr);
  absl::Status ResolveAll(std::string_view tenant, FieldPolicy* policy, Deadline deadline);
  absl::Status ResolveToken(std::string_view tenant, TokenPolicy* token, Deadline deadline);
  absl::Status Apply(const FieldPatch& patch, std::string_view tenant, FieldPolicy* policy,
                     Deadline deadline);

  Store& store_;
  KeyAdmin& keys_;
  FieldDirectory& directory_;
  const Clock& clock_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_FIELDS_FIELD_ADMIN_H_
