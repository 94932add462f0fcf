// What a replica knows of itself, for Prometheus (https://prometheus.io/docs/instrumenting):
// how its root of trust is, its store, what it has loaded, its schedules, its memory for keys. It
// tells nothing of tenants, keys or values.
#ifndef FIELDKMS_KMS_SERVER_METRICS_H_
#define FIELDKMS_KMS_SERVER_METRICS_H_

#include <prometheus/metric_family.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "kms/keyring/keyring.h"
#include "kms/service/replica.h"

namespace fieldkms {

// What there is to tell at `now`. docs/operators.md lists the names; they are part of the
// interface.
std::vector<prometheus::MetricFamily> DescribeReplica(const Replica& replica,
                                                      const KeyringStatus& keyring,
                                                      std::chrono::steady_clock::time_point now);

// MetricsEndpoint answers GET /metrics, on threads of its own, while it lives.
class MetricsEndpoint {
 public:
  // Start listens on `address`, such as "127.0.0.1:9464". `replica` and `keyring` outlive the
  // endpoint. Error: kUnavailable, reason kConfigInvalid, if the address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<MetricsEndpoint>> Start(const std::string& address,
                                                                const Replica& replica,
                                                                const Keyring& keyring);
  ~MetricsEndpoint();

 private:
  struct Parts;
  explicit MetricsEndpoint(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVER_METRICS_H_
