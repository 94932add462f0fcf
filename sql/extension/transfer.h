/*
 * Requests out and answers in, over the connection. One buffer for each, kept from call to call;
 * both hold values, and are wiped when a call is over, however it ends.
 *
 * The order of use is that of call.c: put a frame, send it, put the next while the first one's
 * answer is awaited, receive.
 */
#ifndef FIELDKMS_SQL_EXTENSION_TRANSFER_H_
#define FIELDKMS_SQL_EXTENSION_TRANSFER_H_

#include "sql/extension/connection.h"
#include "sql/extension/frame_writer.h"
#include "sql/extension/http_head.h"

/* Writes a request with the frame of `items` items at `parts`, of `frame_size` bytes in all. What
   was put before has been sent. */
void kms_transfer_put(const KmsFrameHead* head, const KmsBytes* parts, int part_count,
                      uint32_t items, size_t frame_size);
/* The same of any request: its head, with the line that ends it, and its body. */
void kms_transfer_put_request(KmsBytes head, KmsBytes body);
/* Whether some of it is still to be sent. */
bool kms_transfer_has_unsent(void);
/* Sends as much as goes now. KMS_IO_DONE: all of it. */
KmsIo kms_transfer_send(void);

/* Receives as much as is there. KMS_IO_DONE: an answer is complete. Raises what is no HTTP. */
KmsIo kms_transfer_receive(void);
/* The complete answer, until kms_transfer_next: its status and its body. */
KmsBytes kms_transfer_body(KmsHttpHead* head);
/* Whether nothing was received behind the complete answer. */
bool kms_transfer_ends_here(void);
/* Forgets the complete answer. */
void kms_transfer_next(void);
/* Whether any byte has been received since the last kms_transfer_reset or kms_transfer_next. */
bool kms_transfer_has_received(void);

/* Wipes both buffers and forgets what is in them. */
void kms_transfer_reset(void);

#endif /* FIELDKMS_SQL_EXTENSION_TRANSFER_H_ */
