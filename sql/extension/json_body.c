#include "postgres.h"

#include "common/int.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "sql/extension/json_value.h"

static void raise_invalid(const char* path, const char* what) __attribute__((noreturn));
static void raise_invalid(const char* path, const char* what) {
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("fieldkms: %s", what),
                  errdetail("Field %s.", path)));
}

static void push(KmsBody* body, JsonbIteratorToken token, const char* text, size_t size) {
  JsonbValue value;
  value.type = jbvString;
  value.val.string.val = (char*)text;
  value.val.string.len = (int)size;
  (void)pushJsonbValue(&body->state, token, &value);
}

void kms_body_begin(KmsBody* body) {
  memset(body, 0, sizeof(*body));
  (void)pushJsonbValue(&body->state, WJB_BEGIN_OBJECT, NULL);
}

static void close_parent(KmsBody* body) {
  if (body->parent != NULL) (void)pushJsonbValue(&body->state, WJB_END_OBJECT, NULL);
  body->parent = NULL;
}

/* Opens the member's parent, and puts its name. */
static void put_name(KmsBody* body, const char* path) {
  const char* dot = strchr(path, '.');
  const size_t size = dot == NULL ? 0 : (size_t)(dot - path);
  const bool same =
      body->parent != NULL && body->parent_size == size && strncmp(body->parent, path, size) == 0;
  if (!same) {
    close_parent(body);
    if (dot != NULL) {
      push(body, WJB_KEY, path, size);
      (void)pushJsonbValue(&body->state, WJB_BEGIN_OBJECT, NULL);
      body->parent = path;
      body->parent_size = size;
    }
  }
  const char* name = dot == NULL ? path : dot + 1;
  push(body, WJB_KEY, name, strlen(name));
}

void kms_body_put_text(KmsBody* body, const char* path, const char* text) {
  put_name(body, path);
  push(body, WJB_VALUE, text, strlen(text));
}

/* "3600.500000s". */
static char* duration_of(const KmsMember* member, const Interval* interval) {
  int64 days;
  int64 time;
  if (interval->month != 0) {
    raise_invalid(member->path, "an interval of months has no one length: give days");
  }
  if (pg_mul_s64_overflow(interval->day, USECS_PER_DAY, &days) ||
      pg_add_s64_overflow(days, interval->time, &time) || time < 0) {
    raise_invalid(member->path, "an interval is negative or too long");
  }
  return psprintf(INT64_FORMAT ".%06ds", time / USECS_PER_SEC, (int)(time % USECS_PER_SEC));
}

/* The name as the service has it. Those that are none are refused here, since the service would say
   no more than that the message cannot be read. */
static char* enum_of(const KmsMember* member, const char* text) {
  const size_t size = strlen(text);
  const char* at = member->names;
  while (at != NULL) {
    const char* end = strchr(at, '|');
    const size_t length = end == NULL ? strlen(at) : (size_t)(end - at);
    if (length == size && pg_strncasecmp(at, text, size) == 0) {
      char* name = psprintf("%s%s", member->prefix, text);
      for (char* c = name; *c != '\0'; ++c) *c = (char)pg_ascii_toupper((uint8)*c);
      return name;
    }
    at = end == NULL ? NULL : end + 1;
  }
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                  errmsg("fieldkms: it is not one of those that there are"),
                  errdetail("Field %s.", member->path), errhint("One of %s.", member->names)));
}

static void put_any(KmsBody* body, const KmsMember* member, Datum value) {
  Jsonb* json = DatumGetJsonbP(value);
  JsonbValue binary;
  if (JB_ROOT_IS_SCALAR(json)) raise_invalid(member->path, "it is no JSON object or array");
  binary.type = jbvBinary;
  binary.val.binary.data = &json->root;
  binary.val.binary.len = (int)(VARSIZE(json) - VARHDRSZ);
  put_name(body, member->path);
  (void)pushJsonbValue(&body->state, WJB_VALUE, &binary);
}

static void put_bool(KmsBody* body, const KmsMember* member, bool value) {
  JsonbValue boolean;
  boolean.type = jbvBool;
  boolean.val.boolean = value;
  put_name(body, member->path);
  (void)pushJsonbValue(&body->state, WJB_VALUE, &boolean);
}

void kms_body_put(KmsBody* body, const KmsMember* member, Datum value) {
  switch (member->kind) {
    case KMS_JSON_TEXT:
      kms_body_put_text(body, member->path, TextDatumGetCString(value));
      return;
    case KMS_JSON_ENUM:
      kms_body_put_text(body, member->path, enum_of(member, TextDatumGetCString(value)));
      return;
    case KMS_JSON_BOOL:
      put_bool(body, member, DatumGetBool(value));
      return;
    case KMS_JSON_INT:
      kms_body_put_text(body, member->path, psprintf("%d", DatumGetInt32(value)));
      return;
    case KMS_JSON_NUMBER:
      kms_body_put_text(body, member->path,
                        DatumGetCString(DirectFunctionCall1(numeric_out, value)));
      return;
    case KMS_JSON_DURATION:
      kms_body_put_text(body, member->path, duration_of(member, DatumGetIntervalP(value)));
      return;
    case KMS_JSON_ANY:
      put_any(body, member, value);
      return;
    case KMS_JSON_TIME:
      break;
  }
  elog(ERROR, "fieldkms: a member that is never sent: %s", member->path);
}

void kms_body_put_request_id(KmsBody* body) {
  uint8 random[16];
  /* What is pushed is not copied before the end. */
  char* text = palloc0(2 * sizeof(random) + 1);
  if (!pg_strong_random(random, sizeof(random))) {
    ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("fieldkms: no random bytes")));
  }
  hex_encode((const char*)random, sizeof(random), text);
  kms_body_put_text(body, "requestId", text);
}

Jsonb* kms_body_end(KmsBody* body) {
  close_parent(body);
  return JsonbValueToJsonb(pushJsonbValue(&body->state, WJB_END_OBJECT, NULL));
}
