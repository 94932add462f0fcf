#include "kms/service/crypto_mac.h"

#include "crypto/mac.h"
#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/service/describe.h"
#include "kms/service/key_finder.h"
#include "kms/service/mac_material.h"

namespace fieldkms {
namespace {

// What the data of a call is said of.
absl::StatusOr<MacPlace> PlaceOf(const std::string& tenant, const ContextField& context) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string_view canonical,
                            Workspace::For(tenant).CanonicalContext(context));
  return MacPlace{tenant, canonical};
}

absl::Status NoMacMaterial() { return Bug("a MAC key was loaded without MAC material"); }

// Whether a status says that the MAC is not right, rather than that it was not looked at.
bool IsMismatch(const absl::Status& status) {
  return ReasonOf(status) == Reason::kMacMismatch ||
         PublicReason(ReasonOf(status)) == Reason::kDecryptFailed;
}

absl::StatusOr<RunState> Verify(RunContext& context, const v1::VerifyMacRequest& request,
                                v1::VerifyMacResponse* response) {
  FIELDKMS_ASSIGN_OR_RETURN(const MacPlace place, PlaceOf(request.tenant(), request.context()));
  FIELDKMS_ASSIGN_OR_RETURN(const MacView mac, ParseMac(AsBytes(request.mac())));
  KeyFinder keys(context, request.tenant());
  FIELDKMS_ASSIGN_OR_RETURN(const KeyFinder::Found key,
                            keys.ToOpen({mac.header.key_id,
                                         mac.header.version,
                                         request.key(),
                                         {Action::kMacVerify, KeyPurpose::kMac}}));
  if (key.key == nullptr) return RunState::kNeedsIo;
  const MacKey* const material = MacKeyOf(*key.version);
  if (material == nullptr) return NoMacMaterial();
  FIELDKMS_RETURN_IF_ERROR(VerifyMac(*material, mac, place, AsBytes(request.data())));
  response->set_valid(true);
  response->set_key_version(key.version->version);
  return RunState::kDone;
}

}  // namespace

absl::Status ComputeMacMethod::Describe(const Request& request, CallPlan* plan) {
  return DescribeKeyUse(request, plan);
}

absl::StatusOr<RunState> ComputeMacMethod::Run(RunContext& context, const Request& request,
                                               Response* response) {
  FIELDKMS_ASSIGN_OR_RETURN(const MacPlace place, PlaceOf(request.tenant(), request.context()));
  KeyFinder keys(context, request.tenant());
  const auto key = keys.ToSeal(request.key(), {Action::kMacCompute, KeyPurpose::kMac});
  if (!key.ok()) return key.status();
  if (key->key == nullptr) return RunState::kNeedsIo;
  context.outcome.keys.Note(key->key->record.name);
  const MacKey* const material = MacKeyOf(*key->version);
  if (material == nullptr) return NoMacMaterial();
  const MacHeader header{key->key->record.key_id, key->version->version};
  FIELDKMS_RETURN_IF_ERROR(
      ComputeMac(*material, header, place, AsBytes(request.data()), response->mutable_mac()));
  response->set_key_version(header.version);
  return RunState::kDone;
}

absl::Status VerifyMacMethod::Describe(const Request& request, CallPlan* plan) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(request.tenant()));
  if (!request.key().empty()) FIELDKMS_RETURN_IF_ERROR(CheckKeyName(request.key(), "key"));
  plan->scope = CallPlan::Scope::kSomeKey;
  plan->tenant = request.tenant();
  return absl::OkStatus();
}

absl::StatusOr<RunState> VerifyMacMethod::Run(RunContext& context, const Request& request,
                                              Response* response) {
  const absl::StatusOr<RunState> state = Verify(context, request, response);
  if (state.ok() || !IsMismatch(state.status())) return state;
  // The answer is that it is not valid; the audit trail knows why.
  context.outcome.failed = 1;
  context.outcome.reason = ReasonOf(state.status());
  response->set_valid(false);
  return RunState::kDone;
}

}  // namespace fieldkms
