#include "sql/shim/frame_calls.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "crypto/status.h"
#include "sql/shim/frame_job.h"
#include "sql/shim/frame_ops.h"

namespace fieldkms::shim {
namespace {

absl::Status Denied(std::string_view message) {
  return Error(absl::StatusCode::kPermissionDenied, Reason::kPermissionDenied, message);
}

// Whether the shim's rules allow it. The service has rules of its own.
absl::Status Authorise(const Frame& frame, const Asker& asker) {
  const Action action = ActionOf(frame.op);
  // Which keys the envelopes are of is seen later: RewrapSources::OfEach.
  const bool of_each = frame.op == FIELDKMS_OP_REWRAP && frame.name.empty();
  if (of_each ? !asker.rules.AllowsSome(action, frame.tenant)
              : !asker.rules.Allows(action, frame.tenant, frame.name)) {
    return Denied("the shim's rules do not allow this session to do it");
  }
  if (!HasView(frame.op)) return absl::OkStatus();
  FIELDKMS_ASSIGN_OR_RETURN(const v1::View view, ParseView(frame.detail));
  if (static_cast<int>(view) >
      static_cast<int>(asker.rules.MayView(action, frame.tenant, frame.name))) {
    return Denied("the shim's rules do not allow this session to see so much");
  }
  return absl::OkStatus();
}

absl::StatusOr<RewrapSources> SourcesOf(Backend& backend, const FrameJob& job,
                                        const std::string& tenant) {
  const Frame& frame = job.frame();
  if (!frame.name.empty()) {
    return RewrapSources::Of(backend, job.asker(), tenant, std::string(frame.name));
  }
  std::vector<std::string_view> envelopes;
  for (size_t i = 0; i < frame.count(); ++i) {
    if (const auto& envelope = frame.item(i)[0]) envelopes.push_back(*envelope);
  }
  return RewrapSources::OfEach(backend, job.asker(), tenant, envelopes);
}

HttpResponse NoFrame(const absl::Status& status) {
  HttpResponse response =
      PlainResponse(ReasonOf(status) == Reason::kTooManyItems ? 413 : 400, MessageOf(status));
  response.close = true;
  return response;
}

}  // namespace

HttpAdmission FrameCalls::Admit(const HttpHead& head) {
  HttpAdmission admission;
  if (head.method != "POST") {
    admission.refusal = PlainResponse(405, "send frames by POST");
  } else if (!head.peer.unix || peers_.NameOf(head.peer.uid) == nullptr) {
    peers_.NoteStranger(head);
    admission.refusal = PlainResponse(403, "the shim does not know this user");
  } else if (head.Header("Content-Type") != FIELDKMS_FRAME_TYPE) {
    admission.refusal = PlainResponse(415, "the body must be " FIELDKMS_FRAME_TYPE);
  } else {
    admission.most_body = FIELDKMS_FRAME_MOST_BYTES;
  }
  return admission;
}

void FrameCalls::Handle(HttpRequest request, HttpReply reply) {
  // The frame views the body, which stays where it is from here on.
  auto held = std::make_unique<const HttpRequest>(std::move(request));
  absl::StatusOr<Frame> frame = ParseFrame(held->body);
  if (!frame.ok()) return reply(NoFrame(frame.status()));
  std::shared_ptr<const Asker> asker =
      peers_.AskerOf(held->peer.uid, {frame->session_user, frame->current_role, frame->database});
  const auto job = std::make_shared<FrameJob>(backend_, std::move(held), *std::move(frame),
                                              std::move(asker), std::move(reply));
  if (const absl::Status allowed = Authorise(job->frame(), job->asker()); !allowed.ok()) {
    return job->Fail(allowed, ReasonOf(allowed) == Reason::kPermissionDenied);
  }
  const FrameOp op = job->frame().op;
  if (op == FIELDKMS_OP_ENCRYPT || op == FIELDKMS_OP_DECRYPT) return RunLocally(job);
  const std::string tenant(job->frame().tenant);
  if (op != FIELDKMS_OP_REWRAP || !RewrapSources::AreLimited(job->asker(), tenant)) {
    return RunRemotely(job);
  }
  const bool queued = backend_.workers().Submit([this, job, tenant] {
    const CallTimeout timeout(job->TimeLeft());
    absl::StatusOr<RewrapSources> sources = SourcesOf(backend_, *job, tenant);
    if (!sources.ok()) return job->Fail(sources.status());
    job->SetSources(*std::move(sources));
    RunRemotely(job);
  });
  if (!queued) job->Fail(ShimOverloaded());
}

}  // namespace fieldkms::shim
