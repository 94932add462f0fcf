#include "postgres.h"

#include "mb/pg_wchar.h"

#include "sql/extension/errors.h"
#include "sql/wire/frames.h"

#define MOST_MESSAGE_BYTES 500

static void hide_statement(void* unused) {
  (void)unused;
  errhidestmt(true);
  errhidecontext(true);
}

void kms_guard_up(KmsGuard* guard) {
  guard->callback = hide_statement;
  guard->arg = NULL;
  guard->previous = error_context_stack;
  error_context_stack = guard;
}

void kms_guard_down(KmsGuard* guard) { error_context_stack = guard->previous; }

char* kms_message_text(KmsBytes text) {
  const size_t size = Min(text.size, MOST_MESSAGE_BYTES);
  const bool utf8 =
      GetDatabaseEncoding() == PG_UTF8 && pg_verify_mbstr(PG_UTF8, text.data, (int)text.size, true);
  char* message = palloc(size + 1);
  memcpy(message, text.data, size);
  for (size_t i = 0; i < size; ++i) {
    const uint8 c = (uint8)message[i];
    if (c < 0x20 || c == 0x7F || (c >= 0x80 && !utf8)) message[i] = '?';
  }
  message[size] = '\0';
  if (utf8) message[pg_mbcliplen(message, (int)size, (int)size)] = '\0';
  return message;
}

static int sqlstate_of(unsigned kind) {
  switch (kind) {
    case FIELDKMS_KIND_INVALID:
      return ERRCODE_INVALID_PARAMETER_VALUE;
    case FIELDKMS_KIND_NOT_OPENED:
      return KMS_ERRCODE_NOT_OPENED;
    case FIELDKMS_KIND_NOT_FOUND:
      return ERRCODE_UNDEFINED_OBJECT;
    case FIELDKMS_KIND_DENIED:
      return ERRCODE_INSUFFICIENT_PRIVILEGE;
    case FIELDKMS_KIND_EXISTS:
      return ERRCODE_DUPLICATE_OBJECT;
    case FIELDKMS_KIND_STATE:
      return ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
    case FIELDKMS_KIND_TOO_MUCH:
      return ERRCODE_CONFIGURATION_LIMIT_EXCEEDED;
    case FIELDKMS_KIND_UNAVAILABLE:
      return ERRCODE_CONNECTION_FAILURE;
    case FIELDKMS_KIND_DEADLINE:
      return ERRCODE_QUERY_CANCELED;
    default:
      return ERRCODE_INTERNAL_ERROR;
  }
}

/* "Reason KEY_NOT_FOUND, field key, item 3.", as much of it as there is. */
static char* detail_of(const KmsFailure* failure, int64 item) {
  char* field =
      failure->field.size > 0 ? psprintf(", field %s", kms_message_text(failure->field)) : "";
  char* place = item > 0 ? psprintf(", item " INT64_FORMAT, item) : "";
  return psprintf("Reason %s%s%s.", kms_message_text(failure->reason), field, place);
}

void kms_raise_failure(const KmsFailure* failure, int64 item) {
  const bool has_reason = failure->reason.size > 0 || failure->field.size > 0 || item > 0;
  ereport(
      ERROR,
      (errcode(sqlstate_of(failure->kind)),
       errmsg("fieldkms: %s", kms_message_text(failure->message)),
       has_reason ? errdetail_internal("%s", detail_of(failure, item)) : 0,
       failure->retry_ms > 0 ? errhint("Try again after %u milliseconds.", failure->retry_ms) : 0));
}

void kms_raise_status(int status, KmsBytes body) {
  const int code = status == 403   ? ERRCODE_INSUFFICIENT_PRIVILEGE
                   : status == 503 ? ERRCODE_CONNECTION_FAILURE
                                   : ERRCODE_PROTOCOL_VIOLATION;
  ereport(ERROR,
          (errcode(code), errmsg("fieldkms: the shim refused the call: %s", kms_message_text(body)),
           errdetail("Its HTTP status is %d.", status)));
}

void kms_raise_no_tenant(void) {
  ereport(ERROR,
          (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("fieldkms: no tenant is named"),
           errhint("ALTER DATABASE ... SET fieldkms.tenant = '...', or the same of a role.")));
}
