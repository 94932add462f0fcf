/*
 * A foreign table of ours: its options, and its columns by their names.
 */
#ifndef FIELDKMS_SQL_EXTENSION_FDW_TABLE_H_
#define FIELDKMS_SQL_EXTENSION_FDW_TABLE_H_

#include "fmgr.h"
#include "nodes/pg_list.h"
#include "utils/rel.h"

#include "sql/extension/fdw_objects.h"

typedef struct KmsTable {
  const KmsObject* object;
  int page_size;
} KmsTable;

/* The options of a foreign table. Raises where it has none that are right. */
KmsTable kms_table_of(Oid relation);
/* Checks options that are given to what `catalog` says; the server and others take none. */
void kms_check_options(List* options, Oid catalog);

/* The columns of a table, by attribute. */
typedef struct KmsColumns {
  int count;
  const KmsObjectColumn** columns; /* NULL: a column that was dropped */
  FmgrInfo* inputs;
  Oid* parameters;
} KmsColumns;

/* Looks them up, in the current memory context. Raises HV005 for a column that the object has not,
   HV004 for one of another type. */
void kms_columns_of(Relation relation, const KmsObject* object, KmsColumns* columns);
/* The values of a row, in the current memory context. */
void kms_columns_fill(KmsColumns* columns, JsonbContainer* row, const char* parent, Datum* values,
                      bool* nulls);

#endif /* FIELDKMS_SQL_EXTENSION_FDW_TABLE_H_ */
