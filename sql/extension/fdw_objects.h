/*
 * What foreign tables can show: keys and the like, their columns, and the routes that they are read
 * by.
 */
#ifndef FIELDKMS_SQL_EXTENSION_FDW_OBJECTS_H_
#define FIELDKMS_SQL_EXTENSION_FDW_OBJECTS_H_

#include "sql/extension/json_call.h"
#include "sql/extension/json_value.h"

typedef struct KmsObjectColumn {
  const char* name;
  KmsMember member; /* no path: the name of the parent of the list that a row is of */
  bool sent;        /* may be given in an INSERT */
} KmsObjectColumn;

/* What the service filters a list by: conditions on a column, told as a parameter of the query. */
enum KmsFilterKind {
  KMS_FILTER_TEXT,    /* column = value */
  KMS_FILTER_ENUM,    /* column = value, of a column whose kind is KMS_JSON_ENUM */
  KMS_FILTER_ELEMENT, /* column ? value, of an array of texts */
  KMS_FILTER_SINCE,   /* column >= value */
  KMS_FILTER_UNTIL,   /* column < value */
};
typedef struct KmsFilter {
  const char* column;
  enum KmsFilterKind kind;
  const char* parameter;
  const char* prefix;       /* of an enum's names */
  const char* const* names; /* of an enum: those that there are, up to a NULL */
} KmsFilter;

typedef struct KmsObject {
  const char* name;  /* of the object, and of its table where it is imported */
  KmsRoute list;     /* all of them, page by page; of `one`: the only one */
  const char* items; /* the member of a page with its rows; NULL: the answer is the row */
  /* With the key column's value: that row, or, where there is `parent_list`, the list of its rows.
   */
  KmsRoute by_key;
  const char* key_column;      /* NULL: none */
  bool key_is_id;              /* 32 hex digits; else a name */
  const char* missing;         /* the reason of there being no such key */
  const KmsRoute* parent_list; /* of what is listed for each parent: the list of those ... */
  const char* parent_items;    /* ... and the member of a page with them */
  bool no_tenant;
  double usual_rows;
  int column_count;
  const KmsObjectColumn* columns;
  int filter_count;
  const KmsFilter* filters;
} KmsObject;

/* By its name; NULL: there is none. */
const KmsObject* kms_object_named(const char* name);
/* The object number `index`; NULL: there are no more. */
const KmsObject* kms_object_at(int index);
/* The rotation jobs: what INSERT makes. */
bool kms_object_is_jobs(const KmsObject* object);
/* Whether anything can have such a key: what cannot is not asked for. */
bool kms_object_may_have(const KmsObject* object, const char* key);

#endif /* FIELDKMS_SQL_EXTENSION_FDW_OBJECTS_H_ */
