/*
 * Writes requests of sql/wire/FRAMES.md. Pure. Sizes are asked for first, so that a frame is
 * written once, into a buffer of its size.
 */
#ifndef FIELDKMS_SQL_EXTENSION_FRAME_WRITER_H_
#define FIELDKMS_SQL_EXTENSION_FRAME_WRITER_H_

#include "sql/extension/bytes.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What stands before the items. Each text has at most 65,535 bytes. */
typedef struct KmsFrameHead {
  unsigned op;
  uint32_t deadline_ms;
  KmsBytes session_user;
  KmsBytes current_role;
  KmsBytes database;
  KmsBytes tenant;
  KmsBytes name;
  KmsBytes detail;
} KmsFrameHead;

/* How many bytes of a frame the head takes, the count of items included. */
size_t kms_frame_head_size(const KmsFrameHead* head);

/* How many bytes one item of `parts` parts takes. */
size_t kms_frame_item_size(const KmsBytes* parts, int part_count);

/*
 * How many of `items` items, which lie one after the other at `parts`, go into one frame after a
 * head of `head_size` bytes; `*size` becomes that of the frame. 0: not even the first.
 */
size_t kms_frame_fit(const KmsBytes* parts, int part_count, size_t items, size_t head_size,
                     size_t* size);

/* Both write at `out`, which has the room that they take, and return where they ended. */
char* kms_frame_put_head(char* out, const KmsFrameHead* head, uint32_t items);
char* kms_frame_put_items(char* out, const KmsBytes* parts, size_t count);

#ifdef __cplusplus
}
#endif

#endif /* FIELDKMS_SQL_EXTENSION_FRAME_WRITER_H_ */
