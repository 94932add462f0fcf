#include "kms/service/crypto_service.h"

#include "kms/service/crypto_batch.h"
#include "kms/service/crypto_mac.h"
#include "kms/service/crypto_mac_batch.h"
#include "kms/service/crypto_random.h"
#include "kms/service/crypto_single.h"
#include "kms/service/method_call.h"

namespace fieldkms {

void AddCryptoService(Engine& engine, CryptoAsyncService& service, ServiceContext& context) {
  using Async = CryptoAsyncService;
  engine.AddService(service, v1::CryptoService::service_full_name());
  AddMethod<EncryptMethod>(engine, service, &Async::RequestEncrypt, context, kBusyMethod);
  AddMethod<DecryptMethod>(engine, service, &Async::RequestDecrypt, context, kBusyMethod);
  AddMethod<RewrapMethod>(engine, service, &Async::RequestRewrap, context, kBusyMethod);
  AddMethod<BatchEncryptMethod>(engine, service, &Async::RequestBatchEncrypt, context);
  AddMethod<BatchDecryptMethod>(engine, service, &Async::RequestBatchDecrypt, context);
  AddMethod<BatchRewrapMethod>(engine, service, &Async::RequestBatchRewrap, context);
  AddMethod<ComputeMacMethod>(engine, service, &Async::RequestComputeMac, context, kBusyMethod);
  AddMethod<VerifyMacMethod>(engine, service, &Async::RequestVerifyMac, context, kBusyMethod);
  AddMethod<BatchComputeMacMethod>(engine, service, &Async::RequestBatchComputeMac, context);
  AddMethod<BatchVerifyMacMethod>(engine, service, &Async::RequestBatchVerifyMac, context);
  AddMethod<GenerateDataKeyMethod>(engine, service, &Async::RequestGenerateDataKey, context);
  AddMethod<GenerateDataKeyWithoutPlaintextMethod>(
      engine, service, &Async::RequestGenerateDataKeyWithoutPlaintext, context);
  AddMethod<GenerateRandomMethod>(engine, service, &Async::RequestGenerateRandom, context);
}

}  // namespace fieldkms
