// The lines of kms.requests, as a worker takes and answers them.
#ifndef FIELDKMS_ROTATION_REQUEST_QUEUE_H_
#define FIELDKMS_ROTATION_REQUEST_QUEUE_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rotation/database.h"
#include "rotation/request.h"

namespace fieldkms::rotation {

// How long a request stays a worker's that says nothing any more, and how often it says something
// (rotation/request_beat.h).
inline constexpr std::chrono::seconds kRequestLease{30};
inline constexpr std::chrono::seconds kRequestBeat{5};

// A request is one worker's at a time: it takes a lease and a fence, and nothing is written of one
// that was lost. Errors: of Database. For one thread.
class RequestQueue {
 public:
  // `database` must outlive it. `worker`: a name that no other has. `actions`: those that it takes.
  RequestQueue(Database& database, std::string worker, std::string tenant,
               std::vector<std::string> actions)
      : database_(database),
        worker_(std::move(worker)),
        tenant_(std::move(tenant)),
        actions_(std::move(actions)) {}

  // Takes the oldest request of the tenant's, or of none, that is queued or whose worker is gone;
  // or that is this worker's, who does not know: one that was lost with a connection, of which the
  // lease tells nothing, since the worker is there (rotation/request_beat.h).
  absl::StatusOr<std::optional<Request>> Take();

  // Nobody here works on it any more, whatever its line says.
  void Forget(const Request& request) { held_.erase(request.id); }

  // These do nothing where the request is not this worker's any more. Behind Done, Failed and
  // GiveBack it is forgotten, also where they fail.
  absl::Status Say(const Request& request, const std::string& progress);
  absl::Status AwaitJob(const Request& request, const std::string& job_id);
  absl::Status Done(const Request& request, const RequestOutcome& outcome);
  absl::Status Failed(const Request& request, const absl::Status& why);
  // Lets another worker have it, or this one again, after so long.
  absl::Status GiveBack(const Request& request,
                        std::chrono::seconds after = std::chrono::seconds(0));

 private:
  Database& database_;
  const std::string worker_;
  const std::string tenant_;
  const std::vector<std::string> actions_;
  std::set<int64_t> held_;  // those that were taken, and not forgotten
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_REQUEST_QUEUE_H_
