// BatchEncrypt, BatchDecrypt, BatchRewrap: up to 10,000 items a call.
#ifndef FIELDKMS_KMS_SERVICE_CRYPTO_BATCH_H_
#define FIELDKMS_KMS_SERVICE_CRYPTO_BATCH_H_

#include "fieldkms/v1/crypto_service.pb.h"
#include "kms/service/call.h"

namespace fieldkms {

class BatchEncryptMethod {
 public:
  using Request = v1::BatchEncryptRequest;
  using Response = v1::BatchEncryptResponse;
  static constexpr MethodInfo kInfo{"CryptoService.BatchEncrypt", Action::kEncrypt,
                                    MethodInfo::Kind::kInline};
  absl::Status Describe(const Request& request, CallPlan* plan);
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response);
  static void WipeRequest(Request* request);
  static size_t CountMessages(const Request& request);

 private:
  int next_ = 0;
  bool one_key_ = false;  // no item names a key of its own
};

class BatchDecryptMethod {
 public:
  using Request = v1::BatchDecryptRequest;
  using Response = v1::BatchDecryptResponse;
  static constexpr MethodInfo kInfo{"CryptoService.BatchDecrypt", Action::kDecrypt,
                                    MethodInfo::Kind::kInline};
  absl::Status Describe(const Request& request, CallPlan* plan);
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response);
  static void WipeResponse(Response* response);
  static size_t CountMessages(const Request& request);

 private:
  int next_ = 0;
};

class BatchRewrapMethod {
 public:
  using Request = v1::BatchRewrapRequest;
  using Response = v1::BatchRewrapResponse;
  static constexpr MethodInfo kInfo{"CryptoService.BatchRewrap", Action::kRewrap,
                                    MethodInfo::Kind::kInline};
  absl::Status Describe(const Request& request, CallPlan* plan);
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response);
  static size_t CountMessages(const Request& request);

 private:
  int next_ = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_CRYPTO_BATCH_H_
