/*
 * Reads answers of sql/wire/FRAMES.md. Pure; what it gives are views into the frame. Whatever is
 * not exactly an answer to what was asked is malformed, and the reader must not be used any more.
 */
#ifndef FIELDKMS_SQL_EXTENSION_FRAME_READER_H_
#define FIELDKMS_SQL_EXTENSION_FRAME_READER_H_

#include "sql/extension/bytes.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KMS_MOST_PARTS 8

typedef struct KmsAnswer {
  const char* at;
  const char* end;
  uint32_t left; /* results that have not been read */
} KmsAnswer;

/* Why a call, or one item of it, failed: `kind` is one of enum fieldkms_frame_kind. */
typedef struct KmsFailure {
  unsigned kind;
  KmsBytes reason;
  KmsBytes field;
  KmsBytes message;
  uint32_t retry_ms;
} KmsFailure;

typedef enum KmsRead {
  KMS_READ_RESULT,    /* all is well */
  KMS_READ_FAILURE,   /* it says that the call or the item has failed */
  KMS_READ_MALFORMED, /* these are not the bytes of an answer */
} KmsRead;

/* Begins to read the answer to `items` items of `op`. After KMS_READ_FAILURE there is no more. */
KmsRead kms_answer_open(KmsAnswer* answer, KmsBytes frame, unsigned op, uint32_t items,
                        KmsFailure* failure);

/* Reads the next result, of `part_count` parts, at most KMS_MOST_PARTS. */
KmsRead kms_answer_next(KmsAnswer* answer, int part_count, KmsBytes* parts, KmsFailure* failure);

/* Whether all was read: to be asked after the last result. */
bool kms_answer_complete(const KmsAnswer* answer);

#ifdef __cplusplus
}
#endif

#endif /* FIELDKMS_SQL_EXTENSION_FRAME_READER_H_ */
