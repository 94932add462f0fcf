/*
 * Arguments of functions as columns of parts: of one value each, or of an array's elements.
 */
#ifndef FIELDKMS_SQL_EXTENSION_COLUMNS_H_
#define FIELDKMS_SQL_EXTENSION_COLUMNS_H_

#include "sql/extension/function.h"

typedef struct KmsColumn {
  KmsArgumentKind kind;
  bool optional;
  bool constant; /* one value for all items */
  int count;     /* of elements; of a constant one, 1 */
  int lower_bound;
  Datum* values;
  bool* nulls;
} KmsColumn;

/* Takes an argument of a function: as it is, or as an array, which has to have one dimension
   (2202E) and, where `like` is not NULL, as many elements as that. */
void kms_column_of_value(FunctionCallInfo fcinfo, const KmsArgument* argument, KmsColumn* column);
void kms_column_of_array(FunctionCallInfo fcinfo, const KmsArgument* argument,
                         const KmsColumn* like, KmsColumn* column);

/* Whether the element is NULL. */
bool kms_column_is_null(const KmsColumn* column, int i);
/* The part that an element is sent as. A NULL that is not optional is refused (22004). */
KmsBytes kms_column_part(const KmsColumn* column, int i);

#endif /* FIELDKMS_SQL_EXTENSION_COLUMNS_H_ */
