// The rules for names (tenant ids, key names, request ids), and what was meant by a wrong
// one.
#ifndef FIELDKMS_CRYPTO_NAMES_H_
#define FIELDKMS_CRYPTO_NAMES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fieldkms {

// Each returns InvalidField(field, rule) for a name that breaks its rule.
// Tenant id: [a-z][a-z0-9-]{0,62}.
absl::Status CheckTenantId(std::string_view id, std::string_view field = "tenant");
// Key name: [a-z0-9][a-z0-9._-]{0,127}.
absl::Status CheckKeyName(std::string_view name, std::string_view field = "name");
// Request id: [A-Za-z0-9_-]{8,64}.
absl::Status CheckRequestId(std::string_view id, std::string_view field = "request_id");

// A key id as people see it: 16 lower-case hex digits.
std::string FormatKeyId(uint64_t key_id);

// DidYouMean ends a complaint about a name: "; did you mean 'x'?" with the one of `known`
// that it was probably meant to be, or "" if none is near.
std::string DidYouMean(std::string_view name, const std::vector<std::string_view>& known);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_NAMES_H_
