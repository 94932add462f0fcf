#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "sql/extension/connection.h"
#include "sql/extension/results.h"
#include "sql/extension/text.h"

/* A part that an answer must have. */
static KmsBytes present(KmsBytes part) {
  if (part.data == NULL) kms_raise_protocol("a result is not there");
  return part;
}

static uint32 number_of(KmsBytes part, size_t size) {
  if (present(part).size != size) kms_raise_protocol("a number has another length");
  return size == 1 ? kms_get_u8(part.data) : kms_get_u32(part.data);
}

Datum kms_make_bytea(const KmsBytes* parts, void* state, bool* is_null) {
  (void)state;
  (void)is_null;
  return kms_to_bytea(present(parts[0]));
}

Datum kms_make_text(const KmsBytes* parts, void* state, bool* is_null) {
  (void)state;
  (void)is_null;
  return kms_from_utf8(present(parts[0]));
}

/* A row of the type that the function returns, or returns an array of. */
static Datum row_of(FunctionCallInfo fcinfo, Datum* values, bool* nulls) {
  const Oid returned = get_func_rettype(fcinfo->flinfo->fn_oid);
  const Oid element = get_element_type(returned);
  TupleDesc columns = lookup_rowtype_tupdesc(OidIsValid(element) ? element : returned, -1);
  HeapTuple row = heap_form_tuple(columns, values, nulls);
  ReleaseTupleDesc(columns);
  return HeapTupleGetDatum(row);
}

Datum kms_make_protected(const KmsBytes* parts, void* state, bool* is_null) {
  enum { CIPHERTEXT, DOCUMENT, MASK, BLIND_INDEX, FPE_TEXT, FPE_VERSION, TOKEN, COLUMNS };
  Datum values[COLUMNS];
  bool nulls[COLUMNS];
  (void)is_null;
  for (int i = 0; i < COLUMNS; ++i) {
    values[i] = (Datum)0;
    nulls[i] = parts[i].data == NULL;
    if (nulls[i]) continue;
    if (i == CIPHERTEXT || i == BLIND_INDEX) {
      values[i] = kms_to_bytea(parts[i]);
    } else if (i == FPE_VERSION) {
      values[i] = Int32GetDatum((int32)number_of(parts[i], 4));
    } else {
      values[i] = kms_from_utf8(parts[i]);
    }
  }
  return row_of(state, values, nulls);
}

Datum kms_make_validation(const KmsBytes* parts, void* state, bool* is_null) {
  const bool valid = number_of(parts[0], 1) == 1;
  Datum values[3] = {BoolGetDatum(valid), (Datum)0, (Datum)0};
  bool nulls[3] = {false, true, true};
  (void)is_null;
  for (int i = 1; i < 3; ++i) {
    if (valid || parts[i].data == NULL || parts[i].size == 0) continue;
    values[i] = kms_from_utf8(parts[i]);
    nulls[i] = false;
  }
  return row_of(state, values, nulls);
}

Datum kms_make_terms(const KmsBytes* parts, void* state, bool* is_null) {
  ArrayBuildState* terms = initArrayResult(BYTEAOID, CurrentMemoryContext, false);
  KmsBytes older = present(parts[1]);
  (void)state;
  (void)is_null;
  terms = accumArrayResult(terms, kms_to_bytea(present(parts[0])), false, BYTEAOID,
                           CurrentMemoryContext);
  while (older.size > 0) {
    const size_t size = older.size < 2 ? 0 : kms_get_u16(older.data);
    if (size == 0 || older.size - 2 < size) kms_raise_protocol("an index is cut");
    terms = accumArrayResult(terms, kms_to_bytea(kms_bytes(older.data + 2, size)), false, BYTEAOID,
                             CurrentMemoryContext);
    older = kms_bytes(older.data + 2 + size, older.size - 2 - size);
  }
  return makeArrayResult(terms, CurrentMemoryContext);
}
