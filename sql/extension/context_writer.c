#include "sql/extension/context_writer.h"

/* As memcmp orders them, the shorter one first where it is the beginning of the other. */
static int compare(KmsBytes left, KmsBytes right) {
  const size_t both = left.size < right.size ? left.size : right.size;
  for (size_t i = 0; i < both; ++i) {
    const int difference = (uint8_t)left.data[i] - (uint8_t)right.data[i];
    if (difference != 0) return difference;
  }
  return left.size < right.size ? -1 : left.size > right.size;
}

static bool is_name(KmsBytes name) {
  if (name.size == 0 || name.size > KMS_CONTEXT_MOST_NAME) return false;
  for (size_t i = 0; i < name.size; ++i) {
    const char c = name.data[i];
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-')) {
      return false;
    }
  }
  return true;
}

static void sort(KmsEntry* entries, size_t count) {
  for (size_t i = 1; i < count; ++i) {
    const KmsEntry entry = entries[i];
    size_t at = i;
    for (; at > 0 && compare(entry.name, entries[at - 1].name) < 0; --at) {
      entries[at] = entries[at - 1];
    }
    entries[at] = entry;
  }
}

/* Of sorted entries. */
static const char* check(const KmsEntry* entries, size_t count, size_t* size) {
  *size = 2;
  for (size_t i = 0; i < count; ++i) {
    if (!is_name(entries[i].name)) {
      return "a name of an entry has 1 to 64 characters of a-z, 0-9, \"_\", \".\" and \"-\"";
    }
    if (entries[i].value.size > KMS_CONTEXT_MOST_VALUE) {
      return "a value of an entry has more than 4096 bytes";
    }
    if (i > 0 && compare(entries[i - 1].name, entries[i].name) == 0) {
      return "a name of an entry is given twice";
    }
    *size += 2 + entries[i].name.size + 4 + entries[i].value.size;
  }
  return *size > KMS_CONTEXT_MOST_BYTES ? "it has more than 8192 bytes" : NULL;
}

const char* kms_context_prepare(KmsEntry* entries, size_t count, size_t* size) {
  if (count > KMS_CONTEXT_MOST_ENTRIES) return "it has more than 16 entries";
  sort(entries, count);
  return check(entries, count, size);
}

char* kms_context_put(char* out, const KmsEntry* entries, size_t count) {
  out = kms_put_u16(out, (unsigned)count);
  for (size_t i = 0; i < count; ++i) {
    out = kms_put_bytes(kms_put_u16(out, (unsigned)entries[i].name.size), entries[i].name);
    out = kms_put_bytes(kms_put_u32(out, (uint32_t)entries[i].value.size), entries[i].value);
  }
  return out;
}

static bool take(KmsBytes* rest, size_t size, KmsBytes* taken) {
  if (rest->size < size) return false;
  *taken = kms_bytes(rest->data, size);
  rest->data += size;
  rest->size -= size;
  return true;
}

const char* kms_context_read(KmsBytes context, KmsEntry* entries, size_t* count) {
  static const char malformed[] = "it is not in canonical form";
  KmsBytes rest = context;
  KmsBytes number;
  size_t size;
  if (!take(&rest, 2, &number)) return malformed;
  *count = kms_get_u16(number.data);
  if (*count > KMS_CONTEXT_MOST_ENTRIES) return "it has more than 16 entries";
  for (size_t i = 0; i < *count; ++i) {
    if (!take(&rest, 2, &number) || !take(&rest, kms_get_u16(number.data), &entries[i].name) ||
        !take(&rest, 4, &number) || !take(&rest, kms_get_u32(number.data), &entries[i].value)) {
      return malformed;
    }
    if (i > 0 && compare(entries[i - 1].name, entries[i].name) > 0) return malformed;
  }
  if (rest.size > 0) return malformed;
  return check(entries, *count, &size);
}

size_t kms_row_key_size(const KmsBytes* columns, size_t count) {
  size_t size = 0;
  for (size_t i = 0; i < count; ++i) size += 4 + columns[i].size;
  return size;
}

char* kms_row_key_put(char* out, const KmsBytes* columns, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    out = kms_put_bytes(kms_put_u32(out, (uint32_t)columns[i].size), columns[i]);
  }
  return out;
}
