// TenantService on the engine.
#ifndef FIELDKMS_KMS_SERVICE_TENANT_SERVICE_H_
#define FIELDKMS_KMS_SERVICE_TENANT_SERVICE_H_

#include "fieldkms/v1/tenant_service.grpc.pb.h"
#include "kms/rpc/engine.h"
#include "kms/service/call.h"
#include "kms/service/raw_service.h"

namespace fieldkms {

// As CryptoAsyncService and AddCryptoService.
using TenantAsyncService =
    RawService<v1::TenantService::Service, v1::TenantService::WithRawMethod_CreateTenant,
               v1::TenantService::WithRawMethod_ListTenants,
               v1::TenantService::WithRawMethod_RotateTenantKek>;
void AddTenantService(Engine& engine, TenantAsyncService& service, ServiceContext& context);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_TENANT_SERVICE_H_
