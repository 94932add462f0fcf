// KeyService on the engine.
#ifndef FIELDKMS_KMS_SERVICE_KEY_SERVICE_H_
#define FIELDKMS_KMS_SERVICE_KEY_SERVICE_H_

#include "fieldkms/v1/key_service.grpc.pb.h"
#include "kms/rpc/engine.h"
#include "kms/service/call.h"
#include "kms/service/raw_service.h"

namespace fieldkms {

// As CryptoAsyncService and AddCryptoService.
using KeyAsyncService = RawService<
    v1::KeyService::Service, v1::KeyService::WithRawMethod_CreateKey,
    v1::KeyService::WithRawMethod_GetKey, v1::KeyService::WithRawMethod_ListKeys,
    v1::KeyService::WithRawMethod_RotateKey, v1::KeyService::WithRawMethod_ListKeyVersions,
    v1::KeyService::WithRawMethod_UpdateKey, v1::KeyService::WithRawMethod_EnableKeyVersion,
    v1::KeyService::WithRawMethod_DisableKeyVersion,
    v1::KeyService::WithRawMethod_ScheduleKeyVersionDestroy,
    v1::KeyService::WithRawMethod_CancelKeyVersionDestroy, v1::KeyService::WithRawMethod_SetAlias,
    v1::KeyService::WithRawMethod_DeleteAlias, v1::KeyService::WithRawMethod_ListAliases,
    v1::KeyService::WithRawMethod_GetImportParameters, v1::KeyService::WithRawMethod_ImportKey,
    v1::KeyService::WithRawMethod_ImportKeyVersion, v1::KeyService::WithRawMethod_ExportKeyVersion>;
void AddKeyService(Engine& engine, KeyAsyncService& service, ServiceContext& context);

// Its parts, which AddKeyService adds.
void AddKeyLifecycleMethods(Engine& engine, KeyAsyncService& service, ServiceContext& context);
void AddKeyTransferMethods(Engine& engine, KeyAsyncService& service, ServiceContext& context);
void AddAliasMethods(Engine& engine, KeyAsyncService& service, ServiceContext& context);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_KEY_SERVICE_H_
