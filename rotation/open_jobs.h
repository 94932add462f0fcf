// Jobs of the service that a data source has open: which one to work on, and which one fills a
// column that is being converted.
#ifndef FIELDKMS_ROTATION_OPEN_JOBS_H_
#define FIELDKMS_ROTATION_OPEN_JOBS_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cpp/rotation_client.h"
#include "rotation/registry.h"

namespace fieldkms::rotation {

// Errors of all: those of RotationClient's calls.

// Calls `on_job` with each that has not ended, newest first, until it returns false.
absl::Status ForEachOpenJob(Client& client, const std::string& tenant,
                            const std::string& data_source,
                            const std::function<bool(const v1::RotationJob&)>& on_job);

// The job that fills a column that is being converted: encrypts its plaintext, or decrypts its
// ciphertext. All rows are compared with what they were made of.
v1::CreateJobRequest FillJobRequest(const ProtectedColumn& column, const std::string& data_source,
                                    bool start);

// The open job that does this, made and started where there is none (of `request_id`: see
// CreateJobRequest) and started where it is PLANNED. A paused one stays so: somebody wanted that.
absl::StatusOr<v1::RotationJob> EnsureFillJob(Client& client, const ProtectedColumn& column,
                                              const std::string& data_source,
                                              const std::string& request_id);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_OPEN_JOBS_H_
