// What kms.encryption_status shows, brought up to date: facts of keys, and samples of columns.
#ifndef FIELDKMS_ROTATION_STATUS_FACTS_H_
#define FIELDKMS_ROTATION_STATUS_FACTS_H_

#include <string>

#include "absl/status/status.h"
#include "clients/cpp/client.h"
#include "rotation/database.h"

namespace fieldkms::rotation {

// Writes what the service says of the keys of the tenant's protected columns. A key that it does
// not show keeps what was heard before. Errors: of Database; of GetKey, where the service is out of
// reach.
absl::Status RefreshKeyFacts(Database& database, Client& client, const std::string& tenant);

// Looks at the protected columns that the role may read. Errors: of Database.
absl::Status RefreshSamples(Database& database);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_STATUS_FACTS_H_
