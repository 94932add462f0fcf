#include "clients/cpp/rpc_status.h"

#include <grpcpp/support/status.h>

#include <charconv>
#include <string>
#include <string_view>

#include "crypto/status.h"
#include "google/rpc/error_details.pb.h"

namespace fieldkms {
namespace {

constexpr char kErrorDomain[] = "fieldkms";
constexpr std::string_view kItemsPrefix = "items[";

// What the details of a google.rpc.Status say.
struct Details {
  std::optional<Reason> reason;
  std::string field;
  std::optional<std::chrono::milliseconds> retry_after;
};

std::chrono::milliseconds ToMilliseconds(const google::protobuf::Duration& duration) {
  return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::seconds(duration.seconds()) +
                                                      std::chrono::nanoseconds(duration.nanos()));
}

Details ReadDetails(const google::rpc::Status& status) {
  Details details;
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad_request;
  google::rpc::RetryInfo retry;
  for (const auto& any : status.details()) {
    if (any.Is<google::rpc::ErrorInfo>() && any.UnpackTo(&info)) {
      if (info.domain() == kErrorDomain) details.reason = ReasonFromName(info.reason());
    } else if (any.Is<google::rpc::BadRequest>() && any.UnpackTo(&bad_request)) {
      if (bad_request.field_violations_size() > 0) {
        details.field = bad_request.field_violations(0).field();
      }
    } else if (any.Is<google::rpc::RetryInfo>() && any.UnpackTo(&retry)) {
      details.retry_after = ToMilliseconds(retry.retry_delay());
    }
  }
  return details;
}

Reason DefaultReason(absl::StatusCode code) {
  return code == absl::StatusCode::kDeadlineExceeded ? Reason::kDeadlineExceeded
                                                     : Reason::kUnspecified;
}

// gRPC and absl number their codes alike (both are google.rpc.Code).
absl::Status MakeStatus(int code, const std::string& message, const Details& details) {
  const auto absl_code = static_cast<absl::StatusCode>(code);
  return Error(absl_code, details.reason.value_or(DefaultReason(absl_code)), message,
               details.field);
}

// ShiftField returns `field` with the index after "items[" moved by `offset`.
std::string ShiftField(const std::string& field, size_t offset) {
  if (!field.starts_with(kItemsPrefix)) return field;
  const char* const begin = field.data() + kItemsPrefix.size();
  const char* const end = field.data() + field.size();
  size_t index = 0;
  const auto [rest, error] = std::from_chars(begin, end, index);
  if (error != std::errc() || rest == end || *rest != ']') return field;
  return std::string(kItemsPrefix) + std::to_string(index + offset) + std::string(rest, end);
}

}  // namespace

AttemptResult FromGrpc(const grpc::Status& status) {
  if (status.ok()) return {absl::OkStatus(), std::nullopt};
  Details details;
  google::rpc::Status rich;
  if (!status.error_details().empty() && rich.ParseFromString(status.error_details())) {
    details = ReadDetails(rich);
  }
  return {MakeStatus(status.error_code(), status.error_message(), details), details.retry_after};
}

absl::Status StatusOfItem(const google::rpc::Status& error) {
  if (error.code() == 0) return absl::OkStatus();
  return MakeStatus(error.code(), error.message(), ReadDetails(error));
}

google::rpc::Status ToItemError(const absl::Status& status) {
  google::rpc::Status error;
  error.set_code(static_cast<int>(status.code()));
  error.set_message(std::string(status.message()));
  google::rpc::ErrorInfo info;
  info.set_domain(kErrorDomain);
  info.set_reason(std::string(ReasonName(ReasonOf(status))));
  error.add_details()->PackFrom(info);
  if (std::string field = FieldOf(status); !field.empty()) {
    google::rpc::BadRequest bad_request;
    auto* violation = bad_request.add_field_violations();
    violation->set_field(std::move(field));
    violation->set_description(error.message());
    error.add_details()->PackFrom(bad_request);
  }
  return error;
}

void ShiftItemIndex(size_t offset, google::rpc::Status* error) {
  if (offset == 0) return;
  for (auto& any : *error->mutable_details()) {
    google::rpc::BadRequest bad_request;
    if (!any.Is<google::rpc::BadRequest>() || !any.UnpackTo(&bad_request)) continue;
    for (auto& violation : *bad_request.mutable_field_violations()) {
      violation.set_field(ShiftField(violation.field(), offset));
    }
    any.PackFrom(bad_request);
  }
}

}  // namespace fieldkms
