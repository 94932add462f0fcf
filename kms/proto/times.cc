#include "kms/proto/times.h"

#include <cstdint>

#include "crypto/status.h"

namespace fieldkms {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// Protobuf's own range, beyond which no sum is safe.
constexpr int64_t kMostSeconds = 315'576'000'000;

absl::Status OutOfRange(std::string_view field) { return InvalidField(field, "is out of range"); }

}  // namespace

void ToProto(WallTime time, google::protobuf::Timestamp* out) {
  const auto whole = std::chrono::floor<seconds>(time);
  out->set_seconds(whole.time_since_epoch().count());
  out->set_nanos(static_cast<int32_t>((time - whole).count() * 1'000));
}

void ToProto(nanoseconds duration, google::protobuf::Duration* out) {
  const auto whole = duration_cast<seconds>(duration);
  out->set_seconds(whole.count());
  out->set_nanos(static_cast<int32_t>((duration - whole).count()));
}

WallTime FromProto(const google::protobuf::Timestamp& time) {
  return WallTime(seconds(time.seconds())) + duration_cast<microseconds>(nanoseconds(time.nanos()));
}

absl::StatusOr<seconds> WholeSeconds(const google::protobuf::Duration& duration,
                                     std::string_view field) {
  if (duration.nanos() != 0) return InvalidField(field, "must be in whole seconds");
  if (duration.seconds() < 0 || duration.seconds() > kMostSeconds) return OutOfRange(field);
  return seconds(duration.seconds());
}

absl::StatusOr<microseconds> Microseconds(const google::protobuf::Duration& duration,
                                          std::string_view field) {
  const bool in_range = duration.seconds() >= 0 && duration.seconds() <= kMostSeconds &&
                        duration.nanos() >= 0 && duration.nanos() < 1'000'000'000;
  if (!in_range) return OutOfRange(field);
  return seconds(duration.seconds()) + duration_cast<microseconds>(nanoseconds(duration.nanos()));
}

}  // namespace fieldkms
