// What a table and its columns must be to be converted (rotation/conversion.h). All run within a
// transaction and throw what libpqxx throws.
#ifndef FIELDKMS_ROTATION_CONVERSION_CHECKS_H_
#define FIELDKMS_ROTATION_CONVERSION_CHECKS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "rotation/catalog.h"
#include "rotation/database.h"
#include "rotation/registry.h"

namespace fieldkms::rotation {

// The relation and all below it, partitioned ones among them.
std::vector<Oid> TreeOf(Transaction& transaction, Oid root);

// Error: InvalidField, "table", for what has no triggers that all rows go through.
absl::Status CheckConvertible(Transaction& transaction, Oid relation);

// What a column is to a conversion.
enum class ColumnRole : uint8_t {
  kLeader,    // it may be NOT NULL and have a default
  kFollower,  // it is made NULL
  kSource,    // of the row key or of the context: only looked at
};
// Error: InvalidField, `field`, with what to do. `tree` is of TreeOf; the column is there.
absl::Status CheckColumn(Transaction& transaction, Oids tree, const std::string& column,
                         std::string_view field, ColumnRole role);

// Whether any column of the tree is NOT NULL that is called so.
bool IsNotNull(Transaction& transaction, Oids tree, const std::string& column);

// Error: InvalidField, "table", naming a trigger that PostgreSQL calls after those of the column.
absl::Status CheckTriggerOrder(Transaction& transaction, Oids tree, const ProtectedColumn& column);

// Error: kDatabaseRefused, where not all triggers of the column are on all leaves, and enabled.
absl::Status CheckTriggersInForce(Transaction& transaction, Oids leaves,
                                  const ProtectedColumn& column);

// Error: kDatabaseRefused, naming something that would have to go with one of the columns.
absl::Status CheckNothingDepends(Transaction& transaction, Oids tree,
                                 const std::vector<std::string>& columns);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_CONVERSION_CHECKS_H_
