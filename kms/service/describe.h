// What Describe of many methods shares: the form of requests, and what they ask for.
#ifndef FIELDKMS_KMS_SERVICE_DESCRIBE_H_
#define FIELDKMS_KMS_SERVICE_DESCRIBE_H_

#include <algorithm>
#include <string_view>

#include "absl/status/status.h"
#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/service/call.h"

namespace fieldkms {

// Ids that the service gives to what it keeps: 32 lower-case hex digits.
inline absl::Status CheckRecordId(std::string_view id, std::string_view field) {
  constexpr size_t kSize = 32;
  const auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (id.size() == kSize && std::all_of(id.begin(), id.end(), hex)) return absl::OkStatus();
  return InvalidField(field, "must be 32 lower-case hex digits");
}

// A request about a tenant.
template <class Request>
absl::Status DescribeTenant(const Request& request, CallPlan* plan) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(request.tenant()));
  plan->scope = CallPlan::Scope::kTenant;
  plan->tenant = request.tenant();
  return absl::OkStatus();
}

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
