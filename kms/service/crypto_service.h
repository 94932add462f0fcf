// CryptoService on the engine.
#ifndef FIELDKMS_KMS_SERVICE_CRYPTO_SERVICE_H_
#define FIELDKMS_KMS_SERVICE_CRYPTO_SERVICE_H_

#include "fieldkms/v1/crypto_service.grpc.pb.h"
#include "kms/rpc/engine.h"
#include "kms/service/call.h"
#include "kms/service/raw_service.h"

namespace fieldkms {

inline constexpr int kMaxBatchItems = 10'000;

// The generated service with each method raw, as Engine::AddUnary takes them.
using CryptoAsyncService = RawService<
    v1::CryptoService::Service, v1::CryptoService::WithRawMethod_Encrypt,
    v1::CryptoService::WithRawMethod_Decrypt, v1::CryptoService::WithRawMethod_Rewrap,
    v1::CryptoService::WithRawMethod_BatchEncrypt, v1::CryptoService::WithRawMethod_BatchDecrypt,
    v1::CryptoService::WithRawMethod_BatchRewrap, v1::CryptoService::WithRawMethod_ComputeMac,
    v1::CryptoService::WithRawMethod_VerifyMac, v1::CryptoService::WithRawMethod_BatchComputeMac,
    v1::CryptoService::WithRawMethod_BatchVerifyMac,
    v1::CryptoService::WithRawMethod_GenerateDataKey,
    v1::CryptoService::WithRawMethod_GenerateDataKeyWithoutPlaintext,
    v1::CryptoService::WithRawMethod_GenerateRandom>;

// Adds `service` and its methods to `engine`. All three outlive the engine's run.
void AddCryptoService(Engine& engine, CryptoAsyncService& service, ServiceContext& context);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_CRYPTO_SERVICE_H_
