// The SQL of sql/target, embedded into the binary at build time.
#ifndef FIELDKMS_ROTATION_TARGET_SCHEMA_H_
#define FIELDKMS_ROTATION_TARGET_SCHEMA_H_

#include <span>

#include "kms/postgres/embedded_sql.h"

namespace fieldkms {

// The migrations: the number of each is its place here, from 1.
std::span<const EmbeddedSql> TargetSchema();

}  // namespace fieldkms

#endif  // FIELDKMS_ROTATION_TARGET_SCHEMA_H_
