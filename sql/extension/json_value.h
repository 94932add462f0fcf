/*
 * Values of the JSON mapping of Protocol Buffers, both ways: what SQL has as interval, enum's name
 * or number is text there, and what is not set is not there.
 */
#ifndef FIELDKMS_SQL_EXTENSION_JSON_VALUE_H_
#define FIELDKMS_SQL_EXTENSION_JSON_VALUE_H_

#include "utils/jsonb.h"

typedef enum KmsJsonKind {
  KMS_JSON_TEXT,     /* text */
  KMS_JSON_ENUM,     /* text: 'running' of ROTATION_STATE_RUNNING */
  KMS_JSON_BOOL,     /* bool */
  KMS_JSON_INT,      /* int4 */
  KMS_JSON_NUMBER,   /* numeric, of unsigned numbers of 64 bits */
  KMS_JSON_DURATION, /* interval */
  KMS_JSON_TIME,     /* timestamptz */
  KMS_JSON_ANY,      /* jsonb: an object or an array */
} KmsJsonKind;

/* A member of a message: where it is, "spec.dataSource", and what. */
typedef struct KmsMember {
  const char* path;
  KmsJsonKind kind;
  const char* prefix; /* of an enum's names: "ROTATION_STATE_" */
  const char* names;  /* of an enum that is sent: "encrypt|mac", all that there are */
} KmsMember;

/* The type in SQL. */
Oid kms_json_type(KmsJsonKind kind);

/* The value at a path; false: it is not there, or null. A view. */
bool kms_json_find(JsonbContainer* object, const char* path, JsonbValue* value);
/* The object that is item `index` of an array; NULL: there is none. */
JsonbContainer* kms_json_item(JsonbContainer* array, uint32 index);
/* Text of a scalar, JSON of all else; new, in the current memory context. */
char* kms_json_to_cstring(const JsonbValue* value);

/* What a member has in SQL, as its type's input function reads it; NULL: NULL. What the mapping
   leaves out because it is zero is zero. Raises 08P01 where it is of another kind. */
char* kms_member_text(JsonbContainer* object, const KmsMember* member);

/* A message in the making. Paths have one dot at most, and members with one parent come one after
   another. */
typedef struct KmsBody {
  JsonbParseState* state;
  const char* parent; /* that is open; NULL: none */
  size_t parent_size;
} KmsBody;
void kms_body_begin(KmsBody* body);
/* Puts `value`, of the type of the member's kind. Raises 22023 with the member's name. */
void kms_body_put(KmsBody* body, const KmsMember* member, Datum value);
/* Puts text as it is; it has to stay until kms_body_end. */
void kms_body_put_text(KmsBody* body, const char* path, const char* text);
/* Puts a fresh id of the request, by which a repeat is known as one. */
void kms_body_put_request_id(KmsBody* body);
Jsonb* kms_body_end(KmsBody* body);

#endif /* FIELDKMS_SQL_EXTENSION_JSON_VALUE_H_ */
