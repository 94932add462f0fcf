// The one place that tells libpqxx's exceptions apart, by PostgreSQL's SQLSTATE codes (its manual,
// appendix A).
#ifndef FIELDKMS_KMS_POSTGRES_SQLSTATE_H_
#define FIELDKMS_KMS_POSTGRES_SQLSTATE_H_

#include <exception>
#include <string_view>

#include "absl/status/status.h"

namespace fieldkms {

// kUnavailable, kStoreUnavailable: `what` says what cannot be reached, or was lost.
absl::Status PostgresUnavailable(std::string_view what);

// The SQLSTATE of an exception; "" where it has none.
std::string_view SqlStateOf(const std::exception& error);

// Whether the server ends the connection with such an error (08, 57P), or is not, or no
// longer, the one to write to (25006: a standby). No other connection of that age is
// worth keeping.
bool EndsConnection(std::string_view sqlstate);

// Whether the same transaction may well succeed if it is run again: 40001, 40P01.
bool IsConflict(std::string_view sqlstate);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_POSTGRES_SQLSTATE_H_
