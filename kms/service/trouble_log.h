// TroubleLog tells the operator what callers are not told: why the server itself
// failed them.
#ifndef FIELDKMS_KMS_SERVICE_TROUBLE_LOG_H_
#define FIELDKMS_KMS_SERVICE_TROUBLE_LOG_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "crypto/status.h"
#include "kms/clock.h"

namespace fieldkms {

// OperatorReason: whether a failure is the server's own (its store, root key, memory,
// audit trail or code) rather than the request's. PublicText is what callers read of
// such a failure, whatever its message says of paths, system errors and records;
// empty for other reasons.
bool OperatorReason(Reason reason);
std::string_view PublicText(Reason reason);

// TroubleLog is safe for concurrent use.
class TroubleLog {
 public:
  explicit TroubleLog(const Clock& clock) : clock_(clock) {}

  // Logs "call_failed" with the method, the reason and the message of `status`, if its
  // reason is an OperatorReason, or the server is overloaded. `method` is a literal. A
  // method's reason is logged once in ten seconds; its next line, or Flush, says how
  // many were left out. The message of a library's status (HasReason) is not written. `trace_id`:
  // of the caller's trace, if it has one.
  void Note(std::string_view method, const absl::Status& status, std::string_view trace_id = {});
  // Logs "calls_failed" for each of which some were left out more than ten seconds ago.
  void Flush();

 private:
  using Which = std::pair<std::string_view, Reason>;  // method and reason
  struct Last {
    std::chrono::steady_clock::time_point logged;
    int64_t left_out = 0;
  };

  const Clock& clock_;
  std::mutex mutex_;
  std::map<Which, Last> last_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_TROUBLE_LOG_H_
