/*
 * Contexts as datums. Errors are raised with state 22023, naming what is wrong and no value.
 */
#ifndef FIELDKMS_SQL_EXTENSION_CONTEXT_FUNCTIONS_H_
#define FIELDKMS_SQL_EXTENSION_CONTEXT_FUNCTIONS_H_

#include "utils/array.h"

#include "sql/extension/context_writer.h"

#define KMS_BINDING_SIZE 16
/* Entries that have a meaning by convention (crypto/FORMAT.md). */
#define KMS_ENTRY_BINDING "b"
#define KMS_ENTRY_KEY "pk"
#define KMS_ENTRY_FIELD "f"
/* In the place of `pk`, until a trigger knows the row: kms.new_row_context. Of no stored value. */
#define KMS_ENTRY_NEW "new"

/* A context as bytea, of entries in any order. */
Datum kms_make_context(KmsEntry* entries, size_t count);
/* The value of the entry `pk`, in the current memory context. */
KmsBytes kms_row_key(const KmsBytes* columns, size_t count);
/* The elements of a text[] in UTF-8; none may be NULL (22004). */
KmsBytes* kms_text_array(ArrayType* array, int* count);

#endif /* FIELDKMS_SQL_EXTENSION_CONTEXT_FUNCTIONS_H_ */
