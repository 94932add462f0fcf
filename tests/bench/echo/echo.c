/*
 * The least that a function in a backend can do which asks somebody else: it sends so many bytes
 * over a Unix socket, and waits for so many. Blocking, so that no wait can be interrupted, without
 * a deadline and without a look at what comes: a baseline, and nothing to be used.
 */
#include "postgres.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fmgr.h"
#include "utils/builtins.h"

#if PG_VERSION_NUM >= 160000
#include "varatt.h" /* no longer a part of postgres.h */
#endif

PG_MODULE_MAGIC;

#define MOST_BYTES 65536

/* One a backend, made by its first call. */
static int connection = -1;
static char buffer[MOST_BYTES];

static void connect_to(const char* path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strlcpy(address.sun_path, path, sizeof(address.sun_path));
  connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(connection, (struct sockaddr*)&address, sizeof(address)) != 0) {
    const int error = errno;
    close(connection);
    connection = -1;
    errno = error;
    ereport(ERROR, (errcode(ERRCODE_CONNECTION_FAILURE), errmsg("no echo: %m")));
  }
}

/* Everything that is sent, and as much as is awaited. False: the other end is gone. */
static bool exchange(size_t request, size_t answer) {
  for (size_t sent = 0; sent < request;) {
    const ssize_t moved = send(connection, buffer + sent, request - sent, MSG_NOSIGNAL);
    if (moved > 0) sent += moved;
    if (moved == 0 || (moved < 0 && errno != EINTR)) return false;
  }
  for (size_t received = 0; received < answer;) {
    const ssize_t moved = recv(connection, buffer + received, answer - received, 0);
    if (moved > 0) received += moved;
    if (moved == 0 || (moved < 0 && errno != EINTR)) return false;
  }
  return true;
}

PG_FUNCTION_INFO_V1(fieldkms_bench_echo);

/* (path text, value text, request int4, answer int4): the number of bytes that came. */
Datum fieldkms_bench_echo(PG_FUNCTION_ARGS) {
  const text* value = PG_GETARG_TEXT_PP(1);
  const int32 request = PG_GETARG_INT32(2);
  const int32 answer = PG_GETARG_INT32(3);
  const size_t size = VARSIZE_ANY_EXHDR(value);
  if (request < 1 || request > MOST_BYTES || answer < 1 || answer > MOST_BYTES ||
      size > (size_t)request) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("sizes do not fit")));
  }
  if (connection < 0) connect_to(text_to_cstring(PG_GETARG_TEXT_PP(0)));
  memcpy(buffer, VARDATA_ANY(value), size);
  if (!exchange(request, answer)) {
    close(connection);
    connection = -1;
    ereport(ERROR, (errcode(ERRCODE_CONNECTION_FAILURE), errmsg("the echo has ended")));
  }
  PG_RETURN_INT32(answer);
}
