#include "kms/fields/field_admin.h"

#include <array>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/names.h"
#include "crypto/random.h"
#include "crypto/status.h"
#include "kms/keyring/fingerprint.h"

namespace fieldkms {
namespace {

// Ids are random: that one is taken once is unlikely, and twice says that something is wrong.
constexpr int kMostDraws = 3;
// An update without an etag is tried anew where the field changed in between.
constexpr int kMostTries = 8;

absl::StatusOr<uint64_t> DrawFieldId() {
  std::array<uint8_t, 8> bytes{};
  uint64_t id = 0;
  while (id == 0) {
    FIELDKMS_RETURN_IF_ERROR(RandomBytes(bytes));
    id = GetU64(bytes.data());
  }
  return id;
}

// All that a patch asks for as one text: what differs, differs here.
std::string TextOf(const FieldPatch& patch) {
  FieldPolicy asked;
  std::string named;
  if (patch.key) {
    named += "key,";
    asked.key.name = *patch.key;
  }
  if (patch.index) {
    named += "index,";
    asked.index = *patch.index;
  }
  if (patch.mask) {
    named += "mask,";
    asked.mask = *patch.mask;
  }
  if (patch.role_masks) {
    named += "role_masks,";
    asked.role_masks = *patch.role_masks;
  }
  if (patch.json_pointers) {
    named += "json_pointers,";
    asked.json_pointers = *patch.json_pointers;
  }
  if (patch.token) {
    named += "token,";
    asked.token = *patch.token;
  }
  return named + ToJson(asked);
}

// Tokens that are there must be found, read and told apart as before.
absl::Status CheckTokenChange(const std::optional<TokenPolicy>& old,
                              const std::optional<TokenPolicy>& now) {
  if (!old) return absl::OkStatus();
  std::optional<TokenPolicy> same = now;
  if (same) {
    same->single_use = old->single_use;
    same->ttl = old->ttl;
  }
  if (same == old) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kFieldPolicy,
               "of a field's tokens only single_use and ttl change: those that are there would "
               "not be found",
               "token");
}

}  // namespace

absl::Status FieldAdmin::Resolve(std::string_view tenant, KeyPurpose purpose,
                                 std::string_view field, PolicyKey* key, Deadline deadline,
                                 uint32_t* primary) {
  if (key->empty()) return InvalidField(field, "is required");
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(key->name, field));
  const absl::StatusOr<KeyRecord> found = keys_.GetKey(tenant, key->name, deadline);
  if (ReasonOf(found.status()) == Reason::kKeyNotFound) {
    return Error(absl::StatusCode::kNotFound, Reason::kKeyNotFound, MessageOf(found.status()),
                 field);
  }
  if (!found.ok()) return found.status();
  if (found->purpose != purpose) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kKeyPurpose,
                 "the key's purpose is not " + std::string(PurposeName(purpose)), field);
  }
  *key = {found->name, found->key_id};
  if (primary != nullptr) *primary = found->primary_version;
  return absl::OkStatus();
}

absl::Status FieldAdmin::ResolveAll(std::string_view tenant, FieldPolicy* policy,
                                    Deadline deadline) {
  if (!policy->key.empty()) {
    FIELDKMS_RETURN_IF_ERROR(Resolve(tenant, KeyPurpose::kEncrypt, "key", &policy->key, deadline));
  }
  if (policy->fpe) {
    FIELDKMS_RETURN_IF_ERROR(
        Resolve(tenant, KeyPurpose::kFpe, "fpe.key", &policy->fpe->key, deadline));
  }
  if (policy->index) {
    FIELDKMS_RETURN_IF_ERROR(
        Resolve(tenant, KeyPurpose::kBlindIndex, "blind_index.key", &policy->index->key, deadline));
  }
  return policy->token ? ResolveToken(tenant, &*policy->token, deadline) : absl::OkStatus();
}

absl::Status FieldAdmin::ResolveToken(std::string_view tenant, TokenPolicy* token,
                                      Deadline deadline) {
  if (token->key.empty()) return absl::OkStatus();  // volatile
  FIELDKMS_RETURN_IF_ERROR(Resolve(tenant, KeyPurpose::kToken, "token.key", &token->key, deadline));
  if (token->lookup_key.empty()) return absl::OkStatus();
  uint32_t primary = 0;
  FIELDKMS_RETURN_IF_ERROR(Resolve(tenant, KeyPurpose::kBlindIndex, "token.lookup_key",
                                   &token->lookup_key, deadline, &primary));
  if (token->lookup_version == 0) token->lookup_version = primary;
  return absl::OkStatus();
}

absl::StatusOr<FieldRecord> FieldAdmin::Create(FieldSpec spec, std::string_view request_id,
                                               Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(spec.tenant));
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(spec.name));
  FIELDKMS_RETURN_IF_ERROR(CheckPolicy(spec.policy));
  FIELDKMS_ASSIGN_OR_RETURN(
      const Mutation mutation,
      MutationOf(request_id, {"CreateField", spec.tenant, spec.name, ToJson(spec.policy)}));
  FIELDKMS_RETURN_IF_ERROR(ResolveAll(spec.tenant, &spec.policy, deadline));
  const WallTime now = clock_.Now();
  for (int draw = 1;; ++draw) {
    FIELDKMS_ASSIGN_OR_RETURN(const uint64_t field_id, DrawFieldId());
    const FieldRecord record{spec.tenant, spec.name, field_id, ToJson(spec.policy), now, now, 0};
    absl::StatusOr<Applied<FieldRecord>> applied = store_.PutField(record, mutation, deadline);
    const bool taken = applied.status().code() == absl::StatusCode::kAborted &&
                       ReasonOf(applied.status()) == Reason::kFieldExists;
    if (taken && draw < kMostDraws) continue;
    if (!applied.ok()) return applied.status();
    directory_.OnFieldChanged(spec.tenant, spec.name);
    return std::move(applied->value);
  }
}

absl::Status FieldAdmin::Apply(const FieldPatch& patch, std::string_view tenant,
                               FieldPolicy* policy, Deadline deadline) {
  const FieldPolicy old = *policy;
  if (patch.key) policy->key = {*patch.key, 0};
  if (patch.index) policy->index = *patch.index;
  if (patch.mask) policy->mask = *patch.mask;
  if (patch.role_masks) policy->role_masks = *patch.role_masks;
  if (patch.json_pointers) policy->json_pointers = *patch.json_pointers;
  if (patch.token) {
    policy->token = *patch.token;
    if (old.token && policy->token) policy->token->lookup_version = old.token->lookup_version;
  }
  FIELDKMS_RETURN_IF_ERROR(CheckPolicy(*policy));
  FIELDKMS_RETURN_IF_ERROR(ResolveAll(tenant, policy, deadline));
  FIELDKMS_RETURN_IF_ERROR(CheckTokenChange(old.token, policy->token));
  if (old.index && policy->index &&
      (old.index->key != policy->index->key || old.index->bits != policy->index->bits)) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kFieldPolicy,
                 "the key and the buckets of an index do not change: what was indexed would not be "
                 "found. Rotate its key, or take the index away and index anew",
                 "blind_index");
  }
  if (!old.key.empty() && old.key != policy->key) {
    std::erase(policy->former_keys, policy->key.key_id);
    policy->former_keys.push_back(old.key.key_id);
    if (policy->former_keys.size() > kMaxFormerKeys) {
      return Error(absl::StatusCode::kFailedPrecondition, Reason::kFieldPolicy,
                   "the field has had 64 keys", "key");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<FieldRecord> FieldAdmin::Update(std::string_view tenant, std::string_view name,
                                               uint64_t etag, const FieldPatch& patch,
                                               std::string_view request_id, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(name));
  FIELDKMS_ASSIGN_OR_RETURN(
      const Mutation mutation,
      MutationOf(request_id, {"UpdateField", tenant, name, std::to_string(etag), TextOf(patch)}));
  for (int tries = 1;; ++tries) {
    FIELDKMS_ASSIGN_OR_RETURN(FieldRecord record, store_.GetField(tenant, name, deadline));
    FIELDKMS_ASSIGN_OR_RETURN(FieldPolicy policy, PolicyFromJson(record.policy));
    FIELDKMS_RETURN_IF_ERROR(Apply(patch, tenant, &policy, deadline));
    record.policy = ToJson(policy);
    record.update_time = clock_.Now();
    if (etag != 0) record.change = etag;
    absl::StatusOr<Applied<FieldRecord>> applied = store_.PutField(record, mutation, deadline);
    const bool changed = ReasonOf(applied.status()) == Reason::kEtagMismatch;
    if (changed && etag == 0 && tries < kMostTries) continue;
    if (!applied.ok()) return applied.status();
    directory_.OnFieldChanged(tenant, name);
    return std::move(applied->value);
  }
}

absl::StatusOr<FieldRecord> FieldAdmin::Get(std::string_view tenant, std::string_view name,
                                            Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(name));
  return store_.GetField(tenant, name, deadline);
}

absl::StatusOr<std::vector<FieldRecord>> FieldAdmin::List(std::string_view tenant,
                                                          std::string_view after, size_t limit,
                                                          Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  return store_.ListFields(tenant, after, limit, deadline);
}

}  // namespace fieldkms
