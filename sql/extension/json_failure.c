#include "postgres.h"

#include "sql/extension/connection.h"
#include "sql/extension/errors.h"
#include "sql/extension/json_failure.h"
#include "sql/extension/json_value.h"
#include "sql/wire/frames.h"

/* By the numbers of google.rpc.Code. */
static unsigned kind_of(int code) {
  static const uint8 kinds[] = {
      [3] = FIELDKMS_KIND_INVALID,      [4] = FIELDKMS_KIND_DEADLINE, [5] = FIELDKMS_KIND_NOT_FOUND,
      [6] = FIELDKMS_KIND_EXISTS,       [7] = FIELDKMS_KIND_DENIED,   [8] = FIELDKMS_KIND_TOO_MUCH,
      [9] = FIELDKMS_KIND_STATE,        [10] = FIELDKMS_KIND_STATE,   [11] = FIELDKMS_KIND_INVALID,
      [14] = FIELDKMS_KIND_UNAVAILABLE, [16] = FIELDKMS_KIND_DENIED,
  };
  const bool known = code > 0 && code < (int)lengthof(kinds) && kinds[code] != 0;
  return known ? kinds[code] : FIELDKMS_KIND_BUG;
}

static KmsBytes text_at(JsonbContainer* object, const char* path) {
  JsonbValue value;
  if (!kms_json_find(object, path, &value) || value.type != jbvString) return kms_bytes("", 0);
  return kms_bytes(value.val.string.val, (size_t)value.val.string.len);
}

/* Of the details: ErrorInfo has a reason, BadRequest the field that is wrong. */
static void take_details(JsonbContainer* details, KmsFailure* failure) {
  const uint32 count = JsonContainerIsArray(details) ? JsonContainerSize(details) : 0;
  for (uint32 i = 0; i < count; ++i) {
    JsonbValue violations;
    JsonbContainer* detail = kms_json_item(details, i);
    if (detail == NULL) continue;
    const KmsBytes reason = text_at(detail, "reason");
    if (reason.size > 0) failure->reason = reason;
    if (!kms_json_find(detail, "fieldViolations", &violations) || violations.type != jbvBinary) {
      continue;
    }
    JsonbContainer* first = kms_json_item(violations.val.binary.data, 0);
    if (first != NULL) failure->field = text_at(first, "field");
  }
}

void kms_raise_json_failure(Jsonb* status, const char* missing) {
  JsonbValue code;
  JsonbValue details;
  KmsFailure failure = {0, kms_bytes("", 0), kms_bytes("", 0), kms_bytes("", 0), 0};
  if (!kms_json_find(&status->root, "code", &code) || code.type != jbvNumeric) {
    kms_raise_protocol("its error has no code");
  }
  failure.kind = kind_of((int)strtol(kms_json_to_cstring(&code), NULL, 10));
  failure.message = text_at(&status->root, "message");
  if (kms_json_find(&status->root, "details", &details) && details.type == jbvBinary) {
    take_details(details.val.binary.data, &failure);
  }
  if (missing != NULL && kms_bytes_equal(failure.reason, kms_bytes(missing, strlen(missing)))) {
    return;
  }
  kms_raise_failure(&failure, 0);
}
