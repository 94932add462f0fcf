/*
 * Integers and stretches of bytes as frames, contexts and envelopes have them. Pure: nothing of
 * PostgreSQL, no allocation, safe from any thread.
 */
#ifndef FIELDKMS_SQL_EXTENSION_BYTES_H_
#define FIELDKMS_SQL_EXTENSION_BYTES_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes that somebody else owns. NULL data: absent, which is not the same as empty. */
typedef struct KmsBytes {
  const char* data;
  size_t size;
} KmsBytes;

static inline KmsBytes kms_bytes(const void* data, size_t size) {
  KmsBytes bytes = {(const char*)data, size};
  return bytes;
}

static inline KmsBytes kms_absent(void) { return kms_bytes(NULL, 0); }

/* Of public bytes: it takes as long as they are alike. */
static inline bool kms_bytes_equal(KmsBytes left, KmsBytes right) {
  if (left.size != right.size) return false;
  for (size_t i = 0; i < left.size; ++i) {
    if (left.data[i] != right.data[i]) return false;
  }
  return true;
}

/* Big-endian. The put functions return where the next byte goes. */
static inline char* kms_put_u8(char* out, unsigned value) {
  *out = (char)(uint8_t)value;
  return out + 1;
}

static inline char* kms_put_u16(char* out, unsigned value) {
  return kms_put_u8(kms_put_u8(out, value >> 8), value & 0xFF);
}

static inline char* kms_put_u32(char* out, uint32_t value) {
  return kms_put_u16(kms_put_u16(out, value >> 16), value & 0xFFFF);
}

static inline char* kms_put_bytes(char* out, KmsBytes bytes) {
  if (bytes.size > 0) memcpy(out, bytes.data, bytes.size);
  return out + bytes.size;
}

static inline unsigned kms_get_u8(const char* in) { return (uint8_t)*in; }

static inline unsigned kms_get_u16(const char* in) {
  return kms_get_u8(in) << 8 | kms_get_u8(in + 1);
}

static inline uint32_t kms_get_u32(const char* in) {
  return (uint32_t)kms_get_u16(in) << 16 | kms_get_u16(in + 2);
}

#ifdef __cplusplus
}
#endif

#endif /* FIELDKMS_SQL_EXTENSION_BYTES_H_ */
