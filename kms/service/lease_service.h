// LeaseService on the engine.
#ifndef FIELDKMS_KMS_SERVICE_LEASE_SERVICE_H_
#define FIELDKMS_KMS_SERVICE_LEASE_SERVICE_H_

#include "fieldkms/v1/lease_service.grpc.pb.h"
#include "kms/rpc/engine.h"
#include "kms/service/call.h"
#include "kms/service/raw_service.h"

namespace fieldkms {

// As CryptoAsyncService and AddCryptoService.
using LeaseAsyncService =
    RawService<v1::LeaseService::Service, v1::LeaseService::WithRawMethod_AcquireLease,
               v1::LeaseService::WithRawMethod_RenewLease,
               v1::LeaseService::WithRawMethod_EndLease>;
void AddLeaseService(Engine& engine, LeaseAsyncService& service, ServiceContext& context);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_LEASE_SERVICE_H_
