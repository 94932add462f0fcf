#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

#include "sql/extension/columns.h"
#include "sql/extension/errors.h"
#include "sql/extension/function.h"
#include "sql/extension/settings.h"
#include "sql/extension/text.h"

/* An argument with a name or a view; NULL and a missing one: "". */
static KmsBytes text_argument(FunctionCallInfo fcinfo, int number) {
  if (number == KMS_NO_ARGUMENT || fcinfo->args[number].isnull) return kms_bytes("", 0);
  return kms_to_utf8(kms_datum_bytes(fcinfo->args[number].value));
}

static void prepare(FunctionCallInfo fcinfo, const KmsFunction* function, KmsCall* call) {
  memset(call, 0, sizeof(*call));
  call->op = function->op;
  call->tenant = kms_cstring_to_utf8(kms_tenant);
  call->name = text_argument(fcinfo, function->name);
  call->detail = text_argument(fcinfo, function->detail);
  call->make = function->make;
  call->make_state = fcinfo;
}

/* Whether a NULL makes the result NULL: of what has no other meaning for it. */
static bool is_null_call(FunctionCallInfo fcinfo, const KmsFunction* function) {
  if (fcinfo->args[function->parts[function->lead].number].isnull) return true;
  return function->detail != KMS_NO_ARGUMENT && fcinfo->args[function->detail].isnull;
}

Datum kms_run_one(FunctionCallInfo fcinfo, const KmsFunction* function) {
  KmsGuard guard;
  KmsCall call;
  KmsBytes parts[KMS_MOST_ARGUMENTS];
  Datum result = (Datum)0;
  bool is_null = false;
  if (is_null_call(fcinfo, function)) PG_RETURN_NULL();
  kms_guard_up(&guard);
  prepare(fcinfo, function, &call);
  for (int i = 0; i < kms_item_parts(function->op); ++i) {
    KmsColumn column;
    kms_column_of_value(fcinfo, &function->parts[i], &column);
    parts[i] = kms_column_part(&column, 0);
  }
  call.count = 1;
  call.parts = parts;
  call.results = &result;
  call.nulls = &is_null;
  kms_call(&call);
  kms_guard_down(&guard);
  if (is_null) PG_RETURN_NULL();
  PG_RETURN_DATUM(result);
}

/* The items of a call on arrays: without those that are NULL, which stay here. */
typedef struct Items {
  KmsColumn columns[KMS_MOST_ARGUMENTS];
  const KmsColumn* lead;
  uint32 count;
  uint32* places; /* from 1 */
} Items;

static void take_arguments(FunctionCallInfo fcinfo, const KmsFunction* function, Items* items) {
  KmsColumn* lead = &items->columns[function->lead];
  kms_column_of_array(fcinfo, &function->parts[function->lead], NULL, lead);
  items->lead = lead;
  for (int i = 0; i < kms_item_parts(function->op); ++i) {
    if (i == function->lead) continue;
    kms_column_of_array(fcinfo, &function->parts[i], lead, &items->columns[i]);
  }
}

static void fill_call(const KmsFunction* function, Items* items, KmsCall* call) {
  const int parts = kms_item_parts(function->op);
  const int count = items->lead->count;
  KmsBytes* all =
      palloc_extended(sizeof(KmsBytes) * (Size)Max(count, 1) * (Size)parts, MCXT_ALLOC_HUGE);
  items->places = palloc(sizeof(uint32) * (Size)Max(count, 1));
  items->count = 0;
  for (int i = 0; i < count; ++i) {
    if (kms_column_is_null(items->lead, i)) continue;
    KmsBytes* item = all + (size_t)items->count * (size_t)parts;
    for (int part = 0; part < parts; ++part) {
      item[part] = kms_column_part(&items->columns[part], i);
    }
    items->places[items->count++] = (uint32)i + 1;
  }
  call->count = items->count;
  call->parts = all;
  call->places = items->places;
  call->results = palloc(sizeof(Datum) * Max(items->count, 1));
  call->nulls = palloc(sizeof(bool) * Max(items->count, 1));
}

/* `values`, which has no NULLs but those that the call made, as an array of the function's type. */
static Datum array_of(FunctionCallInfo fcinfo, Datum* values, bool* nulls, int count,
                      int lower_bound) {
  const Oid type = get_element_type(get_func_rettype(fcinfo->flinfo->fn_oid));
  int16 length;
  bool by_value;
  char alignment;
  if (count == 0) return PointerGetDatum(construct_empty_array(type));
  get_typlenbyvalalign(type, &length, &by_value, &alignment);
  return PointerGetDatum(construct_md_array(values, nulls, 1, &count, &lower_bound, type, length,
                                            by_value, alignment));
}

/* One result for each value of the array, NULL for each NULL. */
static Datum in_places(FunctionCallInfo fcinfo, const Items* items, const KmsCall* call) {
  const int count = items->lead->count;
  Datum* results = palloc0(sizeof(Datum) * (Size)Max(count, 1));
  bool* nulls = palloc(sizeof(bool) * (Size)Max(count, 1));
  memset(nulls, true, (Size)count);
  for (uint32 i = 0; i < items->count; ++i) {
    results[items->places[i] - 1] = call->results[i];
    nulls[items->places[i] - 1] = call->nulls[i];
  }
  return array_of(fcinfo, results, nulls, count, items->lead->lower_bound);
}

/* The elements of results that are arrays themselves, in one. */
static Datum in_one(FunctionCallInfo fcinfo, const Items* items, const KmsCall* call) {
  const Oid type = get_element_type(get_func_rettype(fcinfo->flinfo->fn_oid));
  ArrayBuildState* all = initArrayResult(type, CurrentMemoryContext, false);
  for (uint32 i = 0; i < items->count; ++i) {
    Datum* values;
    bool* nulls;
    int count;
    deconstruct_array(DatumGetArrayTypeP(call->results[i]), type, -1, false, TYPALIGN_INT, &values,
                      &nulls, &count);
    for (int k = 0; k < count; ++k) {
      all = accumArrayResult(all, values[k], false, type, CurrentMemoryContext);
    }
  }
  return makeArrayResult(all, CurrentMemoryContext);
}

typedef Datum (*Gather)(FunctionCallInfo fcinfo, const Items* items, const KmsCall* call);

static Datum run_on_arrays(FunctionCallInfo fcinfo, const KmsFunction* function, Gather gather) {
  KmsGuard guard;
  KmsCall call;
  Items items;
  if (is_null_call(fcinfo, function)) PG_RETURN_NULL();
  kms_guard_up(&guard);
  prepare(fcinfo, function, &call);
  take_arguments(fcinfo, function, &items);
  fill_call(function, &items, &call);
  kms_call(&call);
  const Datum result = gather(fcinfo, &items, &call);
  kms_guard_down(&guard);
  PG_RETURN_DATUM(result);
}

Datum kms_run_many(FunctionCallInfo fcinfo, const KmsFunction* function) {
  return run_on_arrays(fcinfo, function, in_places);
}

Datum kms_run_flat(FunctionCallInfo fcinfo, const KmsFunction* function) {
  return run_on_arrays(fcinfo, function, in_one);
}
