#include "kms/service/status_map.h"

#include <algorithm>

#include "crypto/status.h"
#include "google/rpc/error_details.pb.h"
#include "kms/retry_after.h"
#include "kms/service/trouble_log.h"

namespace fieldkms {
namespace {

constexpr std::chrono::nanoseconds kMinRetryWhenUnavailable = std::chrono::milliseconds(100);

// Of the server's own troubles callers get a fixed text; the log has the message.
std::string PublicMessage(const absl::Status& status, Reason reason) {
  if (!OperatorReason(reason)) return std::string(MessageOf(status));
  return std::string(PublicText(reason)) + "; the server's log says more";
}

google::rpc::RetryInfo ToRetryInfo(std::chrono::nanoseconds delay) {
  google::rpc::RetryInfo info;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(delay);
  info.mutable_retry_delay()->set_seconds(seconds.count());
  info.mutable_retry_delay()->set_nanos(static_cast<int32_t>((delay - seconds).count()));
  return info;
}

}  // namespace

google::rpc::Status ToRpcStatus(const absl::Status& status, std::chrono::nanoseconds retry_after) {
  const Reason reason = PublicReason(ReasonOf(status));
  google::rpc::Status out;
  out.set_code(static_cast<int32_t>(status.code()));
  out.set_message(PublicMessage(status, reason));

  google::rpc::ErrorInfo info;
  info.set_domain("fieldkms");
  const std::string_view name = ReasonName(reason);
  info.set_reason(name.data(), name.size());
  out.add_details()->PackFrom(info);

  const std::string field = reason == Reason::kDecryptFailed ? std::string() : FieldOf(status);
  if (!field.empty()) {
    google::rpc::BadRequest bad;
    auto* violation = bad.add_field_violations();
    violation->set_field(field);
    violation->set_description(out.message());
    out.add_details()->PackFrom(bad);
  }
  retry_after = std::max(retry_after, RetryAfterOf(status));
  if (status.code() == absl::StatusCode::kUnavailable) {
    retry_after = std::max(retry_after, kMinRetryWhenUnavailable);
  }
  if (retry_after.count() > 0) out.add_details()->PackFrom(ToRetryInfo(retry_after));
  return out;
}

grpc::Status ToGrpcStatus(const absl::Status& status, std::chrono::nanoseconds retry_after) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status details = ToRpcStatus(status, retry_after);
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), details.message(),
                      details.SerializeAsString());
}

}  // namespace fieldkms
