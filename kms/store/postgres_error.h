// What PostgreSQL and libpqxx report, as the errors of a store. No message carries what the server
// said of a statement: it may quote a row.
#ifndef FIELDKMS_KMS_STORE_POSTGRES_ERROR_H_
#define FIELDKMS_KMS_STORE_POSTGRES_ERROR_H_

#include <exception>
#include <string_view>

#include "absl/status/status.h"

namespace fieldkms {

// The status of a SQLSTATE, five characters: kResourceExhausted, kStoreFull, for a full
// disk; kDataLoss, kStoreCorrupt, for damage; kInternal for a broken constraint or a
// statement that is wrong; kUnavailable for the rest, with the code in the message.
absl::Status PostgresError(std::string_view sqlstate);

// The status of any exception of libpqxx. A value of another type than the column
// should have is kDataLoss, kStoreCorrupt.
absl::Status PostgresError(const std::exception& error);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_POSTGRES_ERROR_H_
