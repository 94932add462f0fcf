// KeyService on the engine.
#ifndef FIELDKMS_KMS_SERVICE_KEY_SERVICE_H_
#define FIELDKMS_KMS_SERVICE_KEY_SERVICE_H_

#include "fieldkms/v1/key_service.grpc.pb.h"
#include "kms/rpc/engine.h"
#include "kms/service/call.h"

namespace fieldkms {

// As AddCryptoService.
void AddKeyService(Engine& engine, v1::KeyService::AsyncService& service, ServiceContext& context);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_KEY_SERVICE_H_
