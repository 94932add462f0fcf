// SubjectService on the engine.
#ifndef FIELDKMS_KMS_SERVICE_SUBJECT_SERVICE_H_
#define FIELDKMS_KMS_SERVICE_SUBJECT_SERVICE_H_

#include "fieldkms/v1/subject_service.grpc.pb.h"
#include "kms/rpc/engine.h"
#include "kms/service/call.h"
#include "kms/service/raw_service.h"

namespace fieldkms {

// As CryptoAsyncService and AddCryptoService.
using SubjectAsyncService =
    RawService<v1::SubjectService::Service, v1::SubjectService::WithRawMethod_GetSubject,
               v1::SubjectService::WithRawMethod_ListSubjects,
               v1::SubjectService::WithRawMethod_ListSubjectTokens,
               v1::SubjectService::WithRawMethod_SetLegalHold,
               v1::SubjectService::WithRawMethod_EraseSubject>;
void AddSubjectService(Engine& engine, SubjectAsyncService& service, ServiceContext& context);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_SUBJECT_SERVICE_H_
