// Checkpoints of the audit trail by HTTP: to a service that keeps them.
#ifndef FIELDKMS_KMS_SERVER_AUDIT_HTTP_H_
#define FIELDKMS_KMS_SERVER_AUDIT_HTTP_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "kms/audit/checkpoint_export.h"
#include "kms/root/http_client.h"

namespace fieldkms {

// HttpTarget posts each checkpoint to `url`, the note as text/plain; each 2xx says that it is kept.
// 409 says that another of that log and size is there: the log was forked (kDataLoss,
// kStoreCorrupt). All else is tried again later. May be sent twice.
std::shared_ptr<CheckpointTarget> HttpTarget(std::string url, std::unique_ptr<HttpClient> client);

// The same by libcurl; an empty `ca_file` means the system's authorities. Error: kInvalidArgument,
// kConfigInvalid, also in a build without libcurl.
absl::StatusOr<std::shared_ptr<CheckpointTarget>> OpenHttpTarget(const std::string& url,
                                                                 const std::string& ca_file);

// A client for URLs that the configuration names, `key` being where; as above. It follows no proxy.
absl::StatusOr<std::unique_ptr<HttpClient>> OpenHttpClient(const std::string& key,
                                                           const std::string& ca_file);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVER_AUDIT_HTTP_H_
