#include "clients/cpp/rpc_status.h"

#include <grpcpp/support/status.h>

#include <string>

#include "google/rpc/error_details.pb.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using std::chrono::milliseconds;

google::rpc::Status Rich(grpc::StatusCode code, const std::string& reason,
                         const std::string& domain = "fieldkms") {
  google::rpc::Status status;
  status.set_code(code);
  status.set_message("the message");
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain(domain);
  status.add_details()->PackFrom(info);
  return status;
}

void AddField(const std::string& field, google::rpc::Status* status) {
  google::rpc::BadRequest bad_request;
  bad_request.add_field_violations()->set_field(field);
  status->add_details()->PackFrom(bad_request);
}

grpc::Status OnTheWire(const google::rpc::Status& rich) {
  return {static_cast<grpc::StatusCode>(rich.code()), rich.message(), rich.SerializeAsString()};
}

TEST(FromGrpcTest, ReadsReasonFieldAndMessage) {
  google::rpc::Status rich = Rich(grpc::StatusCode::NOT_FOUND, "KEY_NOT_FOUND");
  AddField("key", &rich);
  const AttemptResult outcome = FromGrpc(OnTheWire(rich));
  EXPECT_THAT(outcome.status, StatusIs(absl::StatusCode::kNotFound, Reason::kKeyNotFound));
  EXPECT_EQ(FieldOf(outcome.status), "key");
  EXPECT_EQ(outcome.status.message(), "the message");
  EXPECT_EQ(outcome.retry_after, std::nullopt);
}

TEST(FromGrpcTest, ReadsRetryInfoRoundedUp) {
  google::rpc::Status rich = Rich(grpc::StatusCode::RESOURCE_EXHAUSTED, "RATE_LIMITED");
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(1);
  retry.mutable_retry_delay()->set_nanos(500'000'001);
  rich.add_details()->PackFrom(retry);
  EXPECT_EQ(FromGrpc(OnTheWire(rich)).retry_after, milliseconds(1'501));
}

TEST(FromGrpcTest, StatusesOfOtherOriginHaveNoReason) {
  EXPECT_THAT(FromGrpc(grpc::Status(grpc::StatusCode::UNAVAILABLE, "no connection")).status,
              StatusIs(absl::StatusCode::kUnavailable, Reason::kUnspecified));
  EXPECT_THAT(FromGrpc(grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "late")).status,
              StatusIs(absl::StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded));
  EXPECT_OK(FromGrpc(grpc::Status::OK).status);
}

TEST(FromGrpcTest, IgnoresDetailsThatItCannotRead) {
  EXPECT_THAT(FromGrpc({grpc::StatusCode::ABORTED, "m", "\xff not a message"}).status,
              StatusIs(absl::StatusCode::kAborted, Reason::kUnspecified));
  const auto foreign = Rich(grpc::StatusCode::ABORTED, "KEY_NOT_FOUND", "example.com");
  EXPECT_THAT(FromGrpc(OnTheWire(foreign)).status, StatusIs(Reason::kUnspecified));
  const auto newer = Rich(grpc::StatusCode::ABORTED, "NOT_INVENTED_YET");
  EXPECT_THAT(FromGrpc(OnTheWire(newer)).status, StatusIs(Reason::kUnspecified));
}

TEST(ItemErrorTest, RoundTrips) {
  const absl::Status status = Error(absl::StatusCode::kInvalidArgument, Reason::kInvalidField,
                                    "is too long", "items[4].context");
  const google::rpc::Status error = ToItemError(status);
  EXPECT_THAT(StatusOfItem(error),
              StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField));
  EXPECT_EQ(FieldOf(StatusOfItem(error)), "items[4].context");
  EXPECT_EQ(StatusOfItem(error).message(), "is too long");
  EXPECT_OK(StatusOfItem(google::rpc::Status()));
}

std::string Shifted(const std::string& field, size_t offset) {
  google::rpc::Status error = Rich(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_FIELD");
  AddField(field, &error);
  ShiftItemIndex(offset, &error);
  EXPECT_EQ(ReasonOf(StatusOfItem(error)), Reason::kInvalidField);
  return FieldOf(StatusOfItem(error));
}

TEST(ShiftItemIndexTest, MovesOnlyIndicesOfItems) {
  EXPECT_EQ(Shifted("items[3].plaintext", 10'000), "items[10003].plaintext");
  EXPECT_EQ(Shifted("items[3]", 1), "items[4]");
  EXPECT_EQ(Shifted("items[3].context", 0), "items[3].context");
  EXPECT_EQ(Shifted("tenant", 7), "tenant");
  EXPECT_EQ(Shifted("items", 7), "items");
  EXPECT_EQ(Shifted("items[", 7), "items[");
  EXPECT_EQ(Shifted("items[x]", 7), "items[x]");
  EXPECT_EQ(Shifted("items[3", 7), "items[3");
  EXPECT_EQ(Shifted("shared_context[3]", 7), "shared_context[3]");
}

}  // namespace
}  // namespace fieldkms
