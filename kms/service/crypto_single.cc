#include "kms/service/crypto_single.h"

#include "crypto/names.h"
#include "kms/service/item_crypto.h"

namespace fieldkms {

absl::Status EncryptMethod::Describe(const Request& request, CallPlan* plan) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(request.tenant()));
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(request.key(), "key"));
  plan->scope = CallPlan::Scope::kSomeKey;
  plan->tenant = request.tenant();
  plan->key = request.key();
  return absl::OkStatus();
}

absl::StatusOr<RunState> EncryptMethod::Run(RunContext& context, const Request& request,
                                            Response* response) {
  SingleNonce nonce;
  ItemCrypto item(context, request.tenant(), nonce);
  ItemCrypto::Encrypted out{response->mutable_ciphertext()};
  FIELDKMS_ASSIGN_OR_RETURN(const RunState state,
                            item.Encrypt(request.key(), Workspace::NoContext(), request.context(),
                                         request.plaintext(), &out));
  response->set_key_version(out.key_version);
  return state;
}

absl::Status DecryptMethod::Describe(const Request& request, CallPlan* plan) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(request.tenant()));
  if (!request.key().empty()) FIELDKMS_RETURN_IF_ERROR(CheckKeyName(request.key(), "key"));
  plan->scope = CallPlan::Scope::kSomeKey;
  plan->tenant = request.tenant();
  return absl::OkStatus();
}

absl::StatusOr<RunState> DecryptMethod::Run(RunContext& context, const Request& request,
                                            Response* response) {
  SingleNonce nonce;
  ItemCrypto item(context, request.tenant(), nonce);
  ItemCrypto::Decrypted out{response->mutable_plaintext()};
  FIELDKMS_ASSIGN_OR_RETURN(const RunState state,
                            item.Decrypt(request.key(), Workspace::NoContext(), request.context(),
                                         request.ciphertext(), &out));
  response->set_key_version(out.key_version);
  return state;
}

absl::Status RewrapMethod::Describe(const Request& request, CallPlan* plan) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(request.tenant()));
  if (!request.destination_key().empty()) {
    FIELDKMS_RETURN_IF_ERROR(CheckKeyName(request.destination_key(), "destination_key"));
  }
  plan->scope = CallPlan::Scope::kSomeKey;
  plan->tenant = request.tenant();
  return absl::OkStatus();
}

absl::StatusOr<RunState> RewrapMethod::Run(RunContext& context, const Request& request,
                                           Response* response) {
  SingleNonce nonce;
  ItemCrypto item(context, request.tenant(), nonce);
  ItemCrypto::Rewrapped out{response->mutable_ciphertext()};
  FIELDKMS_ASSIGN_OR_RETURN(
      const RunState state,
      item.Rewrap(request.destination_key(),
                  request.has_destination_context() ? &request.destination_context() : nullptr,
                  Workspace::NoContext(), request.context(), request.ciphertext(), &out));
  response->set_source_key_version(out.source_key_version);
  response->set_key_version(out.key_version);
  return state;
}

}  // namespace fieldkms
