#include "rotation/service_calls.h"

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
  return calls;
}

}  // namespace fieldkms::rotation
