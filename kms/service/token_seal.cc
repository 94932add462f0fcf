#include "kms/service/token_seal.h"

namespace fieldkms {
namespace {

constexpr std::string_view kTokenEntry = "t";

absl::Status NotLoaded() { return Bug("a key was not loaded where that may block"); }

}  // namespace

absl::Status TokenNotFound() {
  return Error(absl::StatusCode::kNotFound, Reason::kTokenNotFound,
               "the field has no such token: never, or it was used, has expired or was erased",
               "token");
}

TokenSeal::TokenSeal(FieldRun& run)
    : run_(run),
      crypto_(run.context(), run.tenant(), run.nonces()),
      lookup_keys_(run.context(), run.tenant()) {
  own_.Add()->set_name(std::string(kTokenEntry));
}

const ContextField& TokenSeal::ContextOf(std::string_view token) {
  own_.Mutable(0)->set_value(std::string(token));
  return own_;
}

absl::StatusOr<KeyFinder::Found> TokenSeal::FindKey(const LoadedField& field) {
  const PolicyKey& key = field.policy.token->key;
  FIELDKMS_ASSIGN_OR_RETURN(const KeyFinder::Found found,
                            crypto_.FindToEncrypt(key.name, run_.UseOf(KeyPurpose::kToken, key)));
  if (found.key == nullptr) return NotLoaded();
  return found;
}

absl::Status TokenSeal::CheckKey(const LoadedField& field) { return FindKey(field).status(); }

absl::Status TokenSeal::Seal(const LoadedField& field, std::string_view token,
                             std::string_view value, std::string_view subject,
                             std::string* sealed) {
  FIELDKMS_ASSIGN_OR_RETURN(const KeyFinder::Found key, FindKey(field));
  FIELDKMS_ASSIGN_OR_RETURN(const ContextField* const shared,
                            run_.PlaceOf(field, {Workspace::NoContext(), Workspace::NoContext()}));
  ItemCrypto::Encrypted out{sealed};
  return crypto_.EncryptUnder(key, *shared, ContextOf(token), value, &out, subject);
}

absl::Status TokenSeal::Open(const LoadedField& field, std::string_view token,
                             std::string_view sealed, std::string* value) {
  FIELDKMS_ASSIGN_OR_RETURN(const EnvelopeView envelope, ParseEnvelope(AsBytes(sealed)));
  const PolicyKey& key = field.policy.token->key;
  if (envelope.header.key_id != key.key_id) return DecryptError(Reason::kOtherKey);
  FIELDKMS_ASSIGN_OR_RETURN(const ContextField* const shared,
                            run_.PlaceOf(field, {Workspace::NoContext(), Workspace::NoContext()}));
  ItemCrypto::Decrypted out{value};
  FIELDKMS_ASSIGN_OR_RETURN(const RunState state,
                            crypto_.Decrypt({}, *shared, ContextOf(token), sealed, &out,
                                            run_.UseOf(KeyPurpose::kToken, key)));
  return state == RunState::kDone ? absl::OkStatus() : NotLoaded();
}

absl::Status TokenSeal::Lookup(const LoadedField& field, std::string* lookup) {
  const TokenPolicy& policy = *field.policy.token;
  FIELDKMS_ASSIGN_OR_RETURN(
      const KeyFinder::Found found,
      lookup_keys_.ToOpen({policy.lookup_key.key_id,
                           policy.lookup_version,
                           {},
                           run_.UseOf(KeyPurpose::kBlindIndex, policy.lookup_key)}));
  if (found.key == nullptr) return NotLoaded();
  FIELDKMS_ASSIGN_OR_RETURN(const BlindIndexKey* const index,
                            run_.IndexKey(field, kTokenIndex, kFullIndexBits, *found.version));
  return index->Compute(run_.canonical(), lookup);
}

}  // namespace fieldkms
