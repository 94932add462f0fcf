#include "postgres.h"

#include "sql/extension/fdw_objects.h"
#include "sql/extension/json_names.h"

#define MOST_NAME_BYTES 128
#define ID_DIGITS 32

static const KmsObjectColumn key_columns[] = {
    {"name", {"name", KMS_JSON_TEXT, NULL, NULL}, false},
    {"key_id", {"keyId", KMS_JSON_TEXT, NULL, NULL}, false},
    {"purpose", {"purpose", KMS_JSON_ENUM, "KEY_PURPOSE_", NULL}, false},
    {"suite", {"suite", KMS_JSON_ENUM, "SUITE_", NULL}, false},
    {"primary_version", {"primaryVersion", KMS_JSON_INT, NULL, NULL}, false},
    {"min_decrypt_version", {"minDecryptVersion", KMS_JSON_INT, NULL, NULL}, false},
    {"exportable", {"exportable", KMS_JSON_BOOL, NULL, NULL}, false},
    {"audit_per_operation", {"auditPerOperation", KMS_JSON_BOOL, NULL, NULL}, false},
    {"rotation_period", {"rotationPeriod", KMS_JSON_DURATION, NULL, NULL}, false},
    {"next_rotation_time", {"nextRotationTime", KMS_JSON_TIME, NULL, NULL}, false},
    {"lease_longest", {"lease.longest", KMS_JSON_DURATION, NULL, NULL}, false},
    {"lease_most_messages", {"lease.mostMessages", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"labels", {"labels", KMS_JSON_ANY, NULL, NULL}, false},
    {"create_time", {"createTime", KMS_JSON_TIME, NULL, NULL}, false},
    {"primary_create_time", {"primaryCreateTime", KMS_JSON_TIME, NULL, NULL}, false},
    {"tenant", {"tenant", KMS_JSON_TEXT, NULL, NULL}, false},
    {"etag", {"etag", KMS_JSON_TEXT, NULL, NULL}, false},
};

static const KmsObjectColumn version_columns[] = {
    {"key", {NULL, KMS_JSON_TEXT, NULL, NULL}, false},
    {"version", {"version", KMS_JSON_INT, NULL, NULL}, false},
    {"state", {"state", KMS_JSON_ENUM, "KEY_VERSION_STATE_", NULL}, false},
    {"is_primary", {"primary", KMS_JSON_BOOL, NULL, NULL}, false},
    {"create_time", {"createTime", KMS_JSON_TIME, NULL, NULL}, false},
    {"origin", {"origin", KMS_JSON_ENUM, "KEY_ORIGIN_", NULL}, false},
    {"destroy_time", {"destroyTime", KMS_JSON_TIME, NULL, NULL}, false},
};

static const KmsObjectColumn field_columns[] = {
    {"name", {"name", KMS_JSON_TEXT, NULL, NULL}, false},
    {"field_id", {"fieldId", KMS_JSON_TEXT, NULL, NULL}, false},
    {"format", {"format", KMS_JSON_ENUM, "FIELD_FORMAT_", NULL}, false},
    {"key", {"key", KMS_JSON_TEXT, NULL, NULL}, false},
    {"json_pointers", {"jsonPointers", KMS_JSON_ANY, NULL, NULL}, false},
    {"fpe", {"fpe", KMS_JSON_ANY, NULL, NULL}, false},
    {"blind_index", {"blindIndex", KMS_JSON_ANY, NULL, NULL}, false},
    {"token", {"token", KMS_JSON_ANY, NULL, NULL}, false},
    {"mask", {"mask", KMS_JSON_ANY, NULL, NULL}, false},
    {"role_masks", {"roleMasks", KMS_JSON_ANY, NULL, NULL}, false},
    {"create_time", {"createTime", KMS_JSON_TIME, NULL, NULL}, false},
    {"update_time", {"updateTime", KMS_JSON_TIME, NULL, NULL}, false},
    {"tenant", {"tenant", KMS_JSON_TEXT, NULL, NULL}, false},
    {"etag", {"etag", KMS_JSON_TEXT, NULL, NULL}, false},
};

static const KmsObjectColumn job_columns[] = {
    {"job_id", {"jobId", KMS_JSON_TEXT, NULL, NULL}, false},
    {"state", {"state", KMS_JSON_ENUM, "ROTATION_STATE_", NULL}, false},
    {"data_source", {"spec.dataSource", KMS_JSON_TEXT, NULL, NULL}, true},
    {"key", {"spec.key", KMS_JSON_TEXT, NULL, NULL}, true},
    {"transform", {"spec.transform", KMS_JSON_ENUM, "ROTATION_TRANSFORM_", KMS_TRANSFORMS}, true},
    {"destination_key", {"spec.destinationKey", KMS_JSON_TEXT, NULL, NULL}, true},
    {"tables", {"spec.tables", KMS_JSON_ANY, NULL, NULL}, true},
    {"limits", {"spec.limits", KMS_JSON_ANY, NULL, NULL}, true},
    {"backup_horizon", {"spec.backupHorizon", KMS_JSON_DURATION, NULL, NULL}, true},
    {"verify_sample", {"spec.verifySample", KMS_JSON_INT, NULL, NULL}, true},
    {"accept_triggers", {"spec.acceptTriggers", KMS_JSON_BOOL, NULL, NULL}, true},
    {"target_key", {"target.key", KMS_JSON_TEXT, NULL, NULL}, false},
    {"target_version", {"target.keyVersion", KMS_JSON_INT, NULL, NULL}, false},
    {"phase", {"progress.phase", KMS_JSON_ENUM, "ROTATION_PHASE_", NULL}, false},
    {"pass", {"progress.pass", KMS_JSON_INT, NULL, NULL}, false},
    {"estimated_rows", {"progress.estimatedRows", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"seen_rows", {"progress.counts.seen", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"changed_rows", {"progress.counts.changed", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"conflicts_rows", {"progress.counts.conflicts", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"quarantined_rows", {"progress.counts.quarantined", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"verified_rows", {"progress.counts.verified", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"opened_rows", {"progress.counts.opened", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"workers", {"progress.workers", KMS_JSON_ANY, NULL, NULL}, false},
    {"soonest", {"progress.soonest", KMS_JSON_DURATION, NULL, NULL}, false},
    {"latest", {"progress.latest", KMS_JSON_DURATION, NULL, NULL}, false},
    {"retire_after", {"outcome.retireAfter", KMS_JSON_TIME, NULL, NULL}, false},
    {"error", {"error", KMS_JSON_TEXT, NULL, NULL}, false},
    {"create_time", {"createTime", KMS_JSON_TIME, NULL, NULL}, false},
    {"start_time", {"startTime", KMS_JSON_TIME, NULL, NULL}, false},
    {"end_time", {"endTime", KMS_JSON_TIME, NULL, NULL}, false},
    {"schedule_id", {"scheduleId", KMS_JSON_TEXT, NULL, NULL}, false},
    {"tenant", {"tenant", KMS_JSON_TEXT, NULL, NULL}, false},
    {"etag", {"etag", KMS_JSON_TEXT, NULL, NULL}, false},
};

static const KmsObjectColumn health_columns[] = {
    {"version", {"version", KMS_JSON_TEXT, NULL, NULL}, false},
    {"replica_id", {"replicaId", KMS_JSON_TEXT, NULL, NULL}, false},
    {"start_time", {"startTime", KMS_JSON_TIME, NULL, NULL}, false},
    {"store_kind", {"store.kind", KMS_JSON_TEXT, NULL, NULL}, false},
    {"store_seen_ago", {"store.seenAgo", KMS_JSON_DURATION, NULL, NULL}, false},
    {"store_newest_change", {"store.newestChange", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"root", {"root.description", KMS_JSON_TEXT, NULL, NULL}, false},
    {"root_state", {"root.state", KMS_JSON_ENUM, "ROOT_STATE_", NULL}, false},
    {"root_last_error", {"root.lastErrorReason", KMS_JSON_TEXT, NULL, NULL}, false},
    {"root_since", {"root.since", KMS_JSON_TIME, NULL, NULL}, false},
    {"loaded_keys", {"keyring.loadedKeys", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"loaded_versions", {"keyring.loadedVersions", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"loaded_keks", {"keyring.loadedKeks", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"reserved_bytes", {"memory.reservedBytes", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"locked_bytes", {"memory.lockedBytes", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"in_use_bytes", {"memory.inUseBytes", KMS_JSON_NUMBER, NULL, NULL}, false},
};

static const KmsObjectColumn audit_columns[] = {
    {"index", {"index", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"seq", {"seq", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"time", {"time", KMS_JSON_TIME, NULL, NULL}, false},
    {"kind", {"kind", KMS_JSON_ENUM, "AUDIT_RECORD_KIND_", NULL}, false},
    {"method", {"method", KMS_JSON_TEXT, NULL, NULL}, false},
    {"principal", {"principal", KMS_JSON_TEXT, NULL, NULL}, false},
    {"tenant", {"tenant", KMS_JSON_TEXT, NULL, NULL}, false},
    {"keys", {"keys", KMS_JSON_ANY, NULL, NULL}, false},
    {"more_keys", {"moreKeys", KMS_JSON_BOOL, NULL, NULL}, false},
    {"destination_keys", {"destinationKeys", KMS_JSON_ANY, NULL, NULL}, false},
    {"key_version", {"keyVersion", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"alias", {"alias", KMS_JSON_TEXT, NULL, NULL}, false},
    {"fields", {"fields", KMS_JSON_ANY, NULL, NULL}, false},
    {"more_fields", {"moreFields", KMS_JSON_BOOL, NULL, NULL}, false},
    {"shown", {"shown", KMS_JSON_TEXT, NULL, NULL}, false},
    {"recipient", {"recipient", KMS_JSON_TEXT, NULL, NULL}, false},
    {"subject", {"subject", KMS_JSON_TEXT, NULL, NULL}, false},
    {"job", {"job", KMS_JSON_TEXT, NULL, NULL}, false},
    {"request_id", {"requestId", KMS_JSON_TEXT, NULL, NULL}, false},
    {"trace_id", {"traceId", KMS_JSON_TEXT, NULL, NULL}, false},
    {"lease_id", {"leaseId", KMS_JSON_TEXT, NULL, NULL}, false},
    {"used_messages", {"usedMessages", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"items", {"items", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"failed", {"failed", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"code", {"code", KMS_JSON_TEXT, NULL, NULL}, false},
    {"reason", {"reason", KMS_JSON_TEXT, NULL, NULL}, false},
    {"uid", {"peer.uid", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"pid", {"peer.pid", KMS_JSON_INT, NULL, NULL}, false},
    {"address", {"address", KMS_JSON_TEXT, NULL, NULL}, false},
    {"first_record", {"firstRecord", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"end_record", {"endRecord", KMS_JSON_NUMBER, NULL, NULL}, false},
};

static const char* const audit_kinds[] = {"start", "stop",    "intent", "outcome", "refusal",
                                          "flood", "dropped", "alarm",  NULL};

static const KmsFilter audit_filters[] = {
    {"time", KMS_FILTER_SINCE, "since", NULL, NULL},
    {"time", KMS_FILTER_UNTIL, "until", NULL, NULL},
    {"kind", KMS_FILTER_ENUM, "kind", "AUDIT_RECORD_KIND_", audit_kinds},
    {"method", KMS_FILTER_TEXT, "method", NULL, NULL},
    {"principal", KMS_FILTER_TEXT, "principal", NULL, NULL},
    {"keys", KMS_FILTER_ELEMENT, "key", NULL, NULL},
    {"fields", KMS_FILTER_ELEMENT, "field", NULL, NULL},
    {"code", KMS_FILTER_TEXT, "code", NULL, NULL},
};

static const KmsObjectColumn checkpoint_columns[] = {
    {"log", {"log", KMS_JSON_TEXT, NULL, NULL}, false},
    {"verifier_key", {"verifierKey", KMS_JSON_TEXT, NULL, NULL}, false},
    {"checkpoint", {"checkpoint", KMS_JSON_TEXT, NULL, NULL}, false},
    {"size", {"size", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"records", {"records", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"first_record", {"firstRecord", KMS_JSON_NUMBER, NULL, NULL}, false},
    {"exported_size", {"exports.size", KMS_JSON_NUMBER, NULL, NULL}, false},
};

#define FILTERS(table) .filter_count = (int)lengthof(table), .filters = table
#define COLUMNS(table) .column_count = (int)lengthof(table), .columns = table

static const KmsRoute key_list = {"GET", "/v1/keys", NULL};

static const KmsObject objects[] = {
    {.name = "keys",
     .list = {"GET", "/v1/keys", NULL},
     .items = "keys",
     .by_key = {"GET", "/v1/keys/", ""},
     .key_column = "name",
     .missing = "KEY_NOT_FOUND",
     .usual_rows = 1000,
     COLUMNS(key_columns)},
    {.name = "key_versions",
     .items = "versions",
     .by_key = {"GET", "/v1/keys/", "/versions"},
     .key_column = "key",
     .missing = "KEY_NOT_FOUND",
     .parent_list = &key_list,
     .parent_items = "keys",
     .usual_rows = 5000,
     COLUMNS(version_columns)},
    {.name = "fields",
     .list = {"GET", "/v1/fields", NULL},
     .items = "fields",
     .by_key = {"GET", "/v1/fields/", ""},
     .key_column = "name",
     .missing = "FIELD_NOT_FOUND",
     .usual_rows = 1000,
     COLUMNS(field_columns)},
    {.name = "rotation_jobs",
     .list = {"GET", "/v1/rotations", NULL},
     .items = "jobs",
     .by_key = {"GET", "/v1/rotations/", ""},
     .key_column = "job_id",
     .key_is_id = true,
     .missing = "ROTATION_NOT_FOUND",
     .usual_rows = 1000,
     COLUMNS(job_columns)},
    {.name = "service_health",
     .list = {"GET", "/v1/status", NULL},
     .no_tenant = true,
     .usual_rows = 1,
     COLUMNS(health_columns)},
    {.name = "audit_records",
     .list = {"GET", "/v1/audit/records", NULL},
     .items = "records",
     .usual_rows = 100000,
     COLUMNS(audit_columns),
     FILTERS(audit_filters)},
    {.name = "audit_trail",
     .list = {"GET", "/v1/audit/records", NULL},
     .items = "records",
     .no_tenant = true,
     .usual_rows = 100000,
     COLUMNS(audit_columns),
     FILTERS(audit_filters)},
    {.name = "audit_checkpoint",
     .list = {"GET", "/v1/audit/checkpoint", NULL},
     .usual_rows = 1,
     COLUMNS(checkpoint_columns)},
};

const KmsObject* kms_object_at(int index) {
  return index < (int)lengthof(objects) ? &objects[index] : NULL;
}

const KmsObject* kms_object_named(const char* name) {
  for (int i = 0; i < (int)lengthof(objects); ++i) {
    if (strcmp(objects[i].name, name) == 0) return &objects[i];
  }
  return NULL;
}

bool kms_object_is_jobs(const KmsObject* object) { return object->columns == job_columns; }

bool kms_object_may_have(const KmsObject* object, const char* key) {
  static const char id[] = "0123456789abcdef";
  static const char begins[] = "abcdefghijklmnopqrstuvwxyz0123456789";
  static const char goes_on[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
  const size_t size = strlen(key);
  if (object->key_is_id) return size == ID_DIGITS && strspn(key, id) == size;
  return size > 0 && size <= MOST_NAME_BYTES && strspn(key, begins) > 0 &&
         strspn(key, goes_on) == size;
}
