// The one place where PostgreSQL's SQLSTATE codes and libpqxx's exceptions become
// ours. No message carries what the server said of a statement: it may quote a row.
#ifndef FIELDKMS_KMS_STORE_POSTGRES_ERROR_H_
#define FIELDKMS_KMS_STORE_POSTGRES_ERROR_H_

#include <exception>
#include <string_view>

#include "absl/status/status.h"

namespace fieldkms {

// kUnavailable, kStoreUnavailable: `what` says what cannot be reached, or was lost.
absl::Status PostgresUnavailable(std::string_view what);

// The status of a SQLSTATE, five characters: kResourceExhausted, kStoreFull, for a full
// disk; kDataLoss, kStoreCorrupt, for damage; kInternal for a broken constraint or a
// statement that is wrong; kUnavailable for the rest, with the code in the message.
absl::Status PostgresError(std::string_view sqlstate);

// The status of any exception of libpqxx. A value of another type than the column
// should have is kDataLoss, kStoreCorrupt.
absl::Status PostgresError(const std::exception& error);

// The SQLSTATE of an exception; "" where it has none.
std::string_view SqlStateOf(const std::exception& error);

// Whether the server ends the connection with such an error (08, 57P), or is not, or no
// longer, the one to write to (25006: a standby). No other connection of that age is
// worth keeping.
bool EndsConnection(std::string_view sqlstate);

// Whether the same transaction may well succeed if it is run again: 40001, 40P01.
bool IsConflict(std::string_view sqlstate);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_POSTGRES_ERROR_H_
