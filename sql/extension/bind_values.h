/*
 * Values of protected columns as the envelopes that are in them, and back.
 */
#ifndef FIELDKMS_SQL_EXTENSION_BIND_VALUES_H_
#define FIELDKMS_SQL_EXTENSION_BIND_VALUES_H_

#include "access/tupdesc.h"

#include "sql/extension/bytes.h"

/* How envelopes stand in a column; of a JSON document only the service could tell. */
typedef enum KmsShape {
  KMS_SHAPE_BYTEA,
  KMS_SHAPE_TEXT,
  KMS_SHAPE_BYTEA_ARRAY,
  KMS_SHAPE_TEXT_ARRAY,
  KMS_SHAPE_OTHER, /* json, jsonb, fpe */
} KmsShape;

/* By its name in the registry. */
KmsShape kms_shape_of(const char* name);
/* Whether a column of this type can have that shape. */
bool kms_shape_fits(KmsShape shape, Oid type);

/* The envelopes in a value that is not NULL, `*count` of them; an element of an array that is NULL
   is absent. Error: 22F01 where some of it is no envelope. */
KmsBytes* kms_envelopes_of(KmsShape shape, Datum value, int* count);

/* The value with these envelopes in their places. `like` is the one that they were taken from.
   Error: 22001 where the column is too short for it. */
Datum kms_value_of_envelopes(KmsShape shape, const KmsBytes* envelopes, int count, Datum like,
                             const FormData_pg_attribute* column);

#endif /* FIELDKMS_SQL_EXTENSION_BIND_VALUES_H_ */
