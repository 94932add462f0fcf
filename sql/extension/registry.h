/*
 * The registry of protected columns (sql/target/0001_protected_columns.sql), read as a table of
 * plain rows: no query, so that neither rights of the caller nor a search path, a view or a rule
 * take part.
 */
#ifndef FIELDKMS_SQL_EXTENSION_REGISTRY_H_
#define FIELDKMS_SQL_EXTENSION_REGISTRY_H_

#include "nodes/pg_list.h"

#include "sql/extension/context_functions.h"

/* One line. Columns are given by what they are called now. */
typedef struct KmsRegistered {
  char binding[KMS_BINDING_SIZE];
  char* column;
  KmsBytes tenant;   /* in UTF-8 */
  KmsBytes field_id; /* 8 bytes; absent: there is no field */
  char* shape;
  List* key_columns;     /* of char*: `pk`, in this order */
  List* context_names;   /* of char*: further entries ... */
  List* context_columns; /* ... and the columns with their values */
} KmsRegistered;

/*
 * The protected columns of a table, or of the root that it is a partition of: a list of
 * KmsRegistered in the current memory context. Error: 55000, where there is no registry or not one
 * of this release.
 */
List* kms_registry_of(Oid relation);

/*
 * The context of a value in the row with these values, of the key's columns and then of the further
 * ones; 22023 where they are not as many. What FieldService seals it binds to the field by itself:
 * `with_field` is for calls that go by keys.
 */
Datum kms_row_context_of(const KmsRegistered* registered, const KmsBytes* values, int count,
                         bool with_field);
/* The context of a value whose row is not known yet. */
Datum kms_new_row_context_of(const KmsRegistered* registered, bool with_field);

#endif /* FIELDKMS_SQL_EXTENSION_REGISTRY_H_ */
