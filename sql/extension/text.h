/*
 * Text between the database's encoding and UTF-8, which the service speaks. Errors have state 22021
 * and no byte of the text, unlike those of PostgreSQL's own conversions.
 */
#ifndef FIELDKMS_SQL_EXTENSION_TEXT_H_
#define FIELDKMS_SQL_EXTENSION_TEXT_H_

#include "fmgr.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h" /* no longer a part of postgres.h */
#endif

#include "sql/extension/bytes.h"

/* `text` in UTF-8: a view of it where the encodings are one, else a copy in the current memory
   context. In databases of SQL_ASCII it has to be UTF-8 already. */
KmsBytes kms_to_utf8(KmsBytes text);
KmsBytes kms_cstring_to_utf8(const char* text);

/* A new text datum of UTF-8. Refused: what is not UTF-8, has a zero byte, or cannot be written in
   the database's encoding. */
Datum kms_from_utf8(KmsBytes utf8);
/* A new bytea datum. */
Datum kms_to_bytea(KmsBytes bytes);

/* The bytes of a bytea or text datum; a copy only where it was toasted or compressed. */
KmsBytes kms_datum_bytes(Datum datum);

#endif /* FIELDKMS_SQL_EXTENSION_TEXT_H_ */
