// Looks whether a key opens values of a column before anything hangs on it: a wrong key is found by
// some values, and not by a million that are quarantined.
#ifndef FIELDKMS_ROTATION_SOURCE_SAMPLE_H_
#define FIELDKMS_ROTATION_SOURCE_SAMPLE_H_

#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rotation/database.h"
#include "rotation/registry.h"
#include "rotation/source/source_keys.h"
#include "rotation/table_plan.h"

namespace fieldkms::rotation {

// What opens the companions of each of the plan's columns, null where they are plaintext; empty:
// all are. Error: kFailedPrecondition, kConfigInvalid, which is the worker's fault and not the
// job's: `keys`, which may be null, has no such key.
absl::StatusOr<std::vector<const SourceOpener*>> OpenersOf(const TablePlan& plan,
                                                           const SourceKeys* keys);

// Both look at some values of what is to be opened; of a column without a source there is nothing
// to look at. Errors: InvalidField, "source_key", where none of them opens, with why the first does
// not, and where `keys`, which may be null, has no such key; of Database and of the opener.
absl::Status CheckSourceSample(Database& database, const ProtectedColumn& column,
                               const SourceKeys* keys);
absl::Status CheckSourceSamples(Database& database, std::span<const TablePlan> plans,
                                const SourceKeys* keys);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_SOURCE_SAMPLE_H_
