// BatchComputeMac and BatchVerifyMac: up to 10,000 items a call.
#ifndef FIELDKMS_KMS_SERVICE_CRYPTO_MAC_BATCH_H_
#define FIELDKMS_KMS_SERVICE_CRYPTO_MAC_BATCH_H_

#include "fieldkms/v1/crypto_service.pb.h"
#include "kms/service/call.h"

namespace fieldkms {

class BatchComputeMacMethod {
 public:
  using Request = v1::BatchComputeMacRequest;
  using Response = v1::BatchComputeMacResponse;
  static constexpr MethodInfo kInfo{"CryptoService.BatchComputeMac", Action::kMacCompute,
                                    MethodInfo::Kind::kInline};
  absl::Status Describe(const Request& request, CallPlan* plan);
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response);
  static void WipeRequest(Request* request);
  static size_t CountMessages(const Request& request);

 private:
  int next_ = 0;
  bool one_key_ = false;  // no item names a key of its own
};

class BatchVerifyMacMethod {
 public:
  using Request = v1::BatchVerifyMacRequest;
  using Response = v1::BatchVerifyMacResponse;
  static constexpr MethodInfo kInfo{"CryptoService.BatchVerifyMac", Action::kMacVerify,
                                    MethodInfo::Kind::kInline};
  absl::Status Describe(const Request& request, CallPlan* plan);
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response);
  static void WipeRequest(Request* request);
  static size_t CountMessages(const Request& request);

 private:
  int next_ = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_CRYPTO_MAC_BATCH_H_
