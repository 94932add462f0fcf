// What a line of the registry must be before it is written. Internal to the registry and to
// conversions (rotation/registry.h, rotation/conversion.h).
#ifndef FIELDKMS_ROTATION_REGISTRY_CHECKS_H_
#define FIELDKMS_ROTATION_REGISTRY_CHECKS_H_

#include "absl/status/status.h"
#include "rotation/catalog.h"
#include "rotation/registry.h"
#include "rotation/registry_rows.h"

namespace fieldkms::rotation {

// What can be said without the database. Errors: InvalidField, naming the member.
absl::Status CheckMembers(const ProtectedColumn& column);

// Draws one unless there is one.
absl::Status DrawBindingId(ProtectedColumn* column);

// Finds the table and the numbers of all columns. Errors: InvalidField, naming the member, for what
// is not there or does not fit. Throws what libpqxx throws.
absl::Status PlaceColumns(Transaction& transaction, RegistryRow* row);

// "key_columns[2]"
std::string Indexed(std::string_view field, size_t i);

// Whether values of this shape can stand in the column. Text of a field's own format stands in any
// column of text.
bool Holds(const Column& column, Shape shape);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_REGISTRY_CHECKS_H_
