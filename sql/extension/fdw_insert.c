#include "postgres.h"

#include "executor/executor.h"
#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "sql/extension/fdw.h"
#include "sql/extension/fdw_table.h"

typedef struct Insert {
  const KmsObject* object;
  KmsColumns columns;
  MemoryContext memory; /* of the row that was returned last */
} Insert;

static const KmsRoute create_job = {"POST", "/v1/rotations", NULL};

/* Jobs are made. Nothing is changed or deleted, here or by anybody else: see the functions. */
static int updatable(Relation relation) {
  const KmsTable table = kms_table_of(RelationGetRelid(relation));
  return kms_object_is_jobs(table.object) ? 1 << CMD_INSERT : 0;
}

static void begin_insert(ResultRelInfo* result) {
  Relation relation = result->ri_RelationDesc;
  Insert* insert = palloc0(sizeof(*insert));
  insert->object = kms_table_of(RelationGetRelid(relation)).object;
  kms_columns_of(relation, insert->object, &insert->columns);
  insert->memory =
      AllocSetContextCreate(CurrentMemoryContext, "fieldkms insert", ALLOCSET_DEFAULT_SIZES);
  result->ri_FdwState = insert;
}

static void begin_modify(ModifyTableState* state, ResultRelInfo* result, List* of_plan, int number,
                         int flags) {
  (void)state;
  (void)of_plan;
  (void)number;
  if ((flags & EXEC_FLAG_EXPLAIN_ONLY) == 0) begin_insert(result);
}

/* COPY, and rows that get here through a partitioned table. */
static void begin_routed(ModifyTableState* state, ResultRelInfo* result) {
  (void)state;
  begin_insert(result);
}

/* Where `column` is in the table, from 0; -1: nowhere. */
static int place_of(const KmsColumns* columns, const KmsObjectColumn* column) {
  for (int i = 0; i < columns->count; ++i) {
    if (columns->columns[i] == column) return i;
  }
  return -1;
}

/* Whether the job is to be started: unless its state is given as "planned". */
static bool starts(Datum state) {
  const char* name = TextDatumGetCString(state);
  if (strcmp(name, "running") == 0) return true;
  if (strcmp(name, "planned") == 0) return false;
  ereport(ERROR,
          (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
           errmsg("fieldkms: a new job is \"running\" or \"planned\""), errdetail("Field state.")));
}

/* In the order of the object's columns, whatever that of the table is: members of the spec have to
   come together. */
static Jsonb* body_of(Insert* insert, TupleTableSlot* slot) {
  static const KmsMember start = {"start", KMS_JSON_BOOL, NULL, NULL};
  bool started = true;
  KmsBody body;
  kms_body_begin(&body);
  for (int i = 0; i < insert->object->column_count; ++i) {
    const KmsObjectColumn* column = &insert->object->columns[i];
    const int place = place_of(&insert->columns, column);
    if (place < 0 || slot->tts_isnull[place]) continue;
    if (strcmp(column->name, "state") == 0) {
      started = starts(slot->tts_values[place]);
    } else if (column->sent) {
      kms_body_put(&body, &column->member, slot->tts_values[place]);
    } else {
      ereport(ERROR,
              (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
               errmsg("fieldkms: column \"%s\" of a job is the service's to set", column->name)));
    }
  }
  kms_body_put(&body, &start, BoolGetDatum(started));
  kms_body_put_request_id(&body);
  return kms_body_end(&body);
}

static TupleTableSlot* insert_row(EState* estate, ResultRelInfo* result, TupleTableSlot* slot,
                                  TupleTableSlot* plan_slot) {
  Insert* insert = result->ri_FdwState;
  KmsJsonCall call;
  (void)estate;
  (void)plan_slot;
  MemoryContextReset(insert->memory);
  MemoryContext old = MemoryContextSwitchTo(insert->memory);
  slot_getallattrs(slot);
  memset(&call, 0, sizeof(call));
  call.route = &create_job;
  call.body = body_of(insert, slot);
  Jsonb* job = kms_json_call(&call);
  /* RETURNING shows the job as the service made it. */
  ExecClearTuple(slot);
  kms_columns_fill(&insert->columns, &job->root, NULL, slot->tts_values, slot->tts_isnull);
  ExecStoreVirtualTuple(slot);
  MemoryContextSwitchTo(old);
  return slot;
}

void kms_fdw_add_insert(FdwRoutine* routine) {
  routine->IsForeignRelUpdatable = updatable;
  routine->BeginForeignModify = begin_modify;
  routine->BeginForeignInsert = begin_routed;
  routine->ExecForeignInsert = insert_row;
}
