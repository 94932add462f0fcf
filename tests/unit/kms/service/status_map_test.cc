#include "kms/service/status_map.h"

#include <gtest/gtest.h>

#include "crypto/status.h"
#include "google/rpc/error_details.pb.h"
#include "kms/retry_after.h"

namespace fieldkms {
namespace {

using std::chrono::milliseconds;

google::rpc::Status Details(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  return details;
}

TEST(StatusMapTest, OkIsOk) { EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok()); }

TEST(StatusMapTest, FieldErrorHasInfoAndField) {
  const grpc::Status status = ToGrpcStatus(InvalidField("tenant", "must start with a letter"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const google::rpc::Status details = Details(status);
  EXPECT_EQ(details.code(), 3);
  EXPECT_EQ(details.message(), status.error_message());
  ASSERT_EQ(details.details_size(), 2);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(details.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "INVALID_FIELD");
  EXPECT_EQ(info.domain(), "fieldkms");
  google::rpc::BadRequest bad;
  ASSERT_TRUE(details.details(1).UnpackTo(&bad));
  ASSERT_EQ(bad.field_violations_size(), 1);
  EXPECT_EQ(bad.field_violations(0).field(), "tenant");
}

TEST(StatusMapTest, AllFailuresToDecryptGiveTheSameBytes) {
  const grpc::Status one = ToGrpcStatus(DecryptError(Reason::kTagMismatch));
  for (const Reason reason :
       {Reason::kDecryptFailed, Reason::kEnvelopeMalformed, Reason::kSuiteUnknown,
        Reason::kKeyIdUnknown, Reason::kKeyVersionUnknown, Reason::kOtherTenant,
        Reason::kOtherKey}) {
    const grpc::Status other = ToGrpcStatus(DecryptError(reason));
    EXPECT_EQ(other.error_code(), one.error_code());
    EXPECT_EQ(other.error_message(), one.error_message());
    EXPECT_EQ(other.error_details(), one.error_details()) << ReasonName(reason);
    EXPECT_EQ(ToRpcStatus(DecryptError(reason)).SerializeAsString(), one.error_details());
  }
}

TEST(StatusMapTest, RetryInfoCarriesTheWait) {
  const auto status =
      Error(absl::StatusCode::kResourceExhausted, Reason::kRateLimited, "slow down");
  const google::rpc::Status details = ToRpcStatus(status, milliseconds(1500));
  google::rpc::RetryInfo retry;
  ASSERT_EQ(details.details_size(), 2);
  ASSERT_TRUE(details.details(1).UnpackTo(&retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 1);
  EXPECT_EQ(retry.retry_delay().nanos(), 500'000'000);
  EXPECT_EQ(ToRpcStatus(status).details_size(), 1) << "STORE_FULL is not to be retried";
}

TEST(StatusMapTest, TheLongerWaitCounts) {
  const auto status = WithRetryAfter(
      Error(absl::StatusCode::kUnavailable, Reason::kRootUnavailable, "down"), milliseconds(2500));
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(ToRpcStatus(status).details(1).UnpackTo(&retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 2);
  ASSERT_TRUE(ToRpcStatus(status, milliseconds(4000)).details(1).UnpackTo(&retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 4);
}

TEST(StatusMapTest, UnavailableAlwaysSaysWhenToRetry) {
  const google::rpc::Status details = ToRpcStatus(
      Error(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable, "the store is down"));
  google::rpc::RetryInfo retry;
  ASSERT_EQ(details.details_size(), 2);
  ASSERT_TRUE(details.details(1).UnpackTo(&retry));
  EXPECT_GT(retry.retry_delay().nanos(), 0);
}

// Whatever a library puts into a status of its own may be a value.
TEST(StatusMapTest, ForeignStatusKeepsItsMessageInside) {
  const grpc::Status status = ToGrpcStatus(absl::InternalError("canary"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ((status.error_message() + status.error_details()).find("canary"), std::string::npos);
}

// Their causes name paths, system errors and records.
TEST(StatusMapTest, TheServersOwnTroublesHaveAFixedText) {
  for (const Reason reason :
       {Reason::kStoreUnavailable, Reason::kStoreFull, Reason::kStoreCorrupt, Reason::kStoreTooNew,
        Reason::kRootUnavailable, Reason::kRootWrongKey, Reason::kRootFilePermissions,
        Reason::kRootDenied, Reason::kAuditUnavailable, Reason::kMemoryLock, Reason::kCryptoFailure,
        Reason::kConfigInvalid, Reason::kDataDirInUse, Reason::kInternal}) {
    const grpc::Status status =
        ToGrpcStatus(Error(absl::StatusCode::kUnavailable, reason, "canary"));
    const std::string all = status.error_message() + status.error_details();
    EXPECT_EQ(all.find("canary"), std::string::npos) << ReasonName(reason);
    EXPECT_NE(all.find("the server's log says more"), std::string::npos) << ReasonName(reason);
  }
}

TEST(StatusMapTest, WhatIsWrongWithARequestIsSaid) {
  for (const Reason reason :
       {Reason::kInvalidField, Reason::kRequestTooLarge, Reason::kTenantNotFound,
        Reason::kKeyExists, Reason::kPrimaryChanged, Reason::kRateLimited, Reason::kOverloaded}) {
    EXPECT_EQ(ToGrpcStatus(Error(absl::StatusCode::kAborted, reason, "the rule")).error_message(),
              "the rule");
  }
}

}  // namespace
}  // namespace fieldkms
