// RequestServer carries out requests that were made in SQL, one after another (kms.requests). It
// keeps nothing that another worker would not find in the database.
#ifndef FIELDKMS_ROTATION_REQUEST_SERVER_H_
#define FIELDKMS_ROTATION_REQUEST_SERVER_H_

#include <chrono>
#include <functional>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cpp/client.h"
#include "rotation/database.h"
#include "rotation/request.h"
#include "rotation/request_queue.h"
#include "rotation/request_runner.h"

namespace fieldkms::rotation {

// For one thread. Somebody beats for it (RequestBeat).
class RequestServer {
 public:
  struct Options {
    RequestScope scope;
    std::string worker;
    // What others lock is tried for again for so long before the request fails as busy.
    std::chrono::milliseconds patience{20'000};
    // Waits for so long; true: to stop was asked for.
    std::function<bool(std::chrono::milliseconds)> wait;
    // What was done, for a log: a line.
    std::function<void(const std::string&)> say;
  };

  // All must outlive it.
  RequestServer(Database& database, Client& client, Options options);

  // Takes a request, if there is one, and carries it out; looks at jobs that requests wait for.
  // True: there was one. Errors: of Database, of the queue's own: they are no request's, and the
  // next Step is as good as this one.
  absl::StatusOr<bool> Step();

  // Gives back what waits for jobs, so that another worker sees to it at once.
  absl::Status GiveBack();

 private:
  absl::Status Carry(const Request& request);
  absl::StatusOr<RequestOutcome> Run(const Request& request);
  absl::Status Answer(const Request& request, const absl::StatusOr<RequestOutcome>& outcome);
  absl::Status LookAtJobs();

  Database& database_;
  Client& client_;
  const Options options_;
  RequestQueue queue_;
  std::map<int64_t, Request> waiting_;  // for their jobs
  std::chrono::steady_clock::time_point look_at_;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_REQUEST_SERVER_H_
