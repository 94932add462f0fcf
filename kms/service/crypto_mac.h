// ComputeMac and VerifyMac.
#ifndef FIELDKMS_KMS_SERVICE_CRYPTO_MAC_H_
#define FIELDKMS_KMS_SERVICE_CRYPTO_MAC_H_

#include "fieldkms/v1/crypto_service.pb.h"
#include "kms/service/call.h"
#include "kms/service/workspace.h"

namespace fieldkms {

class ComputeMacMethod {
 public:
  using Request = v1::ComputeMacRequest;
  using Response = v1::ComputeMacResponse;
  static constexpr MethodInfo kInfo{"CryptoService.ComputeMac", Action::kMacCompute,
                                    MethodInfo::Kind::kInline};
  absl::Status Describe(const Request& request, CallPlan* plan);
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response);
  static void WipeRequest(Request* request) { WipeString(request->mutable_data()); }
  static size_t CountMessages(const Request& request) { return Size(request.context()); }
};

class VerifyMacMethod {
 public:
  using Request = v1::VerifyMacRequest;
  using Response = v1::VerifyMacResponse;
  static constexpr MethodInfo kInfo{"CryptoService.VerifyMac", Action::kMacVerify,
                                    MethodInfo::Kind::kInline};
  absl::Status Describe(const Request& request, CallPlan* plan);
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response);
  static void WipeRequest(Request* request) { WipeString(request->mutable_data()); }
  static size_t CountMessages(const Request& request) { return Size(request.context()); }
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_CRYPTO_MAC_H_
