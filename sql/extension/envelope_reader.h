/*
 * What an envelope (crypto/FORMAT.md) shows to whoever has no key, and its text form. Pure.
 */
#ifndef FIELDKMS_SQL_EXTENSION_ENVELOPE_READER_H_
#define FIELDKMS_SQL_EXTENSION_ENVELOPE_READER_H_

#include "sql/extension/bytes.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KMS_ENVELOPE_LEAST 53
#define KMS_SUBJECT_SIZE 16
#define KMS_TEXT_PREFIX "fk1."
#define KMS_TEXT_PREFIX_SIZE 4

typedef struct KmsEnvelope {
  unsigned suite;
  uint64_t key_id;
  uint32_t version;
  KmsBytes subject; /* absent but in suite 3 */
} KmsEnvelope;

/* Whether these bytes are an envelope: what a reader without keys can tell. */
bool kms_envelope_read(KmsBytes bytes, KmsEnvelope* envelope);

/* How many bytes the text form of `size` bytes has, and writes it; returns where it ends. */
size_t kms_text_size(size_t size);
char* kms_text_put(char* out, KmsBytes envelope);

/*
 * Reads a text form: `out` has room for text.size bytes. Whether it is one; only the one spelling
 * that kms_text_put writes is read. Whether the bytes are an envelope is another question.
 */
bool kms_text_read(KmsBytes text, char* out, size_t* size);

#ifdef __cplusplus
}
#endif

#endif /* FIELDKMS_SQL_EXTENSION_ENVELOPE_READER_H_ */
