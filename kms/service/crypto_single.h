// Encrypt, Decrypt, Rewrap: one item a call.
#ifndef FIELDKMS_KMS_SERVICE_CRYPTO_SINGLE_H_
#define FIELDKMS_KMS_SERVICE_CRYPTO_SINGLE_H_

#include "fieldkms/v1/crypto_service.pb.h"
#include "kms/service/call.h"
#include "kms/service/workspace.h"

namespace fieldkms {

class EncryptMethod {
 public:
  using Request = v1::EncryptRequest;
  using Response = v1::EncryptResponse;
  static constexpr MethodInfo kInfo{"CryptoService.Encrypt", Action::kEncrypt,
                                    MethodInfo::Kind::kInline};
  absl::Status Describe(const Request& request, CallPlan* plan);
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response);
  static void WipeRequest(Request* request) { WipeString(request->mutable_plaintext()); }
  static size_t CountMessages(const Request& request) { return Size(request.context()); }
};

class DecryptMethod {
 public:
  using Request = v1::DecryptRequest;
  using Response = v1::DecryptResponse;
  static constexpr MethodInfo kInfo{"CryptoService.Decrypt", Action::kDecrypt,
                                    MethodInfo::Kind::kInline};
  absl::Status Describe(const Request& request, CallPlan* plan);
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response);
  static void WipeResponse(Response* response) { WipeString(response->mutable_plaintext()); }
  static size_t CountMessages(const Request& request) { return Size(request.context()); }
};

class RewrapMethod {
 public:
  using Request = v1::RewrapRequest;
  using Response = v1::RewrapResponse;
  static constexpr MethodInfo kInfo{"CryptoService.Rewrap", Action::kRewrap,
                                    MethodInfo::Kind::kInline};
  absl::Status Describe(const Request& request, CallPlan* plan);
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response);
  static size_t CountMessages(const Request& request) {
    return Size(request.context()) + Size(request.destination_context().entries());
  }
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_CRYPTO_SINGLE_H_
