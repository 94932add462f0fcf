// FrameJob: one frame on its way from its request to its answer. Internal to frame calls.
#ifndef FIELDKMS_SQL_SHIM_FRAME_JOB_H_
#define FIELDKMS_SQL_SHIM_FRAME_JOB_H_

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "sql/shim/backend.h"
#include "sql/shim/frames.h"
#include "sql/shim/http_message.h"
#include "sql/shim/peers.h"
#include "sql/shim/rewrap_sources.h"

namespace fieldkms::shim {

// Used by one thread at a time. Whoever carries it on ends it with one of the two, once.
class FrameJob {
 public:
  // `frame` is a view of the body of `request`.
  FrameJob(Backend& backend, std::unique_ptr<const HttpRequest> request, Frame frame,
           std::shared_ptr<const Asker> asker, HttpReply reply);

  Backend& backend() { return backend_; }
  const Frame& frame() const { return frame_; }
  const Asker& asker() const { return *asker_; }
  CallTime deadline() const { return deadline_; }
  // Who asks, and for what: jobs that agree in it may share one call of the service.
  std::string Common() const;
  std::chrono::milliseconds TimeLeft() const;

  // Of rewraps: which envelopes are taken.
  void SetSources(RewrapSources sources) { sources_ = std::move(sources); }
  const RewrapSources& sources() const { return sources_; }

  // Of its audit record: what was done with leases.
  void SetLocal(const LocalTally& local) { local_ = local; }
  void AddFailed(uint64_t items) { failed_ += items; }

  // Sends the answer, after its record was written.
  void Answer(AnswerWriter* answer);
  // The same of a call that failed as a whole. `refused`: by the shim's rules.
  void Fail(const absl::Status& status, bool refused = false);

 private:
  absl::Status Audit(std::string_view reason, bool refused);
  void Send(std::string body);

  Backend& backend_;
  const std::unique_ptr<const HttpRequest> request_;
  const Frame frame_;
  const std::shared_ptr<const Asker> asker_;
  const HttpReply reply_;
  const CallTime deadline_;
  RewrapSources sources_;
  uint64_t failed_ = 0;
  LocalTally local_;
};

// The HTTP answer that carries a frame.
HttpResponse FrameResponse(std::string body);

// Encrypts or decrypts with leases as far as there are any, and asks the service for the rest. What
// it does without waiting it does at once.
void RunLocally(std::shared_ptr<FrameJob> job);

// Asks the service for all items.
void RunRemotely(std::shared_ptr<FrameJob> job);

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_FRAME_JOB_H_
