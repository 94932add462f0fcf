#include "rotation/service_calls.h"

#include "clients/cpp/field_client.h"
#include "clients/cpp/rotation_client.h"

namespace fieldkms::rotation {

ServiceCalls CallsOf(Client& client) {
  RotationClient rotations(client);
  ServiceCalls calls;
  calls.get_job = [rotations](const v1::GetJobRequest& request) mutable {
    return rotations.GetJob(request);
  };
  calls.report_job = [rotations](const v1::ReportJobRequest& request) mutable {
    return rotations.ReportJob(request);
  };
  calls.finish_job = [rotations](const v1::FinishJobRequest& request) mutable {
    return rotations.FinishJob(request);
  };
  calls.get_write_barrier = [rotations](const v1::GetWriteBarrierRequest& request) mutable {
    return rotations.GetWriteBarrier(request);
  };
  calls.rewrap = [&client](const v1::BatchRewrapRequest& request) {
    return client.BatchRewrap(request);
  };
  calls.encrypt = [&client](const v1::BatchEncryptRequest& request) {
    return client.BatchEncrypt(request);
  };
  calls.decrypt = [&client](const v1::BatchDecryptRequest& request) {
    return client.BatchDecrypt(request);
  };
  FieldClient fields(client);
  calls.protect = [fields](const v1::BatchProtectRequest& request) mutable {
    return fields.BatchProtect(request);
  };
  calls.reveal = [fields](const v1::BatchRevealRequest& request) mutable {
    return fields.BatchReveal(request);
  };
  calls.blind_index = [fields](const v1::BatchBlindIndexRequest& request) mutable {
    return fields.BatchBlindIndex(request);
  };
  calls.get_field = [fields](const v1::GetFieldRequest& request) mutable {
    return fields.GetField(request);
  };
  return calls;
}

}  // namespace fieldkms::rotation
