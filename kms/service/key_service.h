// KeyService on the engine.
#ifndef FIELDKMS_KMS_SERVICE_KEY_SERVICE_H_
#define FIELDKMS_KMS_SERVICE_KEY_SERVICE_H_

#include "fieldkms/v1/key_service.grpc.pb.h"
#include "kms/rpc/engine.h"
#include "kms/service/call.h"

namespace fieldkms {

// As CryptoAsyncService and AddCryptoService.
using KeyAsyncService =
    v1::KeyService::WithRawMethod_CreateKey<v1::KeyService::WithRawMethod_GetKey<
        v1::KeyService::WithRawMethod_ListKeys<v1::KeyService::WithRawMethod_RotateKey<
            v1::KeyService::WithRawMethod_ListKeyVersions<v1::KeyService::Service>>>>>;
void AddKeyService(Engine& engine, KeyAsyncService& service, ServiceContext& context);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_KEY_SERVICE_H_
