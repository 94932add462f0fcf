#include "sql/extension/http_head.h"

#include <strings.h>

#include "sql/wire/frames.h"

#define REQUEST_HEAD                   \
  "POST " FIELDKMS_FRAME_PATH          \
  " HTTP/1.1\r\n"                      \
  "Host: fieldkms\r\n"                 \
  "Content-Type: " FIELDKMS_FRAME_TYPE \
  "\r\n"                               \
  "Content-Length: "
#define REQUEST_END "\r\n\r\n"

_Static_assert(sizeof(REQUEST_HEAD) + sizeof(REQUEST_END) + 20 <= KMS_HTTP_REQUEST_ROOM,
               "a request's head fits its room");

static char* put_before(char* at, const char* text, size_t size) {
  at -= size;
  memcpy(at, text, size);
  return at;
}

char* kms_http_put_request(char* body, size_t body_size) {
  char* at = put_before(body, REQUEST_END, sizeof(REQUEST_END) - 1);
  do {
    *--at = (char)('0' + (char)(body_size % 10));
    body_size /= 10;
  } while (body_size > 0);
  return put_before(at, REQUEST_HEAD, sizeof(REQUEST_HEAD) - 1);
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* "HTTP/1.1 200 OK": three digits, and a space or the end behind them. */
static bool read_status(KmsBytes line, KmsHttpHead* head) {
  static const char version[] = "HTTP/1.1 ";
  const size_t before = sizeof(version) - 1;
  if (line.size < before + 3 || strncmp(line.data, version, before) != 0) return false;
  int status = 0;
  for (size_t i = before; i < before + 3; ++i) {
    if (!is_digit(line.data[i])) return false;
    status = status * 10 + (line.data[i] - '0');
  }
  if (line.size > before + 3 && line.data[before + 3] != ' ') return false;
  head->status = status;
  return status >= 200 && status <= 599;
}

static bool read_length(KmsBytes value, size_t most, size_t* length) {
  if (value.size == 0 || value.size > 10) return false;
  uint64_t number = 0;
  for (size_t i = 0; i < value.size; ++i) {
    if (!is_digit(value.data[i])) return false;
    number = number * 10 + (uint64_t)(value.data[i] - '0');
  }
  if (number > most) return false;
  *length = (size_t)number;
  return true;
}

static bool is(KmsBytes text, const char* word) {
  return text.size == strlen(word) && strncasecmp(text.data, word, text.size) == 0;
}

static bool is_name(KmsBytes name) {
  for (size_t i = 0; i < name.size; ++i) {
    const char c = name.data[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !is_digit(c) && c != '-' && c != '_') return false;
  }
  return name.size > 0;
}

static KmsBytes trimmed(KmsBytes text) {
  while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
    ++text.data;
    --text.size;
  }
  while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t')) {
    --text.size;
  }
  return text;
}

/* One "Name: value". No space before the colon, and no line that continues another. */
static bool read_field(KmsBytes line, size_t most_body, KmsHttpHead* head, bool* has_length) {
  const char* colon = (const char*)memchr(line.data, ':', line.size);
  if (colon == NULL) return false;
  const KmsBytes name = kms_bytes(line.data, (size_t)(colon - line.data));
  const KmsBytes value = trimmed(kms_bytes(colon + 1, line.size - name.size - 1));
  if (!is_name(name)) return false;
  if (is(name, "Transfer-Encoding") || is(name, "Content-Encoding")) return false;
  if (is(name, "Connection")) head->closes = !is(value, "keep-alive");
  if (!is(name, "Content-Length")) return true;
  if (*has_length) return false;
  *has_length = true;
  return read_length(value, most_body, &head->body_size);
}

/* The next line, without its end. A line feed or a carriage return alone is no end, and no part. */
static KmsHttpRead next_line(KmsBytes bytes, size_t* at, KmsBytes* line) {
  const char* begin = bytes.data + *at;
  const char* end = (const char*)memchr(begin, '\n', bytes.size - *at);
  if (end == NULL)
    return bytes.size < KMS_HTTP_HEAD_MOST ? KMS_HTTP_INCOMPLETE : KMS_HTTP_MALFORMED;
  const size_t size = (size_t)(end - begin);
  if (size == 0 || end[-1] != '\r') return KMS_HTTP_MALFORMED;
  *line = kms_bytes(begin, size - 1);
  if (memchr(line->data, '\r', line->size) != NULL ||
      memchr(line->data, '\0', line->size) != NULL) {
    return KMS_HTTP_MALFORMED;
  }
  *at += size + 1;
  return *at <= KMS_HTTP_HEAD_MOST ? KMS_HTTP_COMPLETE : KMS_HTTP_MALFORMED;
}

KmsHttpRead kms_http_read_head(KmsBytes bytes, size_t most_body, KmsHttpHead* head) {
  KmsBytes line;
  size_t at = 0;
  bool has_length = false;
  if (bytes.size == 0) return KMS_HTTP_INCOMPLETE;
  KmsHttpRead read = next_line(bytes, &at, &line);
  if (read != KMS_HTTP_COMPLETE) return read;
  head->closes = false;
  if (!read_status(line, head)) return KMS_HTTP_MALFORMED;
  while (true) {
    read = next_line(bytes, &at, &line);
    if (read != KMS_HTTP_COMPLETE) return read;
    if (line.size == 0) break;
    if (!read_field(line, most_body, head, &has_length)) return KMS_HTTP_MALFORMED;
  }
  head->head_size = at;
  return has_length ? KMS_HTTP_COMPLETE : KMS_HTTP_MALFORMED;
}
