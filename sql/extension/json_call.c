#include "postgres.h"

#include "commands/dbcommands.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "sql/extension/errors.h"
#include "sql/extension/json_call.h"
#include "sql/extension/json_failure.h"
#include "sql/extension/settings.h"
#include "sql/extension/text.h"
#include "sql/extension/transfer.h"

#define MOST_NAME_BYTES 4096

/* Whether the connection may stay: the answer was taken whole, and no other is awaited. */
static bool at_rest;

/* `text` as a part of a path or a query: all but what has no meaning anywhere is escaped. */
static void append_escaped(StringInfo out, const char* text, const char* what) {
  static const char digits[] = "0123456789ABCDEF";
  const KmsBytes utf8 = kms_cstring_to_utf8(text);
  if (utf8.size == 0 || utf8.size > MOST_NAME_BYTES) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("fieldkms: %s is empty or too long", what)));
  }
  for (size_t i = 0; i < utf8.size; ++i) {
    const uint8 c = (uint8)utf8.data[i];
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
        c == '_' || c == '.' || c == '~') {
      appendStringInfoChar(out, (char)c);
    } else {
      appendStringInfoChar(out, '%');
      appendStringInfoChar(out, digits[c >> 4]);
      appendStringInfoChar(out, digits[c & 0xF]);
    }
  }
}

static void append_target(StringInfo out, const KmsJsonCall* call) {
  const char* join = "?";
  appendStringInfo(out, "%s %s", call->route->method, call->route->before);
  if (call->route->after != NULL) {
    append_escaped(out, call->name, "a name");
    appendStringInfoString(out, call->route->after);
  }
  if (!call->no_tenant) {
    if (kms_tenant[0] == '\0') kms_raise_no_tenant();
    appendStringInfo(out, "%stenant=", join);
    append_escaped(out, kms_tenant, "the tenant's id");
    join = "&";
  }
  if (call->page_size > 0) {
    appendStringInfo(out, "%spageSize=%d", join, call->page_size);
    join = "&";
  }
  if (call->page_token != NULL) {
    appendStringInfo(out, "%spageToken=", join);
    append_escaped(out, call->page_token, "the token of a page");
    join = "&";
  }
  for (int i = 0; i < call->query_count; ++i) {
    appendStringInfo(out, "%s%s=", join, call->query[i].name);
    append_escaped(out, call->query[i].value, call->query[i].name);
    join = "&";
  }
  appendStringInfoString(out, " HTTP/1.1\r\nHost: fieldkms\r\n");
}

/*
 * Who asks decides what is allowed. HTTP cuts off spaces around a value, and a control character
 * could end it: such a name would reach the shim as another's, so it is not sent at all.
 */
static void append_claim(StringInfo out, const char* header, const char* claim) {
  const KmsBytes utf8 = kms_cstring_to_utf8(claim);
  bool plain = utf8.size > 0 && utf8.data[0] != ' ' && utf8.data[utf8.size - 1] != ' ';
  for (size_t i = 0; i < utf8.size; ++i) {
    const uint8 c = (uint8)utf8.data[i];
    if (c < 0x20 || c == 0x7F) plain = false;
  }
  if (!plain) {
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
             errmsg("fieldkms: the name of this role or database cannot be told to the shim"),
             errdetail("It has control characters, or spaces at an end.")));
  }
  appendStringInfo(out, "%s: ", header);
  appendBinaryStringInfo(out, utf8.data, (int)utf8.size);
  appendStringInfoString(out, "\r\n");
}

static void build_head(StringInfo head, const KmsJsonCall* call, KmsBytes body) {
  initStringInfo(head);
  append_target(head, call);
  append_claim(head, "FieldKMS-Session-User", GetUserNameFromId(GetSessionUserId(), false));
  append_claim(head, "FieldKMS-Role", GetUserNameFromId(GetUserId(), false));
  append_claim(head, "FieldKMS-Database", get_database_name(MyDatabaseId));
  if (body.data != NULL) {
    appendStringInfo(head, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body.size);
  }
  appendStringInfoString(head, "\r\n");
}

/* Whether an answer came: false if the connection is gone. */
static bool send_and_receive(KmsBytes head, KmsBytes body, TimestampTz deadline) {
  kms_transfer_reset();
  kms_transfer_put_request(head, body);
  while (true) {
    /* What a shim says before it hangs up is heard. */
    const bool there = kms_transfer_send() != KMS_IO_GONE;
    if (there) kms_connection_wait(kms_transfer_has_unsent(), deadline);
    const KmsIo io = kms_transfer_receive();
    if (io == KMS_IO_DONE) return true;
    if (io == KMS_IO_GONE || !there) return false;
  }
}

static void exchange(KmsBytes head, KmsBytes body) {
  const TimestampTz deadline = GetCurrentTimestamp() + (int64)kms_timeout_ms * 1000;
  const bool kept = kms_connection_open(deadline);
  if (send_and_receive(head, body, deadline)) return;
  /* It was closed while nobody looked, as by a restart: once more. */
  if (kept && !kms_transfer_has_received()) {
    kms_connection_close();
    (void)kms_connection_open(deadline);
    if (send_and_receive(head, body, deadline)) return;
  }
  kms_raise_unreachable("the shim closed the connection during a call");
}

/* An answer that is no JSON is a fault of the protocol, whatever PostgreSQL's reader calls it; and
   what that quotes of it is left out. */
static void name_protocol(void* unused) {
  (void)unused;
  if (geterrcode() != ERRCODE_INVALID_TEXT_REPRESENTATION) return;
  errcode(ERRCODE_PROTOCOL_VIOLATION);
  errmsg("fieldkms: what the shim answered cannot be read");
  errdetail("It is not JSON.");
}

static Jsonb* read_json(KmsBytes utf8) {
  ErrorContextCallback reader = {error_context_stack, name_protocol, NULL};
  char* written = TextDatumGetCString(kms_from_utf8(utf8));
  error_context_stack = &reader;
  Jsonb* json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(written)));
  error_context_stack = reader.previous;
  pfree(written);
  return json;
}

static Jsonb* take_answer(const KmsJsonCall* call) {
  KmsHttpHead http;
  const KmsBytes body = kms_transfer_body(&http);
  at_rest = !kms_transfer_has_unsent() && kms_transfer_ends_here() && !http.closes;
  /* What the HTTP server itself refuses is a line of text. */
  if (http.status != 200 && (body.size == 0 || body.data[0] != '{')) {
    kms_raise_status(http.status, body);
  }
  Jsonb* json = read_json(body);
  if (!JB_ROOT_IS_OBJECT(json)) kms_raise_protocol("it is no JSON object");
  if (http.status == 200) return json;
  kms_raise_json_failure(json, call->missing);
  return NULL;
}

static Jsonb* run(const KmsJsonCall* call) {
  StringInfoData head;
  KmsBytes body = kms_absent();
  if (call->body != NULL) {
    body = kms_cstring_to_utf8(JsonbToCString(NULL, &call->body->root, (int)VARSIZE(call->body)));
  }
  build_head(&head, call, body);
  exchange(kms_bytes(head.data, (size_t)head.len), body);
  pfree(head.data);
  return take_answer(call);
}

Jsonb* kms_json_call(const KmsJsonCall* call) {
  KmsGuard guard;
  Jsonb* volatile answer = NULL;
  kms_guard_up(&guard);
  at_rest = false;
  PG_TRY();
  { answer = run(call); }
  PG_CATCH();
  {
    if (!at_rest) kms_connection_close();
    kms_transfer_reset();
    PG_RE_THROW();
  }
  PG_END_TRY();
  if (!at_rest) kms_connection_close();
  kms_transfer_reset();
  kms_guard_down(&guard);
  return answer;
}
