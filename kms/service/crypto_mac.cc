#include "kms/service/crypto_mac.h"

#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/service/describe.h"
#include "kms/service/item_mac.h"

namespace fieldkms {

absl::Status ComputeMacMethod::Describe(const Request& request, CallPlan* plan) {
  return DescribeKeyUse(request, plan);
}

absl::StatusOr<RunState> ComputeMacMethod::Run(RunContext& context, const Request& request,
                                               Response* response) {
  ItemMac item(context, request.tenant());
  FIELDKMS_ASSIGN_OR_RETURN(const KeyFinder::Found key, item.FindToCompute(request.key()));
  if (key.key == nullptr) return RunState::kNeedsIo;
  ItemMac::Computed out{response->mutable_mac()};
  FIELDKMS_RETURN_IF_ERROR(
      item.Compute(key, {Workspace::NoContext(), request.context()}, request.data(), &out));
  response->set_key_version(out.key_version);
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
  ItemMac item(context, request.tenant());
  ItemMac::Verified out;
  FIELDKMS_ASSIGN_OR_RETURN(const RunState state,
                            item.Verify(request.key(), {Workspace::NoContext(), request.context()},
                                        request.mac(), request.data(), &out));
  if (state == RunState::kNeedsIo) return state;
  if (!out.valid) {  // the answer is that it is not; the audit trail knows why
    context.outcome.failed = 1;
    context.outcome.reason = out.reason;
  }
  response->set_valid(out.valid);
  response->set_key_version(out.key_version);
  return RunState::kDone;
}

}  // namespace fieldkms
