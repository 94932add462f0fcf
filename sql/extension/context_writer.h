/*
 * Contexts in the canonical form of crypto/FORMAT.md ("Context"). Pure.
 */
#ifndef FIELDKMS_SQL_EXTENSION_CONTEXT_WRITER_H_
#define FIELDKMS_SQL_EXTENSION_CONTEXT_WRITER_H_

#include "sql/extension/bytes.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KMS_CONTEXT_MOST_ENTRIES 16
#define KMS_CONTEXT_MOST_NAME 64
#define KMS_CONTEXT_MOST_VALUE 4096
#define KMS_CONTEXT_MOST_BYTES 8192

typedef struct KmsEntry {
  KmsBytes name;
  KmsBytes value;
} KmsEntry;

/* NULL: they are a context, sorted by name now, of `*size` bytes. Else what is wrong with them. */
const char* kms_context_prepare(KmsEntry* entries, size_t count, size_t* size);

/* Writes what was prepared; returns where it ends. */
char* kms_context_put(char* out, const KmsEntry* entries, size_t count);

/*
 * Reads a context: `entries` has KMS_CONTEXT_MOST_ENTRIES places. NULL: `*count` of them are
 * filled, with views into `context`. Else what is wrong; only canonical form is read.
 */
const char* kms_context_read(KmsBytes context, KmsEntry* entries, size_t* count);

/* How many bytes the value of the entry `pk` takes of these columns, and writes it. */
size_t kms_row_key_size(const KmsBytes* columns, size_t count);
char* kms_row_key_put(char* out, const KmsBytes* columns, size_t count);

#ifdef __cplusplus
}
#endif

#endif /* FIELDKMS_SQL_EXTENSION_CONTEXT_WRITER_H_ */
