// AuditService on the engine.
#ifndef FIELDKMS_KMS_SERVICE_AUDIT_SERVICE_H_
#define FIELDKMS_KMS_SERVICE_AUDIT_SERVICE_H_

#include "fieldkms/v1/audit_service.grpc.pb.h"
#include "kms/rpc/engine.h"
#include "kms/service/call.h"
#include "kms/service/raw_service.h"

namespace fieldkms {

// As CryptoAsyncService and AddCryptoService.
using AuditAsyncService =
    RawService<v1::AuditService::Service, v1::AuditService::WithRawMethod_ListAuditRecords,
               v1::AuditService::WithRawMethod_WatchAuditRecords,
               v1::AuditService::WithRawMethod_GetAuditCheckpoint,
               v1::AuditService::WithRawMethod_ProveAuditRecord,
               v1::AuditService::WithRawMethod_ProveAuditContinuation>;
void AddAuditService(Engine& engine, AuditAsyncService& service, ServiceContext& context);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_AUDIT_SERVICE_H_
