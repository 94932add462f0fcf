#include "kms/service/crypto_mac_batch.h"

#include "crypto/names.h"
#include "kms/service/batch.h"
#include "kms/service/item_mac.h"

namespace fieldkms {
namespace {

template <class Request>
void WipeData(Request* request) {
  for (auto& item : *request->mutable_items()) WipeString(item.mutable_data());
}

}  // namespace

absl::Status BatchComputeMacMethod::Describe(const Request& request, CallPlan* plan) {
  return DescribeKeyedBatch(request, plan, &one_key_);
}

absl::StatusOr<RunState> BatchComputeMacMethod::Run(RunContext& context, const Request& request,
                                                    Response* response) {
  ItemMac macs(context, request.tenant());
  KeyFinder::Found key;
  if (one_key_) {  // without it no item can be tried
    FIELDKMS_ASSIGN_OR_RETURN(key, macs.FindToCompute(request.key()));
    if (key.key == nullptr) return RunState::kNeedsIo;
  }
  return RunBatch(context, request.items_size(), &next_, response,
                  [&](int index, Response::Result* result) -> absl::StatusOr<RunState> {
                    const Request::Item& item = request.items(index);
                    if (!one_key_) {
                      FIELDKMS_ASSIGN_OR_RETURN(const std::string_view name,
                                                ItemKey(item.key(), request.key(), "key"));
                      FIELDKMS_RETURN_IF_ERROR(CheckKeyName(name, "key"));
                      FIELDKMS_ASSIGN_OR_RETURN(key, macs.FindToCompute(name));
                      if (key.key == nullptr) return RunState::kNeedsIo;
                    }
                    ItemMac::Computed out{result->mutable_mac()};
                    FIELDKMS_RETURN_IF_ERROR(macs.Compute(
                        key, {request.shared_context(), item.context()}, item.data(), &out));
                    result->set_key_version(out.key_version);
                    return RunState::kDone;
                  });
}

size_t BatchComputeMacMethod::CountMessages(const Request& request) { return CountBatch(request); }

void BatchComputeMacMethod::WipeRequest(Request* request) { WipeData(request); }

absl::Status BatchVerifyMacMethod::Describe(const Request& request, CallPlan* plan) {
  return DescribeBatch(request.tenant(), request.key(), "key", request.items_size(), plan);
}

absl::StatusOr<RunState> BatchVerifyMacMethod::Run(RunContext& context, const Request& request,
                                                   Response* response) {
  ItemMac macs(context, request.tenant());
  const auto verify_one = [&](int index, Response::Result* result) -> absl::StatusOr<RunState> {
    const Request::Item& item = request.items(index);
    FIELDKMS_ASSIGN_OR_RETURN(const std::string_view pin,
                              ItemKey(item.key(), request.key(), "key"));
    ItemMac::Verified out;
    FIELDKMS_ASSIGN_OR_RETURN(const RunState state,
                              macs.Verify(pin, {request.shared_context(), item.context()},
                                          item.mac(), item.data(), &out));
    if (state == RunState::kNeedsIo) return state;
    result->set_valid(out.valid);
    result->set_key_version(out.key_version);
    if (out.valid) return RunState::kDone;
    response->set_invalid_count(response->invalid_count() + 1);
    Reason& reason = context.outcome.reason;
    if (reason == Reason::kUnspecified) reason = out.reason;
    return RunState::kDone;
  };
  FIELDKMS_ASSIGN_OR_RETURN(const RunState state,
                            RunBatch(context, request.items_size(), &next_, response, verify_one));
  // To the audit trail a MAC that is not valid is as bad as one that was not looked at.
  if (state == RunState::kDone) context.outcome.failed += response->invalid_count();
  return state;
}

size_t BatchVerifyMacMethod::CountMessages(const Request& request) { return CountBatch(request); }

void BatchVerifyMacMethod::WipeRequest(Request* request) { WipeData(request); }

}  // namespace fieldkms
