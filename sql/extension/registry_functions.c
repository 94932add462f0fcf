/*
 * kms.row_context and kms.new_row_context of a column that is registered.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

#include "sql/extension/registry.h"
#include "sql/extension/text.h"

/* What a query asks again and again for: kept as long as its plan runs. */
typedef struct Asked {
  char* relation;
  char* column;
  KmsRegistered* registered;
} Asked;

static KmsRegistered* find(const char* relation, const char* column) {
  const Oid table = RangeVarGetRelid(
      makeRangeVarFromNameList(textToQualifiedNameList(cstring_to_text(relation))), NoLock, false);
  ListCell* cell;
  foreach (cell, kms_registry_of(table)) {
    KmsRegistered* registered = lfirst(cell);
    if (strcmp(registered->column, column) == 0) return registered;
  }
  ereport(ERROR,
          (errcode(ERRCODE_UNDEFINED_OBJECT),
           errmsg("fieldkms: column \"%s\" of %s is not registered as protected", column, relation),
           errhint("\"fieldkms column list\" shows those that are.")));
  return NULL;
}

static KmsRegistered* registered_of(FunctionCallInfo fcinfo) {
  const char* relation = text_to_cstring(PG_GETARG_TEXT_PP(0));
  const char* column = text_to_cstring(PG_GETARG_TEXT_PP(1));
  Asked* asked = fcinfo->flinfo->fn_extra;
  if (asked != NULL && strcmp(asked->relation, relation) == 0 &&
      strcmp(asked->column, column) == 0) {
    return asked->registered;
  }
  MemoryContext before = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
  asked = palloc(sizeof(Asked));
  asked->relation = pstrdup(relation);
  asked->column = pstrdup(column);
  asked->registered = find(relation, column);
  fcinfo->flinfo->fn_extra = asked;
  MemoryContextSwitchTo(before);
  return asked->registered;
}

static void check_count(const KmsRegistered* registered, int count) {
  const int keys = list_length(registered->key_columns);
  const int others = list_length(registered->context_columns);
  StringInfoData names;
  ListCell* cell;
  if (count == keys + others) return;
  initStringInfo(&names);
  foreach (cell, registered->key_columns) appendStringInfo(&names, " %s", (char*)lfirst(cell));
  foreach (cell, registered->context_columns) appendStringInfo(&names, " %s", (char*)lfirst(cell));
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                  errmsg("fieldkms: %d values were given for a row, and %d are needed", count,
                         keys + others),
                  errdetail("Those of:%s.", names.data)));
}

/* kms.row_context(relation, attribute, VARIADIC values) */
PG_FUNCTION_INFO_V1(fieldkms_registered_row_context);
Datum fieldkms_registered_row_context(PG_FUNCTION_ARGS) {
  const KmsRegistered* registered = registered_of(fcinfo);
  int count;
  const KmsBytes* values = kms_text_array(PG_GETARG_ARRAYTYPE_P(2), &count);
  PG_RETURN_DATUM(kms_row_context_of(registered, values, count, false));
}

/* kms.new_row_context(relation, attribute) */
PG_FUNCTION_INFO_V1(fieldkms_new_row_context);
Datum fieldkms_new_row_context(PG_FUNCTION_ARGS) {
  PG_RETURN_DATUM(kms_new_row_context_of(registered_of(fcinfo), false));
}

Datum kms_row_context_of(const KmsRegistered* registered, const KmsBytes* values, int count,
                         bool with_field) {
  const int keys = list_length(registered->key_columns);
  KmsEntry* entries = palloc(sizeof(KmsEntry) * ((Size)count + 3));
  size_t used = 0;
  check_count(registered, count);
  entries[used++] =
      (KmsEntry){kms_bytes(KMS_ENTRY_BINDING, 1), kms_bytes(registered->binding, KMS_BINDING_SIZE)};
  if (keys > 0) {
    entries[used++] = (KmsEntry){kms_bytes(KMS_ENTRY_KEY, 2), kms_row_key(values, (size_t)keys)};
  }
  for (int i = keys; i < count; ++i) {
    const char* name = list_nth(registered->context_names, i - keys);
    entries[used++] = (KmsEntry){kms_bytes(name, strlen(name)), values[i]};
  }
  if (with_field && registered->field_id.data != NULL) {
    entries[used++] = (KmsEntry){kms_bytes(KMS_ENTRY_FIELD, 1), registered->field_id};
  }
  return kms_make_context(entries, used);
}

Datum kms_new_row_context_of(const KmsRegistered* registered, bool with_field) {
  KmsEntry entries[3];
  size_t used = 0;
  entries[used++] =
      (KmsEntry){kms_bytes(KMS_ENTRY_BINDING, 1), kms_bytes(registered->binding, KMS_BINDING_SIZE)};
  entries[used++] = (KmsEntry){kms_bytes(KMS_ENTRY_NEW, 3), kms_bytes("", 0)};
  if (with_field && registered->field_id.data != NULL) {
    entries[used++] = (KmsEntry){kms_bytes(KMS_ENTRY_FIELD, 1), registered->field_id};
  }
  return kms_make_context(entries, used);
}
