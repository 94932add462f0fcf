#include "sql/shim/frame_job.h"

#include <utility>

#include "crypto/status.h"

namespace fieldkms::shim {

HttpResponse FrameResponse(std::string body) {
  return HttpResponse(200, FIELDKMS_FRAME_TYPE, std::move(body));
}

FrameJob::FrameJob(Backend& backend, std::unique_ptr<const HttpRequest> request, Frame frame,
                   std::shared_ptr<const Asker> asker, HttpReply reply)
    : backend_(backend),
      request_(std::move(request)),
      frame_(std::move(frame)),
      asker_(std::move(asker)),
      reply_(std::move(reply)),
      deadline_(std::chrono::steady_clock::now() + std::chrono::milliseconds(frame_.deadline)) {}

std::chrono::milliseconds FrameJob::TimeLeft() const {
  return std::max(std::chrono::milliseconds(1), std::chrono::ceil<std::chrono::milliseconds>(
                                                    deadline_ - std::chrono::steady_clock::now()));
}

std::string FrameJob::Common() const {
  std::string common;
  // Lengths stand before texts, so that no two are taken for one.
  for (const std::string_view text :
       {std::string_view(asker_->identity), frame_.session_user, frame_.current_role,
        frame_.database, frame_.tenant, frame_.name, frame_.detail}) {
    common.append(std::to_string(text.size())).append(":").append(text);
  }
  return common;
}

absl::Status FrameJob::Audit(std::string_view reason, bool refused) {
  UseRecord record;
  record.refused = refused;
  record.asker = asker_.get();
  record.peer = request_->peer;
  record.op = ShapeOf(frame_.op).name;
  record.tenant = frame_.tenant;
  record.name = frame_.name;
  if (frame_.detail == "masked" || frame_.detail == "bin_last4" || frame_.detail == "full") {
    record.view = frame_.detail;
  }
  record.items = frame_.count();
  record.failed = failed_;
  record.SetLocal(local_);
  record.reason = reason;
  return backend_.audit().Record(record);
}

void FrameJob::Answer(AnswerWriter* answer) {
  if (const absl::Status audited = Audit({}, false); !audited.ok()) {
    return Send(EncodeFailure(frame_.op, ToFrameError(audited)));
  }
  Send(answer->Take());
}

void FrameJob::Fail(const absl::Status& status, bool refused) {
  const FrameError error = ToFrameError(status);
  failed_ = frame_.count();
  const absl::Status audited = Audit(error.reason, refused);
  Send(EncodeFailure(frame_.op, audited.ok() ? error : ToFrameError(audited)));
}

void FrameJob::Send(std::string body) { reply_(FrameResponse(std::move(body))); }

}  // namespace fieldkms::shim
