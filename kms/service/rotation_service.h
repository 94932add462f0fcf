// RotationService on the engine.
#ifndef FIELDKMS_KMS_SERVICE_ROTATION_SERVICE_H_
#define FIELDKMS_KMS_SERVICE_ROTATION_SERVICE_H_

#include "fieldkms/v1/rotation_service.grpc.pb.h"
#include "kms/rpc/engine.h"
#include "kms/service/call.h"
#include "kms/service/raw_service.h"

namespace fieldkms {

// As CryptoAsyncService and AddCryptoService.
using RotationAsyncService = RawService<
    v1::RotationService::Service, v1::RotationService::WithRawMethod_CreateJob,
    v1::RotationService::WithRawMethod_StartJob, v1::RotationService::WithRawMethod_PauseJob,
    v1::RotationService::WithRawMethod_ResumeJob, v1::RotationService::WithRawMethod_CancelJob,
    v1::RotationService::WithRawMethod_UpdateJobLimits, v1::RotationService::WithRawMethod_GetJob,
    v1::RotationService::WithRawMethod_ListJobs, v1::RotationService::WithRawMethod_WatchJob,
    v1::RotationService::WithRawMethod_ReportJob, v1::RotationService::WithRawMethod_FinishJob,
    v1::RotationService::WithRawMethod_GetWriteBarrier,
    v1::RotationService::WithRawMethod_CreateSchedule,
    v1::RotationService::WithRawMethod_ListSchedules,
    v1::RotationService::WithRawMethod_SuspendSchedule,
    v1::RotationService::WithRawMethod_DeleteSchedule>;
void AddRotationService(Engine& engine, RotationAsyncService& service, ServiceContext& context);

// Its parts, which AddRotationService adds.
void AddRotationReadMethods(Engine& engine, RotationAsyncService& service, ServiceContext& context);
void AddRotationWorkMethods(Engine& engine, RotationAsyncService& service, ServiceContext& context);
void AddRotationScheduleMethods(Engine& engine, RotationAsyncService& service,
                                ServiceContext& context);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_ROTATION_SERVICE_H_
