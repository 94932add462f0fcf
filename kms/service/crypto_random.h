// GenerateDataKey, with plaintext or without, and GenerateRandom.
#ifndef FIELDKMS_KMS_SERVICE_CRYPTO_RANDOM_H_
#define FIELDKMS_KMS_SERVICE_CRYPTO_RANDOM_H_

#include "fieldkms/v1/crypto_service.pb.h"
#include "kms/service/call.h"
#include "kms/service/workspace.h"

namespace fieldkms {

// The two differ in their names, which the audit trail has, and in their answers.
class GenerateDataKeyMethod {
 public:
  using Request = v1::GenerateDataKeyRequest;
  using Response = v1::GenerateDataKeyResponse;
  static constexpr MethodInfo kInfo{"CryptoService.GenerateDataKey", Action::kDataKeyGenerate,
                                    MethodInfo::Kind::kInline};
  absl::Status Describe(const Request& request, CallPlan* plan);
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response);
  static void WipeResponse(Response* response) { WipeString(response->mutable_plaintext()); }
  static size_t CountMessages(const Request& request) { return Size(request.context()); }
};

class GenerateDataKeyWithoutPlaintextMethod {
 public:
  using Request = v1::GenerateDataKeyWithoutPlaintextRequest;
  using Response = v1::GenerateDataKeyWithoutPlaintextResponse;
  static constexpr MethodInfo kInfo{"CryptoService.GenerateDataKeyWithoutPlaintext",
                                    Action::kDataKeyGenerate, MethodInfo::Kind::kInline};
  absl::Status Describe(const Request& request, CallPlan* plan);
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response);
  static size_t CountMessages(const Request& request) { return Size(request.context()); }
};

class GenerateRandomMethod {
 public:
  using Request = v1::GenerateRandomRequest;
  using Response = v1::GenerateRandomResponse;
  static constexpr MethodInfo kInfo{"CryptoService.GenerateRandom", Action::kRandomGenerate,
                                    MethodInfo::Kind::kInline};
  absl::Status Describe(const Request& request, CallPlan* plan);
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response);
  static void WipeResponse(Response* response) { WipeString(response->mutable_random()); }
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_CRYPTO_RANDOM_H_
