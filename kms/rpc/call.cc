#include "kms/rpc/call.h"

#include "crypto/status.h"
#include "kms/rpc/message_reader.h"

namespace fieldkms {

Deadline ToDeadline(gpr_timespec time) {
  if (gpr_time_cmp(time, gpr_inf_future(time.clock_type)) == 0) return kNoDeadline;
  // gRPC's monotonic clock is CLOCK_MONOTONIC, as is std::chrono::steady_clock.
  const gpr_timespec monotonic = gpr_convert_clock_type(time, GPR_CLOCK_MONOTONIC);
  // Callers may wait for longer than nanoseconds can count.
  constexpr int64_t kForEver = int64_t{100} * 365 * 24 * 3600;
  if (monotonic.tv_sec > kForEver) return kNoDeadline;
  return Deadline(std::chrono::seconds(monotonic.tv_sec) +
                  std::chrono::nanoseconds(monotonic.tv_nsec));
}

void Call::OnUnreadable(const absl::Status& why) {
  Finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, std::string(MessageOf(why))));
}

void Call::Arm() {
  writer_.reset();
  context_.emplace();
  writer_.emplace(&*context_);
  (*arm_)(&*context_, &received_, &*writer_, queue_, this);
}

void Call::Receive() {
  request_size_ = received_.Length();
  const absl::Status read = ReadMessage(&received_, MutableRequest());
  received_.Clear();
  read.ok() ? OnRequest() : OnUnreadable(read);
}

}  // namespace fieldkms
