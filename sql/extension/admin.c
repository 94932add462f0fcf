/*
 * What administers keys and rotation jobs, as the table that it is: a route of the JSON API, and
 * where the members of its message come from. fieldkms--1.0.sql has the signatures.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "sql/extension/json_call.h"
#include "sql/extension/json_names.h"
#include "sql/extension/json_value.h"

#define MOST_MEMBERS 16
#define NO_ARGUMENT (-1)

typedef struct AdminMember {
  int argument; /* of the SQL function, from 0 */
  KmsMember member;
} AdminMember;

typedef struct AdminCall {
  KmsRoute route;
  int name;       /* the argument that stands in the path, or NO_ARGUMENT */
  int request_id; /* the argument with the id of the request, NULL for a fresh one; or NO_ARGUMENT
                   */
  bool no_tenant;
  AdminMember members[MOST_MEMBERS];
} AdminCall;

static char* text_argument(FunctionCallInfo fcinfo, int number, const char* what) {
  if (PG_ARGISNULL(number)) {
    ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("fieldkms: %s is NULL", what)));
  }
  return text_to_cstring(PG_GETARG_TEXT_PP(number));
}

static Jsonb* body_of(FunctionCallInfo fcinfo, const AdminCall* admin) {
  KmsBody body;
  kms_body_begin(&body);
  for (const AdminMember* at = admin->members; at->member.path != NULL; ++at) {
    if (!PG_ARGISNULL(at->argument)) {
      kms_body_put(&body, &at->member, fcinfo->args[at->argument].value);
    }
  }
  if (admin->request_id != NO_ARGUMENT) {
    if (PG_ARGISNULL(admin->request_id)) {
      kms_body_put_request_id(&body);
    } else {
      kms_body_put_text(&body, "requestId", text_to_cstring(PG_GETARG_TEXT_PP(admin->request_id)));
    }
  }
  return kms_body_end(&body);
}

static Datum run(FunctionCallInfo fcinfo, const AdminCall* admin) {
  KmsJsonCall call;
  memset(&call, 0, sizeof(call));
  call.route = &admin->route;
  call.no_tenant = admin->no_tenant;
  if (admin->name != NO_ARGUMENT) call.name = text_argument(fcinfo, admin->name, "the name");
  if (strcmp(admin->route.method, "POST") == 0) call.body = body_of(fcinfo, admin);
  PG_RETURN_JSONB_P(kms_json_call(&call));
}

#define DEFINE(symbol)                    \
  PG_FUNCTION_INFO_V1(fieldkms_##symbol); \
  Datum fieldkms_##symbol(PG_FUNCTION_ARGS) { return run(fcinfo, &symbol); }

/* (name, purpose, suite, exportable, audit_per_operation, rotation_period, lease_longest,
   lease_most_messages, labels, request_id) */
static const AdminCall create_key = {
    {"POST", "/v1/keys", NULL},
    NO_ARGUMENT,
    9,
    false,
    {{0, {"name", KMS_JSON_TEXT, NULL, NULL}},
     {1, {"purpose", KMS_JSON_ENUM, "KEY_PURPOSE_", KMS_KEY_PURPOSES}},
     {2, {"suite", KMS_JSON_ENUM, "SUITE_", KMS_SUITES}},
     {3, {"exportable", KMS_JSON_BOOL, NULL, NULL}},
     {4, {"auditPerOperation", KMS_JSON_BOOL, NULL, NULL}},
     {5, {"rotationPeriod", KMS_JSON_DURATION, NULL, NULL}},
     {6, {"lease.longest", KMS_JSON_DURATION, NULL, NULL}},
     {7, {"lease.mostMessages", KMS_JSON_NUMBER, NULL, NULL}},
     {8, {"labels", KMS_JSON_ANY, NULL, NULL}}}};
DEFINE(create_key)

/* (name, expected_primary, request_id) */
static const AdminCall rotate_key = {{"POST", "/v1/keys/", ":rotate"},
                                     0,
                                     2,
                                     false,
                                     {{1, {"expectedPrimary", KMS_JSON_INT, NULL, NULL}}}};
DEFINE(rotate_key)

/* (data_source, key, transform, destination_key, tables, limits, backup_horizon, verify_sample,
   accept_triggers, start, request_id) */
static const AdminCall create_rotation_job = {
    {"POST", "/v1/rotations", NULL},
    NO_ARGUMENT,
    10,
    false,
    {{0, {"spec.dataSource", KMS_JSON_TEXT, NULL, NULL}},
     {1, {"spec.key", KMS_JSON_TEXT, NULL, NULL}},
     {2, {"spec.transform", KMS_JSON_ENUM, "ROTATION_TRANSFORM_", KMS_TRANSFORMS}},
     {3, {"spec.destinationKey", KMS_JSON_TEXT, NULL, NULL}},
     {4, {"spec.tables", KMS_JSON_ANY, NULL, NULL}},
     {5, {"spec.limits", KMS_JSON_ANY, NULL, NULL}},
     {6, {"spec.backupHorizon", KMS_JSON_DURATION, NULL, NULL}},
     {7, {"spec.verifySample", KMS_JSON_INT, NULL, NULL}},
     {8, {"spec.acceptTriggers", KMS_JSON_BOOL, NULL, NULL}},
     {9, {"start", KMS_JSON_BOOL, NULL, NULL}}}};
DEFINE(create_rotation_job)

/* (id). Each leaves a job as it is that is so already, so that they may be repeated. */
#define DEFINE_JOB(verb)                                                    \
  static const AdminCall verb##_rotation_job = {                            \
      {"POST", "/v1/rotations/", ":" #verb}, 0, NO_ARGUMENT, false, {{0}}}; \
  DEFINE(verb##_rotation_job)
DEFINE_JOB(start)
DEFINE_JOB(pause)
DEFINE_JOB(resume)
DEFINE_JOB(cancel)

static const AdminCall service_status = {
    {"GET", "/v1/status", NULL}, NO_ARGUMENT, NO_ARGUMENT, true, {{0}}};
DEFINE(service_status)
