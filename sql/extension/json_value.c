#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "sql/extension/connection.h"
#include "sql/extension/json_value.h"

Oid kms_json_type(KmsJsonKind kind) {
  switch (kind) {
    case KMS_JSON_TEXT:
    case KMS_JSON_ENUM:
      return TEXTOID;
    case KMS_JSON_BOOL:
      return BOOLOID;
    case KMS_JSON_INT:
      return INT4OID;
    case KMS_JSON_NUMBER:
      return NUMERICOID;
    case KMS_JSON_DURATION:
      return INTERVALOID;
    case KMS_JSON_TIME:
      return TIMESTAMPTZOID;
    case KMS_JSON_ANY:
      return JSONBOID;
  }
  pg_unreachable();
}

static bool find_one(JsonbContainer* object, const char* name, size_t size, JsonbValue* value) {
  if (!JsonContainerIsObject(object)) return false;
  return getKeyJsonValueFromContainer(object, name, (int)size, value) != NULL &&
         value->type != jbvNull;
}

bool kms_json_find(JsonbContainer* object, const char* path, JsonbValue* value) {
  const char* dot;
  while ((dot = strchr(path, '.')) != NULL) {
    if (!find_one(object, path, (size_t)(dot - path), value) || value->type != jbvBinary) {
      return false;
    }
    object = value->val.binary.data;
    path = dot + 1;
  }
  return find_one(object, path, strlen(path), value);
}

JsonbContainer* kms_json_item(JsonbContainer* array, uint32 index) {
  if (!JsonContainerIsArray(array) || index >= JsonContainerSize(array)) return NULL;
  const JsonbValue* item = getIthJsonbValueFromContainer(array, index);
  if (item == NULL || item->type != jbvBinary) return NULL;
  return JsonContainerIsObject(item->val.binary.data) ? item->val.binary.data : NULL;
}

char* kms_json_to_cstring(const JsonbValue* value) {
  switch (value->type) {
    case jbvString:
      return pnstrdup(value->val.string.val, (Size)value->val.string.len);
    case jbvNumeric:
      return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
    case jbvBool:
      return pstrdup(value->val.boolean ? "true" : "false");
    case jbvBinary:
      return JsonbToCString(NULL, value->val.binary.data, value->val.binary.len);
    default:
      kms_raise_protocol("it has a value that is none");
  }
}

/* Whether a value is of the form that the mapping gives its kind. */
static bool has_form(KmsJsonKind kind, enum jbvType type) {
  switch (kind) {
    case KMS_JSON_BOOL:
      return type == jbvBool;
    case KMS_JSON_INT:
      return type == jbvNumeric;
    case KMS_JSON_NUMBER:
      return type == jbvNumeric || type == jbvString;
    case KMS_JSON_ANY:
      return type == jbvBinary;
    default:
      return type == jbvString;
  }
}

/* 'running' of ROTATION_STATE_RUNNING; what a later release names is taken as it is. */
static char* short_name(char* name, const char* prefix) {
  if (strncmp(name, prefix, strlen(prefix)) == 0) name += strlen(prefix);
  for (char* at = name; *at != '\0'; ++at) *at = (char)pg_ascii_tolower((uint8)*at);
  return name;
}

/* What a member that is not there has: zero, if the message that it is of is there. */
static char* left_out(JsonbContainer* object, const KmsMember* member) {
  JsonbValue parent;
  const char* dot = strrchr(member->path, '.');
  if (dot != NULL) {
    char* path = pnstrdup(member->path, (Size)(dot - member->path));
    if (!kms_json_find(object, path, &parent)) return NULL;
  }
  if (member->kind == KMS_JSON_BOOL) return pstrdup("false");
  const bool number = member->kind == KMS_JSON_INT || member->kind == KMS_JSON_NUMBER;
  return number ? pstrdup("0") : NULL;
}

char* kms_member_text(JsonbContainer* object, const KmsMember* member) {
  JsonbValue value;
  if (!kms_json_find(object, member->path, &value)) return left_out(object, member);
  if (!has_form(member->kind, value.type)) kms_raise_protocol("a member is of another kind");
  char* text = kms_json_to_cstring(&value);
  if (member->kind == KMS_JSON_ENUM) return short_name(text, member->prefix);
  /* Empty text is text that is not set. */
  return text[0] == '\0' ? NULL : text;
}
