/*
 * Functions of SQL that are a call on one value or, with arrays for values, on many. What makes one
 * different from another is a table (functions.c), and here is what goes by it.
 */
#ifndef FIELDKMS_SQL_EXTENSION_FUNCTION_H_
#define FIELDKMS_SQL_EXTENSION_FUNCTION_H_

#include "fmgr.h"

#include "sql/extension/call.h"

typedef enum KmsArgumentKind {
  KMS_NOTHING, /* a part that this function has no argument for: absent */
  KMS_BYTES,   /* bytea */
  KMS_TEXT,    /* text, sent in UTF-8 */
  KMS_NUMBER,  /* int4, sent in four bytes; not negative */
  KMS_NOWHERE, /* no argument: the context of no entries */
} KmsArgumentKind;

/* Where a part of an item comes from. */
typedef struct KmsArgument {
  KmsArgumentKind kind;
  int number;    /* of the function's arguments, from 0 */
  bool optional; /* NULL: the part is absent; else a NULL is refused beside a value */
} KmsArgument;

#define KMS_MOST_ARGUMENTS 5
#define KMS_NO_ARGUMENT (-1)

typedef struct KmsFunction {
  unsigned op;
  int name;   /* the argument with the key or field, or KMS_NO_ARGUMENT */
  int detail; /* the argument with the view, or KMS_NO_ARGUMENT */
  KmsArgument parts[KMS_MOST_ARGUMENTS];
  KmsMake make;
  int lead; /* the part that decides: where it is NULL, the result is, and nothing is sent */
} KmsFunction;

/* The result for one value. */
Datum kms_run_one(FunctionCallInfo fcinfo, const KmsFunction* function);
/* The array of results for arrays of values, in their order. */
Datum kms_run_many(FunctionCallInfo fcinfo, const KmsFunction* function);
/* The results for an array of values, which are arrays themselves, as one array. */
Datum kms_run_flat(FunctionCallInfo fcinfo, const KmsFunction* function);

#endif /* FIELDKMS_SQL_EXTENSION_FUNCTION_H_ */
