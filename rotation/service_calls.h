// What a worker asks of the service, as functions: so that it knows of no channel, and tests can
// cut what they like.
#ifndef FIELDKMS_ROTATION_SERVICE_CALLS_H_
#define FIELDKMS_ROTATION_SERVICE_CALLS_H_

#include <functional>

#include "absl/status/statusor.h"
#include "clients/cpp/client.h"
#include "fieldkms/v1/crypto_service.pb.h"
#include "fieldkms/v1/field_service.pb.h"
#include "fieldkms/v1/rotation_service.pb.h"

namespace fieldkms::rotation {

// Each is to be safe for use by several threads at once.
struct ServiceCalls {
  std::function<absl::StatusOr<v1::RotationJob>(const v1::GetJobRequest&)> get_job;
  std::function<absl::StatusOr<v1::RotationJob>(const v1::ReportJobRequest&)> report_job;
  std::function<absl::StatusOr<v1::RotationJob>(const v1::FinishJobRequest&)> finish_job;
  std::function<absl::StatusOr<v1::GetWriteBarrierResponse>(const v1::GetWriteBarrierRequest&)>
      get_write_barrier;
  // Of values: batches of any length.
  std::function<absl::StatusOr<v1::BatchRewrapResponse>(const v1::BatchRewrapRequest&)> rewrap;
  std::function<absl::StatusOr<v1::BatchEncryptResponse>(const v1::BatchEncryptRequest&)> encrypt;
  std::function<absl::StatusOr<v1::BatchDecryptResponse>(const v1::BatchDecryptRequest&)> decrypt;
  std::function<absl::StatusOr<v1::BatchProtectResponse>(const v1::BatchProtectRequest&)> protect;
  std::function<absl::StatusOr<v1::BatchRevealResponse>(const v1::BatchRevealRequest&)> reveal;
  std::function<absl::StatusOr<v1::BatchBlindIndexResponse>(const v1::BatchBlindIndexRequest&)>
      blind_index;
  std::function<absl::StatusOr<v1::Field>(const v1::GetFieldRequest&)> get_field;
};

// Those of a client, which must outlive them.
ServiceCalls CallsOf(Client& client);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_SERVICE_CALLS_H_
