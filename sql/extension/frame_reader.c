#include "sql/extension/frame_reader.h"

#include "sql/wire/frames.h"

/* What is not there; views of nothing. */
static const KmsFailure no_failure;

static size_t left(const KmsAnswer* answer) { return (size_t)(answer->end - answer->at); }

static bool take(KmsAnswer* answer, size_t size, KmsBytes* bytes) {
  if (left(answer) < size) return false;
  *bytes = kms_bytes(answer->at, size);
  answer->at += size;
  return true;
}

static bool take_u8(KmsAnswer* answer, unsigned* value) {
  KmsBytes bytes;
  if (!take(answer, 1, &bytes)) return false;
  *value = kms_get_u8(bytes.data);
  return true;
}

static bool take_u32(KmsAnswer* answer, uint32_t* value) {
  KmsBytes bytes;
  if (!take(answer, 4, &bytes)) return false;
  *value = kms_get_u32(bytes.data);
  return true;
}

static bool take_text(KmsAnswer* answer, KmsBytes* text) {
  KmsBytes size;
  return take(answer, 2, &size) && take(answer, kms_get_u16(size.data), text);
}

static bool take_part(KmsAnswer* answer, KmsBytes* part) {
  uint32_t size;
  if (!take_u32(answer, &size)) return false;
  if (size == FIELDKMS_FRAME_ABSENT) {
    *part = kms_absent();
    return true;
  }
  return take(answer, size, part);
}

static KmsRead take_failure(KmsAnswer* answer, KmsFailure* failure) {
  if (!take_u8(answer, &failure->kind) || !take_text(answer, &failure->reason) ||
      !take_text(answer, &failure->field) || !take_text(answer, &failure->message) ||
      !take_u32(answer, &failure->retry_ms)) {
    return KMS_READ_MALFORMED;
  }
  return KMS_READ_FAILURE;
}

KmsRead kms_answer_open(KmsAnswer* answer, KmsBytes frame, unsigned op, uint32_t items,
                        KmsFailure* failure) {
  KmsBytes magic;
  unsigned answered_op;
  unsigned status;
  *failure = no_failure;
  answer->at = frame.data;
  answer->end = frame.data + frame.size;
  answer->left = 0;
  if (!take(answer, FIELDKMS_FRAME_MAGIC_SIZE, &magic) || !take_u8(answer, &answered_op) ||
      !take_u8(answer, &status)) {
    return KMS_READ_MALFORMED;
  }
  for (int i = 0; i < FIELDKMS_FRAME_MAGIC_SIZE; ++i) {
    if (magic.data[i] != FIELDKMS_FRAME_MAGIC[i]) return KMS_READ_MALFORMED;
  }
  if (answered_op != op) return KMS_READ_MALFORMED;
  if (status == 1) {
    if (take_failure(answer, failure) != KMS_READ_FAILURE || left(answer) > 0) {
      return KMS_READ_MALFORMED;
    }
    return KMS_READ_FAILURE;
  }
  if (status != 0 || !take_u32(answer, &answer->left) || answer->left != items) {
    return KMS_READ_MALFORMED;
  }
  return KMS_READ_RESULT;
}

KmsRead kms_answer_next(KmsAnswer* answer, int part_count, KmsBytes* parts, KmsFailure* failure) {
  unsigned status;
  *failure = no_failure;
  if (answer->left == 0 || !take_u8(answer, &status) || status > 1) return KMS_READ_MALFORMED;
  --answer->left;
  if (status == 1) return take_failure(answer, failure);
  for (int i = 0; i < part_count; ++i) {
    if (!take_part(answer, &parts[i])) return KMS_READ_MALFORMED;
  }
  return KMS_READ_RESULT;
}

bool kms_answer_complete(const KmsAnswer* answer) {
  return answer->left == 0 && answer->at == answer->end;
}
