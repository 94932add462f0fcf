// The SQL of sql/schema, embedded into the binary at build time.
#ifndef FIELDKMS_KMS_STORE_POSTGRES_SCHEMA_H_
#define FIELDKMS_KMS_STORE_POSTGRES_SCHEMA_H_

#include <span>

#include "kms/postgres/embedded_sql.h"

namespace fieldkms {

// roles, and then the migrations: the number of each is its place here, from 1.
std::span<const EmbeddedSql> EmbeddedSchema();

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_POSTGRES_SCHEMA_H_
