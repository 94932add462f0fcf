/*
 * Columns of a key as the text that ciphertexts are bound to: what a cast to text gives in a
 * session with the settings of the rotation worker (kms/postgres/conninfo.cc), whatever those of
 * this one.
 */
#ifndef FIELDKMS_SQL_EXTENSION_KEY_TEXT_H_
#define FIELDKMS_SQL_EXTENSION_KEY_TEXT_H_

#include "fmgr.h"

#include "sql/extension/bytes.h"

typedef struct KmsKeyText {
  FmgrInfo function;
  enum { KMS_IS_TEXT, KMS_CAST, KMS_OUTPUT } how;
  bool depends_on_settings;
} KmsKeyText;

/* Prepares for values of a type; looked-up functions live in `context`. */
void kms_key_text_prepare(KmsKeyText* key_text, Oid type, MemoryContext context);
/* The text of a value that is not NULL, in UTF-8, in the current memory context. */
KmsBytes kms_key_text(KmsKeyText* key_text, Datum value);

#endif /* FIELDKMS_SQL_EXTENSION_KEY_TEXT_H_ */
