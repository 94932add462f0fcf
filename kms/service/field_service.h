// FieldService on the engine.
#ifndef FIELDKMS_KMS_SERVICE_FIELD_SERVICE_H_
#define FIELDKMS_KMS_SERVICE_FIELD_SERVICE_H_

#include "fieldkms/v1/field_service.grpc.pb.h"
#include "kms/rpc/engine.h"
#include "kms/service/call.h"
#include "kms/service/raw_service.h"

namespace fieldkms {

// As CryptoAsyncService and AddCryptoService.
using FieldAsyncService = RawService<
    v1::FieldService::Service, v1::FieldService::WithRawMethod_CreateField,
    v1::FieldService::WithRawMethod_GetField, v1::FieldService::WithRawMethod_UpdateField,
    v1::FieldService::WithRawMethod_ListFields, v1::FieldService::WithRawMethod_Protect,
    v1::FieldService::WithRawMethod_BatchProtect, v1::FieldService::WithRawMethod_Reveal,
    v1::FieldService::WithRawMethod_BatchReveal, v1::FieldService::WithRawMethod_Mask,
    v1::FieldService::WithRawMethod_BatchMask, v1::FieldService::WithRawMethod_BlindIndex,
    v1::FieldService::WithRawMethod_BatchBlindIndex, v1::FieldService::WithRawMethod_Validate,
    v1::FieldService::WithRawMethod_BatchValidate, v1::FieldService::WithRawMethod_Tokenize,
    v1::FieldService::WithRawMethod_BatchTokenize, v1::FieldService::WithRawMethod_Detokenize,
    v1::FieldService::WithRawMethod_BatchDetokenize, v1::FieldService::WithRawMethod_Erase,
    v1::FieldService::WithRawMethod_BatchErase>;
void AddFieldService(Engine& engine, FieldAsyncService& service, ServiceContext& context);

// Its part that makes and changes fields, which AddFieldService adds.
void AddFieldAdminMethods(Engine& engine, FieldAsyncService& service, ServiceContext& context);
// And that of tokens.
void AddTokenMethods(Engine& engine, FieldAsyncService& service, ServiceContext& context);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_FIELD_SERVICE_H_
