// SystemService on the engine.
#ifndef FIELDKMS_KMS_SERVICE_SYSTEM_SERVICE_H_
#define FIELDKMS_KMS_SERVICE_SYSTEM_SERVICE_H_

#include "fieldkms/v1/system_service.grpc.pb.h"
#include "kms/rpc/engine.h"
#include "kms/service/call.h"
#include "kms/service/raw_service.h"

namespace fieldkms {

// As CryptoAsyncService and AddCryptoService.
using SystemAsyncService =
    RawService<v1::SystemService::Service, v1::SystemService::WithRawMethod_GetStatus>;
void AddSystemService(Engine& engine, SystemAsyncService& service, ServiceContext& context);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_SYSTEM_SERVICE_H_
