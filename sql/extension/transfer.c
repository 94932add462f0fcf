#include "postgres.h"

#include <string.h>

#include "utils/memutils.h"

#include "sql/extension/transfer.h"
#include "sql/wire/frames.h"

/* Buffers of this size are made at once, and larger ones than the other are not kept. */
#define SMALLEST_ROOM ((size_t)16 * 1024)
#define LARGEST_KEPT ((size_t)1024 * 1024)

typedef struct Buffer {
  char* data;
  size_t room;
  size_t begin; /* of what is still to be sent, or taken */
  size_t end;
  size_t dirty; /* how far it was ever written to since it was wiped */
} Buffer;

static Buffer out;
static Buffer in;
/* Of the answer that `in` begins with, once it is known. */
static bool has_head;
static KmsHttpHead in_head;

static void wipe(Buffer* buffer) {
  if (buffer->dirty > 0) explicit_bzero(buffer->data, buffer->dirty);
  buffer->begin = buffer->end = buffer->dirty = 0;
}

/* Gives it room for `size` bytes; what is in it stays. */
static void reserve(Buffer* buffer, size_t size) {
  if (buffer->room >= size) return;
  const size_t room = Max(size, SMALLEST_ROOM);
  char* data = MemoryContextAllocHuge(TopMemoryContext, room);
  if (buffer->data != NULL) {
    memcpy(data, buffer->data, buffer->end);
    explicit_bzero(buffer->data, buffer->dirty);
    pfree(buffer->data);
  }
  buffer->data = data;
  buffer->room = room;
  buffer->dirty = buffer->end;
}

static void release(Buffer* buffer) {
  wipe(buffer);
  if (buffer->room <= LARGEST_KEPT) return;
  pfree(buffer->data);
  buffer->data = NULL;
  buffer->room = 0;
}

void kms_transfer_reset(void) {
  release(&out);
  release(&in);
  has_head = false;
}

void kms_transfer_put(const KmsFrameHead* head, const KmsBytes* parts, int part_count,
                      uint32_t items, size_t frame_size) {
  out.begin = out.end = 0;
  reserve(&out, KMS_HTTP_REQUEST_ROOM + frame_size);
  char* body = out.data + KMS_HTTP_REQUEST_ROOM;
  out.begin = (size_t)(kms_http_put_request(body, frame_size) - out.data);
  out.end = KMS_HTTP_REQUEST_ROOM + frame_size;
  out.dirty = Max(out.dirty, out.end);
  char* end = kms_frame_put_head(body, head, items);
  end = kms_frame_put_items(end, parts, (size_t)items * (size_t)part_count);
  Assert(end == body + frame_size);
  (void)end;
}

void kms_transfer_put_request(KmsBytes head, KmsBytes body) {
  out.begin = out.end = 0;
  reserve(&out, head.size + body.size);
  (void)kms_put_bytes(kms_put_bytes(out.data, head), body);
  out.end = head.size + body.size;
  out.dirty = Max(out.dirty, out.end);
}

bool kms_transfer_has_unsent(void) { return out.begin < out.end; }

KmsIo kms_transfer_send(void) {
  while (out.begin < out.end) {
    size_t sent;
    const KmsIo io = kms_connection_send(out.data + out.begin, out.end - out.begin, &sent);
    if (io != KMS_IO_DONE) return io;
    out.begin += sent;
  }
  return KMS_IO_DONE;
}

static size_t answer_size(void) { return in_head.head_size + in_head.body_size; }

/* Whether a whole answer is there. */
static bool is_complete(void) {
  const size_t most = (size_t)FIELDKMS_ANSWER_MOST_BYTES;
  if (!has_head && in.end > 0) {
    switch (kms_http_read_head(kms_bytes(in.data, in.end), most, &in_head)) {
      case KMS_HTTP_MALFORMED:
        kms_raise_protocol("it is not the HTTP that was expected");
      case KMS_HTTP_INCOMPLETE:
        return false;
      case KMS_HTTP_COMPLETE:
        has_head = true;
    }
  }
  return has_head && in.end >= answer_size();
}

KmsIo kms_transfer_receive(void) {
  while (!is_complete()) {
    size_t received;
    reserve(&in, has_head ? answer_size() : SMALLEST_ROOM);
    const KmsIo io = kms_connection_receive(in.data + in.end, in.room - in.end, &received);
    if (io != KMS_IO_DONE) return io;
    in.end += received;
    in.dirty = Max(in.dirty, in.end);
  }
  return KMS_IO_DONE;
}

KmsBytes kms_transfer_body(KmsHttpHead* head) {
  *head = in_head;
  return kms_bytes(in.data + in_head.head_size, in_head.body_size);
}

bool kms_transfer_ends_here(void) { return in.end == answer_size(); }

void kms_transfer_next(void) {
  /* The next answer may have begun behind it, where two requests were under way. */
  const size_t size = answer_size();
  memmove(in.data, in.data + size, in.end - size);
  in.end -= size;
  has_head = false;
}

bool kms_transfer_has_received(void) { return in.end > 0; }
