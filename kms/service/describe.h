// What Describe of many methods shares: the form of requests, and what they ask for.
#ifndef FIELDKMS_KMS_SERVICE_DESCRIBE_H_
#define FIELDKMS_KMS_SERVICE_DESCRIBE_H_

#include "absl/status/status.h"
#include "crypto/names.h"
#include "kms/service/call.h"

namespace fieldkms {

// A request about one key, by its own name.
template <class Request>
absl::Status DescribeKey(const Request& request, CallPlan* plan) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(request.tenant()));
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(request.name()));
  plan->scope = CallPlan::Scope::kKey;
  plan->tenant = request.tenant();
  plan->key = request.name();
  return absl::OkStatus();
}

// The part of any mutation.
template <class Request>
absl::Status DescribeMutation(const Request& request, CallPlan* plan) {
  FIELDKMS_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  plan->request_id = request.request_id();
  return absl::OkStatus();
}

// A mutation of one key.
template <class Request>
absl::Status DescribeKeyMutation(const Request& request, CallPlan* plan) {
  FIELDKMS_RETURN_IF_ERROR(DescribeKey(request, plan));
  return DescribeMutation(request, plan);
}

// A request that uses one key, `key`, by its own name or an alias.
template <class Request>
absl::Status DescribeKeyUse(const Request& request, CallPlan* plan) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(request.tenant()));
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(request.key(), "key"));
  plan->scope = CallPlan::Scope::kSomeKey;
  plan->tenant = request.tenant();
  plan->key = request.key();
  return absl::OkStatus();
}

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_DESCRIBE_H_
