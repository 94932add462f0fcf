/*
 * As much of HTTP/1.1 as one POST on a kept connection takes. Pure. The reader is strict: it takes
 * an answer of one known length and nothing that could be read in two ways (chunks, folded lines,
 * a length given twice, bare line feeds, 1xx), since a connection on which the two sides disagree
 * where an answer ends gives one caller another's.
 */
#ifndef FIELDKMS_SQL_EXTENSION_HTTP_HEAD_H_
#define FIELDKMS_SQL_EXTENSION_HTTP_HEAD_H_

#include "sql/extension/bytes.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Enough for any head that kms_http_put_request writes. */
#define KMS_HTTP_REQUEST_ROOM 192
/* The head of an answer may be so long. */
#define KMS_HTTP_HEAD_MOST 4096

/*
 * Writes the head of a request with a body of `body_size` bytes so that it ends right before
 * `body`, which has KMS_HTTP_REQUEST_ROOM bytes of room before it: one send takes both. Returns
 * where it begins.
 */
char* kms_http_put_request(char* body, size_t body_size);

typedef struct KmsHttpHead {
  int status; /* 200 to 599 */
  size_t head_size;
  size_t body_size;
  bool closes; /* no other request may follow on this connection */
} KmsHttpHead;

typedef enum KmsHttpRead {
  KMS_HTTP_COMPLETE,   /* the head is there; the body begins at head_size */
  KMS_HTTP_INCOMPLETE, /* more bytes are needed */
  KMS_HTTP_MALFORMED,
} KmsHttpRead;

/* Reads the head that `bytes` begins with. A body above `most_body` is malformed. */
KmsHttpRead kms_http_read_head(KmsBytes bytes, size_t most_body, KmsHttpHead* head);

#ifdef __cplusplus
}
#endif

#endif /* FIELDKMS_SQL_EXTENSION_HTTP_HEAD_H_ */
