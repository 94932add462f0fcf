#include "postgres.h"

#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "sql/extension/call.h"
#include "sql/extension/errors.h"
#include "sql/extension/settings.h"
#include "sql/extension/text.h"
#include "sql/extension/transfer.h"
#include "sql/wire/frames.h"

/* Two: while the shim works on one frame, the next is on its way. */
#define MOST_FLIGHTS 2

static const struct {
  int item;
  int result;
} part_counts[] = {
    [FIELDKMS_OP_ENCRYPT] = {2, 1},     [FIELDKMS_OP_DECRYPT] = {2, 1},
    [FIELDKMS_OP_REWRAP] = {3, 1},      [FIELDKMS_OP_PROTECT] = {3, 7},
    [FIELDKMS_OP_REVEAL] = {5, 1},      [FIELDKMS_OP_MASK] = {1, 1},
    [FIELDKMS_OP_TOKENIZE] = {2, 1},    [FIELDKMS_OP_DETOKENIZE] = {1, 1},
    [FIELDKMS_OP_BLIND_INDEX] = {1, 2}, [FIELDKMS_OP_VALIDATE] = {1, 3},
};

typedef struct Flight {
  uint32 first;
  uint32 count;
} Flight;

typedef struct Progress {
  const KmsCall* call;
  KmsFrameHead head;
  size_t head_size;
  uint32 next;  /* the first item that is in no frame yet */
  uint32 taken; /* items that have results */
  Flight flights[MOST_FLIGHTS];
  int in_flight;
  bool may_repeat; /* nothing was done yet, or it does no harm twice */
  TimestampTz deadline;
} Progress;

/* Whether the last answer was taken whole and no other is awaited: the connection may stay, even
   though what the answer says is raised. */
static bool at_rest;

int kms_item_parts(unsigned op) { return part_counts[op].item; }

static uint32 deadline_ms(void) {
  int64 left = kms_timeout_ms;
#if PG_VERSION_NUM >= 140000
  if (get_timeout_active(STATEMENT_TIMEOUT)) {
    const TimestampTz end = get_timeout_finish_time(STATEMENT_TIMEOUT);
    left = Min(left, (end - GetCurrentTimestamp()) / 1000);
  }
#endif
  return (uint32)Max(left, 1);
}

static void fill_head(Progress* progress) {
  const KmsCall* call = progress->call;
  KmsFrameHead* head = &progress->head;
  head->op = call->op;
  head->deadline_ms = deadline_ms();
  head->session_user = kms_cstring_to_utf8(GetUserNameFromId(GetSessionUserId(), false));
  head->current_role = kms_cstring_to_utf8(GetUserNameFromId(GetUserId(), false));
  head->database = kms_cstring_to_utf8(get_database_name(MyDatabaseId));
  head->tenant = call->tenant;
  head->name = call->name;
  head->detail = call->detail;
  if (head->tenant.size == 0) kms_raise_no_tenant();
  if (Max(Max(head->tenant.size, head->name.size), head->detail.size) > PG_UINT16_MAX) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("fieldkms: the name of a tenant, key or field is too long")));
  }
  progress->head_size = kms_frame_head_size(head);
}

static int64 place_of(const KmsCall* call, uint32 item) {
  return call->places == NULL ? 0 : call->places[item];
}

/* Puts as many items as go into a frame. */
static void put_frame(Progress* progress) {
  const KmsCall* call = progress->call;
  const int parts = part_counts[call->op].item;
  const KmsBytes* first = call->parts + (size_t)progress->next * (size_t)parts;
  size_t size;
  const size_t count =
      kms_frame_fit(first, parts, call->count - progress->next, progress->head_size, &size);
  if (count == 0) {
    const int64 place = place_of(call, progress->next);
    ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                    errmsg("fieldkms: a value is longer than a call may be"),
                    place > 0 ? errdetail("Item " INT64_FORMAT ".", place) : 0));
  }
  kms_transfer_put(&progress->head, first, parts, (uint32)count, size);
  progress->flights[progress->in_flight++] = (Flight){progress->next, (uint32)count};
  progress->next += (uint32)count;
}

static void take_result(const KmsCall* call, uint32 item, KmsRead read, const KmsBytes* parts,
                        const KmsFailure* failure) {
  if (read == KMS_READ_MALFORMED) kms_raise_protocol("its frame ends too early");
  call->nulls[item] = false;
  if (call->not_opened != NULL) call->not_opened[item] = false;
  if (read == KMS_READ_RESULT) {
    call->results[item] = call->make(parts, call->make_state, &call->nulls[item]);
    return;
  }
  if (call->not_opened == NULL || failure->kind != FIELDKMS_KIND_NOT_OPENED) {
    kms_raise_failure(failure, place_of(call, item));
  }
  call->not_opened[item] = true;
  call->nulls[item] = true;
}

/* Whether the frame is one to its end: before anything of it counts, so that no error is raised out
   of one that is broken behind it. */
static void check_frame(KmsAnswer answer, int parts_of_result) {
  KmsBytes parts[KMS_MOST_PARTS];
  KmsFailure failure;
  while (answer.left > 0) {
    if (kms_answer_next(&answer, parts_of_result, parts, &failure) == KMS_READ_MALFORMED) {
      kms_raise_protocol("its frame ends too early");
    }
  }
  if (!kms_answer_complete(&answer)) kms_raise_protocol("its frame has bytes behind its end");
}

static void take_frame(Progress* progress, Flight flight, KmsBytes body) {
  const KmsCall* call = progress->call;
  const int parts_of_result = part_counts[call->op].result;
  KmsAnswer answer;
  KmsFailure failure;
  KmsBytes parts[KMS_MOST_PARTS];
  const KmsRead read = kms_answer_open(&answer, body, call->op, flight.count, &failure);
  if (read == KMS_READ_MALFORMED) kms_raise_protocol("its frame is none of this call");
  if (read == KMS_READ_RESULT) check_frame(answer, parts_of_result);
  at_rest = progress->in_flight == 0 && kms_transfer_ends_here();
  if (read == KMS_READ_FAILURE) kms_raise_failure(&failure, 0);
  for (uint32 i = 0; i < flight.count; ++i) {
    const KmsRead next = kms_answer_next(&answer, parts_of_result, parts, &failure);
    take_result(call, flight.first + i, next, parts, &failure);
  }
}

static void take_answer(Progress* progress) {
  KmsHttpHead http;
  const KmsBytes body = kms_transfer_body(&http);
  const Flight flight = progress->flights[0];
  if (http.status != 200) kms_raise_status(http.status, body);
  if (progress->in_flight == 1 && kms_transfer_has_unsent()) {
    kms_raise_protocol("it came before the call was sent");
  }
  progress->flights[0] = progress->flights[1];
  --progress->in_flight;
  take_frame(progress, flight, body);
  at_rest = at_rest && !http.closes;
  if (http.closes && progress->in_flight > 0) {
    kms_raise_unreachable("the shim closed the connection during a call");
  }
  kms_transfer_next();
  progress->taken += flight.count;
  progress->may_repeat = false;
  progress->deadline = GetCurrentTimestamp() + (int64)kms_timeout_ms * 1000;
}

/* Puts and sends what can be put and sent; whether the shim is still there. */
static bool send_frames(Progress* progress) {
  while (true) {
    const KmsIo io = kms_transfer_send();
    if (io != KMS_IO_DONE) return io == KMS_IO_AGAIN;
    if (progress->next == progress->call->count || progress->in_flight == MOST_FLIGHTS) return true;
    at_rest = false;
    put_frame(progress);
  }
}

/* Sends and receives until all is taken. Whether it came so far: false if the connection is gone.
 */
static bool exchange(Progress* progress) {
  const uint32 count = progress->call->count;
  while (progress->taken < count) {
    /* What a shim says before it hangs up is heard. */
    const bool there = send_frames(progress);
    if (there) kms_connection_wait(kms_transfer_has_unsent(), progress->deadline);
    KmsIo io;
    while ((io = kms_transfer_receive()) == KMS_IO_DONE) {
      take_answer(progress);
      if (progress->in_flight == 0) break;
    }
    if (io == KMS_IO_GONE || (io == KMS_IO_AGAIN && !there)) return false;
  }
  return true;
}

static void begin(Progress* progress, const KmsCall* call) {
  memset(progress, 0, sizeof(*progress));
  progress->call = call;
  progress->deadline = GetCurrentTimestamp() + (int64)kms_timeout_ms * 1000;
  kms_transfer_reset();
}

static void run(const KmsCall* call) {
  /* A token that was made or used without anybody knowing is lost. */
  const bool harmless_twice =
      call->op != FIELDKMS_OP_TOKENIZE && call->op != FIELDKMS_OP_DETOKENIZE;
  Progress progress;
  begin(&progress, call);
  fill_head(&progress);
  bool kept = kms_connection_open(progress.deadline);
  if (kept && !harmless_twice && kms_connection_is_stale()) {
    kms_connection_close();
    kept = kms_connection_open(progress.deadline);
  }
  progress.may_repeat = kept && harmless_twice;
  if (exchange(&progress)) return;
  if (!progress.may_repeat || kms_transfer_has_received()) {
    kms_raise_unreachable("the shim closed the connection during a call");
  }
  /* It was closed while nobody looked, as by a restart: once more, from the start. */
  kms_connection_close();
  begin(&progress, call);
  fill_head(&progress);
  (void)kms_connection_open(progress.deadline);
  if (!exchange(&progress)) {
    kms_raise_unreachable("the shim closed the connection during a call");
  }
}

void kms_call(const KmsCall* call) {
  if (call->count == 0) return;
  at_rest = false;
  PG_TRY();
  { run(call); }
  PG_CATCH();
  {
    if (!at_rest) kms_connection_close();
    kms_transfer_reset();
    PG_RE_THROW();
  }
  PG_END_TRY();
  if (!at_rest) kms_connection_close();
  kms_transfer_reset();
}
