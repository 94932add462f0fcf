#include "kms/service/field_records.h"

#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/service/records.h"

namespace fieldkms {
namespace {

void ToProto(const MaskTemplate& mask, v1::MaskTemplate* out) {
  out->set_keep_first(mask.keep_first);
  out->set_keep_last(mask.keep_last);
  out->set_hides(static_cast<v1::MaskClass>(mask.hides));
  out->set_fill(mask.fill);
  out->set_fixed_length(mask.fixed_length);
}

absl::StatusOr<MaskTemplate> FromProto(const v1::MaskTemplate& mask, std::string_view field) {
  if (!v1::MaskClass_IsValid(mask.hides())) {
    return InvalidField(std::string(field) + ".hides", "is not one that this release knows");
  }
  MaskTemplate out;
  out.keep_first = mask.keep_first();
  out.keep_last = mask.keep_last();
  if (mask.hides() != v1::MASK_CLASS_UNSPECIFIED)
    out.hides = MaskClass{static_cast<uint8_t>(mask.hides())};
  if (!mask.fill().empty()) out.fill = mask.fill();
  out.fixed_length = mask.fixed_length();
  return out;
}

FpePolicy FromProto(const v1::FpePolicy& fpe) {
  FpePolicy out;
  out.key.name = fpe.key();
  if (!fpe.alphabet().empty()) out.text.alphabet = fpe.alphabet();
  out.text.keep_first = fpe.keep_first();
  out.text.keep_last = fpe.keep_last();
  return out;
}

IndexPolicy FromProto(const v1::BlindIndexPolicy& index) {
  IndexPolicy out;
  out.key.name = index.key();
  if (index.bucket_bits() != 0) out.bits = index.bucket_bits();
  out.distinct_values = index.distinct_values();
  return out;
}

absl::StatusOr<TokenPolicy> FromProto(const v1::TokenPolicy& token) {
  if (!v1::TokenForm_IsValid(token.form())) {
    return InvalidField("token.form", "is not one that this release knows");
  }
  TokenPolicy out;
  out.key.name = token.key();
  if (token.form() != v1::TOKEN_FORM_UNSPECIFIED) {
    out.text.form = TokenForm{static_cast<uint8_t>(token.form())};
  }
  out.text.same_length = token.same_length();
  out.text.keep_last = token.keep_last();
  out.lookup_key.name = token.lookup_key();
  out.convergent = token.convergent();
  out.single_use = token.single_use();
  FIELDKMS_ASSIGN_OR_RETURN(out.ttl, WholeSeconds(token.ttl(), "token.ttl"));
  return out;
}

void ToProto(const TokenPolicy& token, v1::TokenPolicy* out) {
  out->set_key(token.key.name);
  out->set_form(static_cast<v1::TokenForm>(token.text.form));
  out->set_same_length(token.text.same_length);
  out->set_keep_last(token.text.keep_last);
  out->set_lookup_key(token.lookup_key.name);
  out->set_convergent(token.convergent);
  out->set_single_use(token.single_use);
  if (token.ttl.count() != 0) fieldkms::ToProto(token.ttl, out->mutable_ttl());
}

template <class Request>
absl::StatusOr<std::vector<RoleMask>> RoleMasksOf(const Request& request) {
  std::vector<RoleMask> masks;
  for (const v1::RoleMask& mask : request.role_masks()) {
    FIELDKMS_ASSIGN_OR_RETURN(MaskTemplate read, FromProto(mask.mask(), "role_masks.mask"));
    masks.push_back({mask.role(), std::move(read)});
  }
  return masks;
}

void PolicyToProto(const FieldPolicy& policy, v1::Field* out) {
  out->set_format(static_cast<v1::FieldFormat>(policy.format));
  out->set_key(policy.key.name);
  if (policy.fpe) {
    v1::FpePolicy* const fpe = out->mutable_fpe();
    fpe->set_key(policy.fpe->key.name);
    fpe->set_alphabet(policy.fpe->text.alphabet);
    fpe->set_keep_first(policy.fpe->text.keep_first);
    fpe->set_keep_last(policy.fpe->text.keep_last);
  }
  if (policy.index) {
    v1::BlindIndexPolicy* const index = out->mutable_blind_index();
    index->set_key(policy.index->key.name);
    if (policy.index->bits != kFullIndexBits) index->set_bucket_bits(policy.index->bits);
    index->set_distinct_values(policy.index->distinct_values);
  }
  if (policy.token) ToProto(*policy.token, out->mutable_token());
  if (policy.mask) ToProto(*policy.mask, out->mutable_mask());
  for (const RoleMask& mask : policy.role_masks) {
    v1::RoleMask* const added = out->add_role_masks();
    added->set_role(mask.role);
    ToProto(mask.mask, added->mutable_mask());
  }
  for (const std::string& pointer : policy.json_pointers) out->add_json_pointers(pointer);
}

}  // namespace

absl::Status ToProto(const FieldRecord& record, v1::Field* out) {
  FIELDKMS_ASSIGN_OR_RETURN(const FieldPolicy policy, PolicyFromJson(record.policy));
  out->set_tenant(record.tenant);
  out->set_name(record.name);
  out->set_field_id(FormatKeyId(record.field_id));
  PolicyToProto(policy, out);
  ToProto(record.create_time, out->mutable_create_time());
  ToProto(record.update_time, out->mutable_update_time());
  out->set_etag(Etag(record.change));
  return absl::OkStatus();
}

absl::StatusOr<FieldSpec> FromProto(const v1::CreateFieldRequest& request) {
  if (request.format() == v1::FIELD_FORMAT_UNSPECIFIED ||
      !v1::FieldFormat_IsValid(request.format())) {
    return InvalidField("format", request.format() == v1::FIELD_FORMAT_UNSPECIFIED
                                      ? "is required"
                                      : "is not one that this release knows");
  }
  FieldSpec spec{request.tenant(), request.name(), {}};
  FieldPolicy& policy = spec.policy;
  policy.format = FieldFormat{static_cast<uint8_t>(request.format())};
  policy.key.name = request.key();
  if (request.has_fpe()) policy.fpe = FromProto(request.fpe());
  if (request.has_blind_index()) policy.index = FromProto(request.blind_index());
  if (request.has_token()) {
    FIELDKMS_ASSIGN_OR_RETURN(policy.token, FromProto(request.token()));
  }
  if (request.has_mask()) {
    FIELDKMS_ASSIGN_OR_RETURN(policy.mask, FromProto(request.mask(), "mask"));
  }
  FIELDKMS_ASSIGN_OR_RETURN(policy.role_masks, RoleMasksOf(request));
  policy.json_pointers.assign(request.json_pointers().begin(), request.json_pointers().end());
  return spec;
}

absl::StatusOr<FieldPatch> FromProto(const v1::UpdateFieldRequest& request) {
  FieldPatch patch;
  if (request.update_mask().paths().empty()) return InvalidField("update_mask", "is required");
  for (const std::string& path : request.update_mask().paths()) {
    if (path == "key") {
      patch.key = request.key();
    } else if (path == "blind_index") {
      patch.index.emplace();
      if (request.has_blind_index()) patch.index->emplace(FromProto(request.blind_index()));
    } else if (path == "token") {
      patch.token.emplace();
      if (request.has_token()) {
        FIELDKMS_ASSIGN_OR_RETURN(*patch.token, FromProto(request.token()));
      }
    } else if (path == "mask") {
      patch.mask.emplace();
      if (request.has_mask()) {
        FIELDKMS_ASSIGN_OR_RETURN(*patch.mask, FromProto(request.mask(), "mask"));
      }
    } else if (path == "role_masks") {
      FIELDKMS_ASSIGN_OR_RETURN(patch.role_masks, RoleMasksOf(request));
    } else if (path == "json_pointers") {
      patch.json_pointers.emplace(request.json_pointers().begin(), request.json_pointers().end());
    } else {
      return InvalidField("update_mask", "names what cannot be changed");
    }
  }
  return patch;
}

}  // namespace fieldkms
