// KeyService on the engine.
#ifndef FIELDKMS_KMS_SERVICE_KEY_SERVICE_H_
#define FIELDKMS_KMS_SERVICE_KEY_SERVICE_H_

#include "fieldkms/v1/key_service.grpc.pb.h"
#include "kms/rpc/engine.h"
#include "kms/service/call.h"

namespace fieldkms {

// As AddCryptoService.
namespace key_service_internal {
using S = v1::KeyService;
using Reads = S::WithRawMethod_GetKey<
    S::WithRawMethod_ListKeys<S::WithRawMethod_ListKeyVersions<S::Service>>>;
}  // namespace key_service_internal
using KeyAsyncService = v1::KeyService::WithRawMethod_CreateKey<
    v1::KeyService::WithRawMethod_RotateKey<key_service_internal::Reads>>;

void AddKeyService(Engine& engine, KeyAsyncService& service, ServiceContext& context);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_KEY_SERVICE_H_
