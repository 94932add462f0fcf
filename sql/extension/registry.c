#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "sql/extension/registry.h"
#include "sql/extension/text.h"

#define FIELD_ID_SIZE 8

enum {
  BINDING_ID,
  RELATION,
  RELATION_OID,
  ATTRIBUTE,
  ATTRIBUTE_NUMBER,
  TENANT,
  FIELD_ID,
  SHAPE,
  KEY_ATTRIBUTES,
  KEY_NUMBERS,
  CONTEXT_NAMES,
  CONTEXT_ATTRIBUTES,
  CONTEXT_NUMBERS,
  COLUMNS
};

static const struct {
  const char* name;
  Oid type;
} columns[COLUMNS] = {
    {"binding_id", BYTEAOID},
    {"relation", REGCLASSOID},
    {"relation_oid", OIDOID},
    {"attribute", NAMEOID},
    {"attribute_number", INT2OID},
    {"tenant", TEXTOID},
    {"field_id", BYTEAOID},
    {"shape", TEXTOID},
    {"key_attributes", NAMEARRAYOID},
    {"key_numbers", INT2ARRAYOID},
    {"context_names", TEXTARRAYOID},
    {"context_attributes", NAMEARRAYOID},
    {"context_numbers", INT2ARRAYOID},
};

static void raise_no_registry(void) {
  ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                  errmsg("fieldkms: there is no registry of protected columns here"),
                  errhint("\"fieldkms column init\" makes kms.protected_columns.")));
}

static Oid registry_table(void) {
  const Oid schema = get_namespace_oid("kms", true);
  const Oid table =
      OidIsValid(schema) ? get_relname_relid("protected_columns", schema) : InvalidOid;
  if (!OidIsValid(table) || get_rel_relkind(table) != RELKIND_RELATION) raise_no_registry();
  return table;
}

/* The numbers of its columns. What has another type is not the table that we know. */
static void find_columns(TupleDesc description, AttrNumber* numbers) {
  for (int i = 0; i < COLUMNS; ++i) {
    numbers[i] = InvalidAttrNumber;
    for (int at = 0; at < description->natts; ++at) {
      const FormData_pg_attribute* attribute = TupleDescAttr(description, at);
      if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), columns[i].name) == 0 &&
          attribute->atttypid == columns[i].type) {
        numbers[i] = attribute->attnum;
      }
    }
    if (numbers[i] == InvalidAttrNumber) raise_no_registry();
  }
}

typedef struct Row {
  Datum values[COLUMNS];
  bool nulls[COLUMNS];
} Row;

/* Numbers count as long as they are those of this table; of a restored copy the names do. */
static bool has_numbers(const Row* row) {
  return DatumGetObjectId(row->values[RELATION]) == DatumGetObjectId(row->values[RELATION_OID]);
}

static char* current_name(const Row* row, Datum name, Datum number) {
  const Oid table = DatumGetObjectId(row->values[RELATION]);
  /* NULL of a column that was dropped, too: its old name is found to be gone. */
  HeapTuple attribute =
      has_numbers(row) ? SearchSysCacheAttNum(table, DatumGetInt16(number)) : NULL;
  if (attribute == NULL) return pstrdup(NameStr(*DatumGetName(name)));
  char* current = pstrdup(NameStr(((Form_pg_attribute)GETSTRUCT(attribute))->attname));
  ReleaseSysCache(attribute);
  return current;
}

static void elements_of(Datum array, Oid type, int length, bool by_value, char alignment,
                        Datum** values, int* count) {
  bool* nulls;
  deconstruct_array(DatumGetArrayTypeP(array), type, length, by_value, alignment, values, &nulls,
                    count);
  for (int i = 0; i < *count; ++i) {
    if (nulls[i]) raise_no_registry();
  }
}

static List* current_names(const Row* row, int names_at, int numbers_at) {
  List* list = NIL;
  Datum* names;
  Datum* numbers;
  int name_count;
  int number_count;
  elements_of(row->values[names_at], NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR, &names,
              &name_count);
  elements_of(row->values[numbers_at], INT2OID, 2, true, TYPALIGN_SHORT, &numbers, &number_count);
  if (name_count != number_count) raise_no_registry();
  for (int i = 0; i < name_count; ++i) {
    list = lappend(list, current_name(row, names[i], numbers[i]));
  }
  return list;
}

static List* texts_of(Datum array) {
  List* list = NIL;
  Datum* values;
  int count;
  elements_of(array, TEXTOID, -1, false, TYPALIGN_INT, &values, &count);
  for (int i = 0; i < count; ++i) list = lappend(list, TextDatumGetCString(values[i]));
  return list;
}

/* A copy, since the row goes. */
static KmsBytes copy_of(KmsBytes bytes) {
  char* copy = palloc(Max(bytes.size, 1));
  memcpy(copy, bytes.data, bytes.size);
  return kms_bytes(copy, bytes.size);
}

static KmsRegistered* registered_of(const Row* row) {
  KmsRegistered* registered = palloc0(sizeof(KmsRegistered));
  const KmsBytes binding = kms_datum_bytes(row->values[BINDING_ID]);
  if (binding.size != KMS_BINDING_SIZE) raise_no_registry();
  memcpy(registered->binding, binding.data, KMS_BINDING_SIZE);
  registered->column = current_name(row, row->values[ATTRIBUTE], row->values[ATTRIBUTE_NUMBER]);
  registered->tenant = copy_of(kms_to_utf8(kms_datum_bytes(row->values[TENANT])));
  registered->field_id = kms_absent();
  if (!row->nulls[FIELD_ID]) {
    registered->field_id = copy_of(kms_datum_bytes(row->values[FIELD_ID]));
    if (registered->field_id.size != FIELD_ID_SIZE) raise_no_registry();
  }
  registered->shape = TextDatumGetCString(row->values[SHAPE]);
  registered->key_columns = current_names(row, KEY_ATTRIBUTES, KEY_NUMBERS);
  registered->context_names = texts_of(row->values[CONTEXT_NAMES]);
  registered->context_columns = current_names(row, CONTEXT_ATTRIBUTES, CONTEXT_NUMBERS);
  if (list_length(registered->context_names) != list_length(registered->context_columns)) {
    raise_no_registry();
  }
  return registered;
}

static void read_row(TupleTableSlot* slot, const AttrNumber* numbers, Row* row) {
  for (int i = 0; i < COLUMNS; ++i) {
    row->values[i] = slot_getattr(slot, numbers[i], &row->nulls[i]);
    if (row->nulls[i] && i != FIELD_ID) raise_no_registry();
  }
}

List* kms_registry_of(Oid relation) {
  List* found = NIL;
  AttrNumber numbers[COLUMNS];
  List* tables = list_make1_oid(relation);
  if (get_rel_relispartition(relation)) {
    tables = list_concat(tables, get_partition_ancestors(relation));
  }
  Relation table = table_open(registry_table(), AccessShareLock);
  find_columns(RelationGetDescr(table), numbers);
  TupleTableSlot* slot = table_slot_create(table, NULL);
  TableScanDesc scan = table_beginscan(table, GetActiveSnapshot(), 0, NULL);
  while (table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
    Row row;
    read_row(slot, numbers, &row);
    if (list_member_oid(tables, DatumGetObjectId(row.values[RELATION]))) {
      found = lappend(found, registered_of(&row));
    }
  }
  table_endscan(scan);
  ExecDropSingleTupleTableSlot(slot);
  table_close(table, AccessShareLock);
  return found;
}
