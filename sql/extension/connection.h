/*
 * The backend's one connection to the shim: a Unix socket that never blocks. Waiting is
 * interruptible: cancels, statement_timeout, termination and the postmaster's end are heeded at
 * once.
 *
 * All functions raise errors; whoever uses the connection closes it when anything was raised while
 * a request was under way, since the answer would be taken for another's.
 */
#ifndef FIELDKMS_SQL_EXTENSION_CONNECTION_H_
#define FIELDKMS_SQL_EXTENSION_CONNECTION_H_

#include "datatype/timestamp.h"

/* Sees to it that there is a connection, made by this process, to a shim whose user is the right
   one. Returns whether one was kept from before: the shim may have closed that meanwhile. */
bool kms_connection_open(TimestampTz deadline);

void kms_connection_close(void);

/* Whether the shim has closed the kept connection, as far as can be told without sending. */
bool kms_connection_is_stale(void);

typedef enum KmsIo {
  KMS_IO_DONE,  /* some bytes went */
  KMS_IO_AGAIN, /* none can go now: wait */
  KMS_IO_GONE,  /* the other side is gone */
} KmsIo;

KmsIo kms_connection_send(const char* bytes, size_t size, size_t* sent);
KmsIo kms_connection_receive(char* bytes, size_t room, size_t* received);

/* Waits until there is something to receive or, with `to_send`, room to send, or an interrupt was
   handled. Raises 57014 when the deadline is over. */
void kms_connection_wait(bool to_send, TimestampTz deadline);

/* What an operator needs to know about where the connection goes, for messages. */
void kms_raise_unreachable(const char* what) __attribute__((noreturn));
void kms_raise_protocol(const char* what) __attribute__((noreturn));

#endif /* FIELDKMS_SQL_EXTENSION_CONNECTION_H_ */
