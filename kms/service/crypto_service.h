// CryptoService on the engine.
#ifndef FIELDKMS_KMS_SERVICE_CRYPTO_SERVICE_H_
#define FIELDKMS_KMS_SERVICE_CRYPTO_SERVICE_H_

#include "fieldkms/v1/crypto_service.grpc.pb.h"
#include "kms/rpc/engine.h"
#include "kms/service/call.h"

namespace fieldkms {

inline constexpr int kMaxBatchItems = 10'000;

// Adds `service` and its methods to `engine`. All three outlive the engine's run.
void AddCryptoService(Engine& engine, v1::CryptoService::AsyncService& service,
                      ServiceContext& context);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_CRYPTO_SERVICE_H_
