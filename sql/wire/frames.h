/*
 * Numbers of the frames between the PostgreSQL extension (C) and the shim (C++): FRAMES.md has
 * their meaning. Nothing but constants, so that either side can include it.
 */
#ifndef FIELDKMS_SQL_WIRE_FRAMES_H_
#define FIELDKMS_SQL_WIRE_FRAMES_H_

#define FIELDKMS_FRAME_PATH "/v1/frames"
#define FIELDKMS_FRAME_TYPE "application/vnd.fieldkms.frame"

/* "FK" and the version of frames. */
#define FIELDKMS_FRAME_MAGIC "FK\x01"
#define FIELDKMS_FRAME_MAGIC_SIZE 3

#define FIELDKMS_FRAME_MOST_BYTES 8388608u /* 8 MiB */
#define FIELDKMS_FRAME_MOST_ITEMS 10000u
/* Of an answer: what is made of a value is longer than it. */
#define FIELDKMS_ANSWER_MOST_BYTES 33554432u /* 32 MiB */
#define FIELDKMS_FRAME_ABSENT 0xFFFFFFFFu

enum fieldkms_frame_op {
  FIELDKMS_OP_ENCRYPT = 1,
  FIELDKMS_OP_DECRYPT = 2,
  FIELDKMS_OP_REWRAP = 3,
  FIELDKMS_OP_PROTECT = 4,
  FIELDKMS_OP_REVEAL = 5,
  FIELDKMS_OP_MASK = 6,
  FIELDKMS_OP_TOKENIZE = 7,
  FIELDKMS_OP_DETOKENIZE = 8,
  FIELDKMS_OP_BLIND_INDEX = 9,
  FIELDKMS_OP_VALIDATE = 10
};

enum fieldkms_frame_kind {
  FIELDKMS_KIND_INVALID = 1,
  FIELDKMS_KIND_NOT_OPENED = 2,
  FIELDKMS_KIND_NOT_FOUND = 3,
  FIELDKMS_KIND_DENIED = 4,
  FIELDKMS_KIND_EXISTS = 5,
  FIELDKMS_KIND_STATE = 6,
  FIELDKMS_KIND_TOO_MUCH = 7,
  FIELDKMS_KIND_UNAVAILABLE = 8,
  FIELDKMS_KIND_DEADLINE = 9,
  FIELDKMS_KIND_BUG = 10
};

#endif /* FIELDKMS_SQL_WIRE_FRAMES_H_ */
