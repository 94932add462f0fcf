#include "postgres.h"

#include "utils/array.h"
#include "utils/lsyscache.h"

#include "sql/extension/columns.h"
#include "sql/extension/text.h"

static void begin(const KmsArgument* argument, KmsColumn* column) {
  memset(column, 0, sizeof(*column));
  column->kind = argument->kind;
  column->optional = argument->optional;
  column->constant = true;
  column->count = 1;
}

static bool has_argument(const KmsArgument* argument) {
  return argument->kind != KMS_NOTHING && argument->kind != KMS_NOWHERE;
}

void kms_column_of_value(FunctionCallInfo fcinfo, const KmsArgument* argument, KmsColumn* column) {
  begin(argument, column);
  if (!has_argument(argument)) return;
  column->values = &fcinfo->args[argument->number].value;
  column->nulls = &fcinfo->args[argument->number].isnull;
}

static void take_elements(ArrayType* array, KmsColumn* column) {
  int16 length;
  bool by_value;
  char alignment;
  get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &alignment);
  deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, alignment, &column->values,
                    &column->nulls, &column->count);
  column->lower_bound = column->count > 0 ? ARR_LBOUND(array)[0] : 1;
}

void kms_column_of_array(FunctionCallInfo fcinfo, const KmsArgument* argument,
                         const KmsColumn* like, KmsColumn* column) {
  begin(argument, column);
  if (!has_argument(argument)) return;
  if (fcinfo->args[argument->number].isnull) {
    kms_column_of_value(fcinfo, argument, column); /* NULL for all */
    return;
  }
  ArrayType* array = DatumGetArrayTypeP(fcinfo->args[argument->number].value);
  if (ARR_NDIM(array) > 1) {
    ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
                    errmsg("fieldkms: arrays must have one dimension, not %d", ARR_NDIM(array))));
  }
  column->constant = false;
  take_elements(array, column);
  if (like != NULL && column->count != like->count) {
    ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
                    errmsg("fieldkms: arrays must have equally many elements"),
                    errdetail("Argument %d has %d, the array of values has %d.",
                              argument->number + 1, column->count, like->count)));
  }
}

bool kms_column_is_null(const KmsColumn* column, int i) {
  return column->nulls != NULL && column->nulls[column->constant ? 0 : i];
}

static KmsBytes number_part(Datum datum) {
  const int32 number = DatumGetInt32(datum);
  if (number < 0) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("fieldkms: a version must not be negative")));
  }
  char* part = palloc(4);
  kms_put_u32(part, (uint32)number);
  return kms_bytes(part, 4);
}

KmsBytes kms_column_part(const KmsColumn* column, int i) {
  static const char no_entries[2] = {0, 0};
  if (column->kind == KMS_NOTHING) return kms_absent();
  if (column->kind == KMS_NOWHERE) return kms_bytes(no_entries, sizeof(no_entries));
  if (kms_column_is_null(column, i)) {
    if (column->optional) return kms_absent();
    ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                    errmsg("fieldkms: a value that is not NULL has a NULL beside it"),
                    column->constant ? 0 : errdetail("Item %d.", i + 1)));
  }
  const Datum value = column->values[column->constant ? 0 : i];
  if (column->kind == KMS_NUMBER) return number_part(value);
  const KmsBytes bytes = kms_datum_bytes(value);
  return column->kind == KMS_TEXT ? kms_to_utf8(bytes) : bytes;
}
