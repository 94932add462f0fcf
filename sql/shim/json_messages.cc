#include "sql/shim/json_messages.h"

#include <google/protobuf/util/json_util.h>

#include "clients/cpp/rpc_status.h"
#include "crypto/status.h"
#include "google/rpc/error_details.pb.h"

namespace fieldkms::shim {

absl::Status ReadMessage(std::string_view json, google::protobuf::Message* message) {
  if (json.empty()) return absl::OkStatus();
  const auto read = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), json.size()), message);
  if (read.ok()) return absl::OkStatus();
  return Error(absl::StatusCode::kInvalidArgument, Reason::kRequestMalformed,
               "the body is not the JSON of a " + message->GetDescriptor()->full_name());
}

absl::StatusOr<std::string> WriteMessage(const google::protobuf::Message& message) {
  std::string json;
  if (google::protobuf::util::MessageToJsonString(message, &json).ok()) return json;
  return Bug("a message that has no JSON form");
}

std::string WriteStatus(const absl::Status& status) {
  absl::Status told = status;
  if (PublicReason(ReasonOf(status)) == Reason::kDecryptFailed) {
    told = DecryptError(Reason::kDecryptFailed);
  } else if (!HasReason(status)) {
    told = Error(status.code(), Reason::kUnspecified, absl::StatusCodeToString(status.code()));
  }
  const absl::StatusOr<std::string> json = WriteMessage(ToItemError(told));
  return json.ok() ? *json : std::string("{}");
}

int HttpStatusOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kFailedPrecondition:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kCancelled:
      return 499;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

absl::Status JsonDenied() {
  return Error(absl::StatusCode::kPermissionDenied, Reason::kPermissionDenied,
               "the shim's rules do not allow it");
}

absl::Status SetOnce(std::string_view field, std::string_view from_path, std::string* member) {
  if (from_path.empty() || *member == from_path) return absl::OkStatus();
  if (!member->empty()) return InvalidField(field, "the body and the path do not agree");
  *member = from_path;
  return absl::OkStatus();
}

}  // namespace fieldkms::shim
