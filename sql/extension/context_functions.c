/*
 * kms.context and kms.row_context: contexts in canonical form, made in SQL.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "sql/extension/context_functions.h"
#include "sql/extension/text.h"

Datum kms_make_context(KmsEntry* entries, size_t count) {
  size_t size;
  const char* wrong = kms_context_prepare(entries, count, &size);
  if (wrong != NULL) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("fieldkms: the context cannot be made: %s", wrong)));
  }
  bytea* context = palloc(VARHDRSZ + size);
  SET_VARSIZE(context, VARHDRSZ + size);
  char* end = kms_context_put(VARDATA(context), entries, count);
  Assert(end == VARDATA(context) + size);
  (void)end;
  return PointerGetDatum(context);
}

KmsBytes kms_row_key(const KmsBytes* columns, size_t count) {
  const size_t size = kms_row_key_size(columns, count);
  char* key = palloc(Max(size, 1));
  kms_row_key_put(key, columns, count);
  return kms_bytes(key, size);
}

KmsBytes* kms_text_array(ArrayType* array, int* count) {
  Datum* values;
  bool* nulls;
  if (ARR_NDIM(array) > 1) {
    ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
                    errmsg("fieldkms: arrays must have one dimension, not %d", ARR_NDIM(array))));
  }
  deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, count);
  KmsBytes* texts = palloc(sizeof(KmsBytes) * (Size)Max(*count, 1));
  for (int i = 0; i < *count; ++i) {
    if (nulls[i]) {
      ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                      errmsg("fieldkms: nothing in a context can be NULL"),
                      errdetail("Value %d is.", i + 1)));
    }
    texts[i] = kms_to_utf8(kms_datum_bytes(values[i]));
  }
  return texts;
}

/* kms.context(VARIADIC text[]): names and values in turn. */
PG_FUNCTION_INFO_V1(fieldkms_context);
Datum fieldkms_context(PG_FUNCTION_ARGS) {
  KmsEntry entries[KMS_CONTEXT_MOST_ENTRIES];
  int count = 0;
  KmsBytes* texts = PG_NARGS() == 0 ? NULL : kms_text_array(PG_GETARG_ARRAYTYPE_P(0), &count);
  if (count % 2 != 0 || count / 2 > KMS_CONTEXT_MOST_ENTRIES) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("fieldkms: a context has at most 16 entries, each a name and a value")));
  }
  for (int i = 0; i < count / 2; ++i) {
    const KmsBytes* pair = texts + 2 * (ptrdiff_t)i;
    entries[i] = (KmsEntry){pair[0], pair[1]};
  }
  PG_RETURN_DATUM(kms_make_context(entries, (size_t)count / 2));
}

/* kms.with_entry(context, name, value): a context with one entry more. */
PG_FUNCTION_INFO_V1(fieldkms_with_entry);
Datum fieldkms_with_entry(PG_FUNCTION_ARGS) {
  KmsEntry entries[KMS_CONTEXT_MOST_ENTRIES + 1];
  size_t count;
  const char* wrong = kms_context_read(kms_datum_bytes(PG_GETARG_DATUM(0)), entries, &count);
  if (wrong != NULL) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("fieldkms: this is no context: %s", wrong)));
  }
  entries[count++] = (KmsEntry){kms_to_utf8(kms_datum_bytes(PG_GETARG_DATUM(1))),
                                kms_datum_bytes(PG_GETARG_DATUM(2))};
  PG_RETURN_DATUM(kms_make_context(entries, count));
}

/* kms.is_context(bytea): the CHECK of the domain. */
PG_FUNCTION_INFO_V1(fieldkms_is_context);
Datum fieldkms_is_context(PG_FUNCTION_ARGS) {
  KmsEntry entries[KMS_CONTEXT_MOST_ENTRIES];
  size_t count;
  PG_RETURN_BOOL(kms_context_read(kms_datum_bytes(PG_GETARG_DATUM(0)), entries, &count) == NULL);
}

/* kms.row_context(binding_id, VARIADIC key) */
PG_FUNCTION_INFO_V1(fieldkms_row_context);
Datum fieldkms_row_context(PG_FUNCTION_ARGS) {
  const KmsBytes binding = kms_datum_bytes(PG_GETARG_DATUM(0));
  int count;
  const KmsBytes* columns = kms_text_array(PG_GETARG_ARRAYTYPE_P(1), &count);
  if (binding.size != KMS_BINDING_SIZE || count == 0) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("fieldkms: a row is told by a binding id of 16 bytes and its key")));
  }
  KmsEntry entries[2] = {{kms_bytes(KMS_ENTRY_BINDING, 1), binding},
                         {kms_bytes(KMS_ENTRY_KEY, 2), kms_row_key(columns, (size_t)count)}};
  PG_RETURN_DATUM(kms_make_context(entries, 2));
}
