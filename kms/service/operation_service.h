// OperationService on the engine.
#ifndef FIELDKMS_KMS_SERVICE_OPERATION_SERVICE_H_
#define FIELDKMS_KMS_SERVICE_OPERATION_SERVICE_H_

#include "fieldkms/v1/operation_service.grpc.pb.h"
#include "kms/rpc/engine.h"
#include "kms/service/call.h"
#include "kms/service/raw_service.h"

namespace fieldkms {

// As CryptoAsyncService and AddCryptoService.
using OperationAsyncService =
    RawService<v1::OperationService::Service, v1::OperationService::WithRawMethod_GetOperation,
               v1::OperationService::WithRawMethod_ListOperations,
               v1::OperationService::WithRawMethod_RotateRoot>;
void AddOperationService(Engine& engine, OperationAsyncService& service, ServiceContext& context);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_OPERATION_SERVICE_H_
