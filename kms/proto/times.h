// Times as messages of protobuf, and back.
#ifndef FIELDKMS_KMS_PROTO_TIMES_H_
#define FIELDKMS_KMS_PROTO_TIMES_H_

#include <chrono>
#include <string_view>

#include "absl/status/statusor.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "kms/clock.h"

namespace fieldkms {

void ToProto(WallTime time, google::protobuf::Timestamp* out);
void ToProto(std::chrono::nanoseconds duration, google::protobuf::Duration* out);

// Of one that ToProto made; below a microsecond it is cut off.
WallTime FromProto(const google::protobuf::Timestamp& time);

// What a request asks for, named by `field`. Error: InvalidField for one that is negative, or
// beyond protobuf's own range, which is checked nowhere else; WholeSeconds also for parts of
// seconds.
absl::StatusOr<std::chrono::seconds> WholeSeconds(const google::protobuf::Duration& duration,
                                                  std::string_view field);
// Cut off below a microsecond.
absl::StatusOr<std::chrono::microseconds> Microseconds(const google::protobuf::Duration& duration,
                                                       std::string_view field);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_PROTO_TIMES_H_
