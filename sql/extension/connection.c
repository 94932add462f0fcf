#include "postgres.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "miscadmin.h"
#include "pgstat.h"
#include "storage/fd.h"
#include "storage/latch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "sql/extension/connection.h"
#include "sql/extension/settings.h"

/* The shim's queue of connections is full, as when 200 backends begin at once: tried again so
   often, without an event to wait for. */
#define CONNECT_PAUSE_MS 5

static struct {
  pgsocket socket;
  int pid;
  unsigned epoch; /* of the settings that it was made by */
  /* Kept with the connection: making one costs more than the wait. */
  WaitEventSet* waits;
  int socket_position;
  uint32 events;
} connection = {PGINVALID_SOCKET, 0, 0, NULL, 0, 0};

void kms_raise_unreachable(const char* what) {
  ereport(ERROR, (errcode(ERRCODE_CONNECTION_FAILURE), errmsg("fieldkms: %s", what),
                  errhint("Is fieldkms-shim running on this machine, and is its socket that of "
                          "fieldkms.socket?")));
}

void kms_raise_protocol(const char* what) {
  ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
                  errmsg("fieldkms: what the shim answered cannot be read: %s", what)));
}

void kms_connection_close(void) {
  if (connection.waits != NULL) FreeWaitEventSet(connection.waits);
  if (connection.socket != PGINVALID_SOCKET) {
    close(connection.socket);
    ReleaseExternalFD();
  }
  connection.waits = NULL;
  connection.socket = PGINVALID_SOCKET;
}

/* The uid that the shim has to have; whether there is such a user. */
static bool shim_uid(uid_t* uid) {
  char* end;
  errno = 0;
  const unsigned long number = strtoul(kms_shim_user, &end, 10);
  if (kms_shim_user[0] >= '0' && kms_shim_user[0] <= '9' && *end == '\0') {
    *uid = (uid_t)number;
    return errno == 0 && number == (unsigned long)*uid;
  }
  /* No threads in a backend. */
  const struct passwd* user = getpwnam(kms_shim_user);
  if (user != NULL) *uid = user->pw_uid;
  return user != NULL;
}

/* Values go to nobody but the shim: whoever listens is asked of the kernel. */
static void check_peer(void) {
  struct ucred peer;
  socklen_t size = sizeof(peer);
  uid_t wanted = 0;
  if (getsockopt(connection.socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    ereport(ERROR, (errcode(ERRCODE_CONNECTION_FAILURE),
                    errmsg("fieldkms: the owner of the shim's socket is not known: %m")));
  }
  if (kms_shim_user[0] == '\0' ? peer.uid == 0 || peer.uid == geteuid()
                               : shim_uid(&wanted) && peer.uid == wanted) {
    return;
  }
  ereport(ERROR, (errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
                  errmsg("fieldkms: the socket is served by a user that is not the shim's"),
                  errdetail("It is user id %u.", (unsigned)peer.uid),
                  errhint("fieldkms.shim_user says whose it has to be.")));
}

/* Waits a little for nothing but interrupts. */
static void pause_for(long milliseconds, TimestampTz deadline) {
  if (GetCurrentTimestamp() >= deadline) {
    kms_raise_unreachable("the shim takes no more connections");
  }
  (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, milliseconds,
                  PG_WAIT_EXTENSION);
  ResetLatch(MyLatch);
  CHECK_FOR_INTERRUPTS();
}

static void open_socket(void) {
  if (!AcquireExternalFD()) {
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_RESOURCES),
                    errmsg("fieldkms: no file descriptor is left for the shim")));
  }
  connection.socket = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  connection.pid = MyProcPid;
  connection.epoch = kms_endpoint_epoch;
  if (connection.socket == PGINVALID_SOCKET) {
    ReleaseExternalFD();
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_RESOURCES),
                    errmsg("fieldkms: no socket could be made: %m")));
  }
}

static void connect_socket(TimestampTz deadline) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(kms_socket_path) >= sizeof(address.sun_path)) {
    kms_raise_unreachable("fieldkms.socket is longer than a path of a socket may be");
  }
  strlcpy(address.sun_path, kms_socket_path, sizeof(address.sun_path));
  while (connect(connection.socket, (struct sockaddr*)&address, sizeof(address)) != 0) {
    if (errno == EINTR) continue;
    if (errno != EAGAIN) {
      ereport(ERROR, (errcode(ERRCODE_CONNECTION_FAILURE),
                      errmsg("fieldkms: the shim cannot be reached: %m"),
                      errhint("Is fieldkms-shim running on this machine, and is its socket that "
                              "of fieldkms.socket?")));
    }
    pause_for(CONNECT_PAUSE_MS, deadline);
  }
}

static void make_waits(void) {
#if PG_VERSION_NUM >= 170000
  connection.waits = CreateWaitEventSet(NULL, 3);
#else
  connection.waits = CreateWaitEventSet(TopMemoryContext, 3);
#endif
  AddWaitEventToSet(connection.waits, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
  AddWaitEventToSet(connection.waits, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
  connection.events = WL_SOCKET_READABLE;
  connection.socket_position =
      AddWaitEventToSet(connection.waits, connection.events, connection.socket, NULL, NULL);
}

bool kms_connection_open(TimestampTz deadline) {
  /* After a fork the descriptor is the parent's, whose answers are not ours. */
  if (connection.pid != getpid() || connection.epoch != kms_endpoint_epoch) {
    kms_connection_close();
  }
  if (connection.waits != NULL) return true;
  kms_connection_close();
  open_socket();
  PG_TRY();
  {
    connect_socket(deadline);
    check_peer();
    make_waits();
  }
  PG_CATCH();
  {
    kms_connection_close();
    PG_RE_THROW();
  }
  PG_END_TRY();
  return false;
}

bool kms_connection_is_stale(void) {
  char byte;
  const ssize_t peeked = recv(connection.socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  /* Bytes that nobody has asked for are as bad as none. */
  return peeked >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static KmsIo outcome_of(ssize_t moved, size_t* bytes) {
  *bytes = moved > 0 ? (size_t)moved : 0;
  if (moved > 0) return KMS_IO_DONE;
  if (moved < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
    return KMS_IO_AGAIN;
  }
  return KMS_IO_GONE;
}

KmsIo kms_connection_send(const char* bytes, size_t size, size_t* sent) {
  return outcome_of(send(connection.socket, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT), sent);
}

KmsIo kms_connection_receive(char* bytes, size_t room, size_t* received) {
  return outcome_of(recv(connection.socket, bytes, room, MSG_DONTWAIT), received);
}

void kms_connection_wait(bool to_send, TimestampTz deadline) {
  const uint32 events = WL_SOCKET_READABLE | (to_send ? WL_SOCKET_WRITEABLE : 0);
  const TimestampTz now = GetCurrentTimestamp();
  WaitEvent event;
  if (now >= deadline) {
    ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED),
                    errmsg("fieldkms: no answer within fieldkms.timeout (%d ms)", kms_timeout_ms)));
  }
  if (events != connection.events) {
    ModifyWaitEvent(connection.waits, connection.socket_position, events, NULL);
    connection.events = events;
  }
  /* Rounded up, so that it does not spin in the last millisecond. */
  const long milliseconds = (long)((deadline - now) / 1000) + 1;
  if (WaitEventSetWait(connection.waits, milliseconds, &event, 1, PG_WAIT_EXTENSION) == 1 &&
      (event.events & WL_LATCH_SET) != 0) {
    ResetLatch(MyLatch);
  }
  CHECK_FOR_INTERRUPTS();
}
