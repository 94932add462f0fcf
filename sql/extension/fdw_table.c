#include "postgres.h"

#include "access/reloptions.h"
#include "catalog/pg_foreign_table.h"
#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "sql/extension/fdw_table.h"

#define USUAL_PAGE_SIZE 500
#define MOST_PAGE_SIZE 1000

static int page_size_of(DefElem* option) {
  const char* text = defGetString(option);
  char* end;
  const long number = strtol(text, &end, 10);
  if (*text == '\0' || *end != '\0' || number < 1 || number > MOST_PAGE_SIZE) {
    ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
                    errmsg("fieldkms: page_size is a number from 1 to %d", MOST_PAGE_SIZE)));
  }
  return (int)number;
}

static const KmsObject* object_of(DefElem* option) {
  const KmsObject* object = kms_object_named(defGetString(option));
  if (object == NULL) {
    ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
                    errmsg("fieldkms: there is no such object"),
                    errhint("IMPORT FOREIGN SCHEMA makes a table of each that there is.")));
  }
  return object;
}

static KmsTable read_options(List* options) {
  KmsTable table = {NULL, USUAL_PAGE_SIZE};
  ListCell* cell;
  foreach (cell, options) {
    DefElem* option = lfirst_node(DefElem, cell);
    if (strcmp(option->defname, "object") == 0) {
      table.object = object_of(option);
    } else if (strcmp(option->defname, "page_size") == 0) {
      table.page_size = page_size_of(option);
    } else {
      ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
                      errmsg("fieldkms: a foreign table has no option \"%s\"", option->defname),
                      errhint("It has object and page_size.")));
    }
  }
  if (table.object == NULL) {
    ereport(ERROR, (errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
                    errmsg("fieldkms: a foreign table needs the option \"object\"")));
  }
  return table;
}

KmsTable kms_table_of(Oid relation) { return read_options(GetForeignTable(relation)->options); }

void kms_check_options(List* options, Oid catalog) {
  if (catalog == ForeignTableRelationId) {
    (void)read_options(options);
  } else if (options != NIL) {
    ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
                    errmsg("fieldkms: only foreign tables have options"),
                    errhint("Where the shim is, fieldkms.socket says.")));
  }
}

static const KmsObjectColumn* column_named(const KmsObject* object, const char* name) {
  for (int i = 0; i < object->column_count; ++i) {
    if (strcmp(object->columns[i].name, name) == 0) return &object->columns[i];
  }
  ereport(ERROR, (errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
                  errmsg("fieldkms: %s have no column \"%s\"", object->name, name),
                  errhint("IMPORT FOREIGN SCHEMA makes those that there are.")));
}

void kms_columns_of(Relation relation, const KmsObject* object, KmsColumns* columns) {
  TupleDesc descriptor = RelationGetDescr(relation);
  const size_t count = (size_t)descriptor->natts;
  columns->count = descriptor->natts;
  /* Pointers, indeed. NOLINTNEXTLINE(bugprone-sizeof-expression) */
  columns->columns = palloc0(sizeof(*columns->columns) * Max(count, 1));
  columns->inputs = palloc0(sizeof(FmgrInfo) * Max(count, 1));
  columns->parameters = palloc0(sizeof(Oid) * Max(count, 1));
  for (int i = 0; i < descriptor->natts; ++i) {
    Form_pg_attribute attribute = TupleDescAttr(descriptor, i);
    Oid input;
    if (attribute->attisdropped) continue;
    const KmsObjectColumn* column = column_named(object, NameStr(attribute->attname));
    const Oid type = kms_json_type(column->member.kind);
    if (attribute->atttypid != type || attribute->atttypmod != -1) {
      ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_DATA_TYPE),
                      errmsg("fieldkms: column \"%s\" of %s is of type %s", column->name,
                             object->name, format_type_be(type))));
    }
    columns->columns[i] = column;
    getTypeInputInfo(type, &input, &columns->parameters[i]);
    fmgr_info(input, &columns->inputs[i]);
  }
}

void kms_columns_fill(KmsColumns* columns, JsonbContainer* row, const char* parent, Datum* values,
                      bool* nulls) {
  for (int i = 0; i < columns->count; ++i) {
    const KmsObjectColumn* column = columns->columns[i];
    char* written = NULL;
    if (column != NULL && column->member.path == NULL) {
      written = pstrdup(parent);
    } else if (column != NULL) {
      written = kms_member_text(row, &column->member);
    }
    nulls[i] = written == NULL;
    values[i] = (Datum)0;
    if (written == NULL) continue;
    values[i] = InputFunctionCall(&columns->inputs[i], written, columns->parameters[i], -1);
  }
}
