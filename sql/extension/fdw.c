/*
 * The foreign-data wrapper: keys, fields, rotation jobs and the service's health as tables. It
 * calls as the session, and needs no user mapping.
 */
#include "postgres.h"

#include "access/reloptions.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"

#include "sql/extension/fdw.h"
#include "sql/extension/fdw_table.h"

/* The schema that there is to import. */
#define REMOTE_SCHEMA "kms"

PG_FUNCTION_INFO_V1(fieldkms_fdw_handler);
PG_FUNCTION_INFO_V1(fieldkms_fdw_validator);

static void append_columns(StringInfo sql, const KmsObject* object) {
  for (int i = 0; i < object->column_count; ++i) {
    const KmsObjectColumn* column = &object->columns[i];
    appendStringInfo(
        sql, "%s%s %s", i == 0 ? "" : ", ", quote_identifier(column->name),
        format_type_extended(kms_json_type(column->member.kind), -1, FORMAT_TYPE_FORCE_QUALIFY));
  }
}

/* Which of them are wanted, PostgreSQL itself sees to. */
static List* import_schema(ImportForeignSchemaStmt* statement, Oid server) {
  List* commands = NIL;
  const KmsObject* object;
  (void)server;
  if (strcmp(statement->remote_schema, REMOTE_SCHEMA) != 0) {
    ereport(ERROR, (errcode(ERRCODE_FDW_SCHEMA_NOT_FOUND),
                    errmsg("fieldkms: the schema to import is \"%s\"", REMOTE_SCHEMA)));
  }
  if (statement->options != NIL) {
    ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
                    errmsg("fieldkms: an import has no options")));
  }
  for (int i = 0; (object = kms_object_at(i)) != NULL; ++i) {
    StringInfoData sql;
    initStringInfo(&sql);
    appendStringInfo(&sql, "CREATE FOREIGN TABLE %s (", quote_identifier(object->name));
    append_columns(&sql, object);
    appendStringInfo(&sql, ") SERVER %s OPTIONS (object %s)",
                     quote_identifier(statement->server_name), quote_literal_cstr(object->name));
    commands = lappend(commands, sql.data);
  }
  return commands;
}

Datum fieldkms_fdw_handler(PG_FUNCTION_ARGS) {
  FdwRoutine* routine = makeNode(FdwRoutine);
  (void)fcinfo;
  kms_fdw_add_planning(routine);
  kms_fdw_add_scan(routine);
  kms_fdw_add_insert(routine);
  routine->ImportForeignSchema = import_schema;
  PG_RETURN_POINTER(routine);
}

Datum fieldkms_fdw_validator(PG_FUNCTION_ARGS) {
  kms_check_options(untransformRelOptions(PG_GETARG_DATUM(0)), PG_GETARG_OID(1));
  PG_RETURN_VOID();
}
