#include "sql/extension/envelope_reader.h"

#define FORMAT 1
#define HEADER_SIZE 13

/* How long an envelope of a suite is at least; 0: no suite. */
static size_t least_size(unsigned suite) {
  switch (suite) {
    case 1:
      return KMS_ENVELOPE_LEAST;
    case 2:
      return KMS_ENVELOPE_LEAST + 32;
    case 3:
      return KMS_ENVELOPE_LEAST + KMS_SUBJECT_SIZE;
    default:
      return 0;
  }
}

bool kms_envelope_read(KmsBytes bytes, KmsEnvelope* envelope) {
  if (bytes.size < KMS_ENVELOPE_LEAST) return false;
  const unsigned first = kms_get_u8(bytes.data);
  const unsigned suite = first & 0x0F;
  const size_t least = least_size(suite);
  if (first >> 4 != FORMAT || least == 0 || bytes.size < least) return false;
  envelope->suite = suite;
  envelope->key_id = (uint64_t)kms_get_u32(bytes.data + 1) << 32 | kms_get_u32(bytes.data + 5);
  envelope->version = kms_get_u32(bytes.data + 9);
  envelope->subject =
      suite == 3 ? kms_bytes(bytes.data + HEADER_SIZE, KMS_SUBJECT_SIZE) : kms_absent();
  return envelope->key_id != 0 && envelope->version != 0;
}

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t kms_text_size(size_t size) {
  return KMS_TEXT_PREFIX_SIZE + size / 3 * 4 + (size % 3 == 0 ? 0 : size % 3 + 1);
}

char* kms_text_put(char* out, KmsBytes envelope) {
  out = kms_put_bytes(out, kms_bytes(KMS_TEXT_PREFIX, KMS_TEXT_PREFIX_SIZE));
  uint32_t bits = 0;
  int held = 0;
  for (size_t i = 0; i < envelope.size; ++i) {
    bits = (bits << 8 | kms_get_u8(envelope.data + i)) & 0xFFFF;
    for (held += 8; held >= 6; held -= 6) *out++ = digits[bits >> (held - 6) & 0x3F];
  }
  if (held > 0) *out++ = digits[bits << (6 - held) & 0x3F];
  return out;
}

/* The value of a digit, or -1. */
static int digit_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '-') return 62;
  return c == '_' ? 63 : -1;
}

bool kms_text_read(KmsBytes text, char* out, size_t* size) {
  if (text.size < KMS_TEXT_PREFIX_SIZE || (text.size - KMS_TEXT_PREFIX_SIZE) % 4 == 1 ||
      strncmp(text.data, KMS_TEXT_PREFIX, KMS_TEXT_PREFIX_SIZE) != 0) {
    return false;
  }
  char* const begin = out;
  uint32_t bits = 0;
  int held = 0;
  for (size_t i = KMS_TEXT_PREFIX_SIZE; i < text.size; ++i) {
    const int value = digit_value(text.data[i]);
    if (value < 0) return false;
    bits = (bits << 6 | (uint32_t)value) & 0xFFFF;
    held += 6;
    if (held >= 8) {
      held -= 8;
      *out++ = (char)(uint8_t)(bits >> held);
    }
  }
  *size = (size_t)(out - begin);
  return (bits & ((1U << held) - 1)) == 0;
}
