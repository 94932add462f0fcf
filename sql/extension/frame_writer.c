#include "sql/extension/frame_writer.h"

#include "sql/wire/frames.h"

/* Magic, op, deadline; and the count behind the texts. */
#define FIXED_SIZE (FIELDKMS_FRAME_MAGIC_SIZE + 1 + 4 + 4)
#define TEXTS 6

static const KmsBytes* text_at(const KmsFrameHead* head, int i) {
  const KmsBytes* texts[TEXTS] = {&head->session_user, &head->current_role, &head->database,
                                  &head->tenant,       &head->name,         &head->detail};
  return texts[i];
}

size_t kms_frame_head_size(const KmsFrameHead* head) {
  size_t size = FIXED_SIZE;
  for (int i = 0; i < TEXTS; ++i) size += 2 + text_at(head, i)->size;
  return size;
}

size_t kms_frame_item_size(const KmsBytes* parts, int part_count) {
  size_t size = 0;
  for (int i = 0; i < part_count; ++i) size += 4 + parts[i].size;
  return size;
}

size_t kms_frame_fit(const KmsBytes* parts, int part_count, size_t items, size_t head_size,
                     size_t* size) {
  size_t count = 0;
  *size = head_size;
  while (count < items && count < FIELDKMS_FRAME_MOST_ITEMS) {
    const size_t more = kms_frame_item_size(parts + count * (size_t)part_count, part_count);
    if (*size + more > FIELDKMS_FRAME_MOST_BYTES) break;
    *size += more;
    ++count;
  }
  return count;
}

char* kms_frame_put_head(char* out, const KmsFrameHead* head, uint32_t items) {
  out = kms_put_bytes(out, kms_bytes(FIELDKMS_FRAME_MAGIC, FIELDKMS_FRAME_MAGIC_SIZE));
  out = kms_put_u8(out, head->op);
  out = kms_put_u32(out, head->deadline_ms);
  for (int i = 0; i < TEXTS; ++i) {
    const KmsBytes* text = text_at(head, i);
    out = kms_put_bytes(kms_put_u16(out, (unsigned)text->size), *text);
  }
  return kms_put_u32(out, items);
}

char* kms_frame_put_items(char* out, const KmsBytes* parts, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const bool absent = parts[i].data == NULL;
    out = kms_put_u32(out, absent ? FIELDKMS_FRAME_ABSENT : (uint32_t)parts[i].size);
    if (!absent) out = kms_put_bytes(out, parts[i]);
  }
  return out;
}
