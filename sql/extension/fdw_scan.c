#include "postgres.h"

#include "commands/explain.h"
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif
#include "executor/executor.h"
#include "nodes/execnodes.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "sql/extension/fdw.h"
#include "sql/extension/fdw_filters.h"
#include "sql/extension/fdw_rows.h"
#include "sql/extension/fdw_table.h"

typedef struct ServiceScan {
  KmsRows rows;
  KmsColumns columns;
  ExprState* key;             /* NULL: it is not by key */
  List* filters;              /* ExprStates, of those that the plan names */
  bool begun;                 /* the rows are those of the parameters of now */
  MemoryContext row_memory;   /* of the row that was returned last */
  MemoryContext query_memory; /* of the key, and of what filters say */
} ServiceScan;

static int planned(const ForeignScan* plan, int what) {
  return intVal(list_nth(plan->fdw_private, what));
}

static void begin_scan(ForeignScanState* node, int flags) {
  ForeignScan* plan = (ForeignScan*)node->ss.ps.plan;
  Relation relation = node->ss.ss_currentRelation;
  const KmsTable table = kms_table_of(RelationGetRelid(relation));
  ServiceScan* scan = palloc0(sizeof(*scan));
  node->fdw_state = scan;
  kms_rows_init(&scan->rows, table.object, planned(plan, KMS_SCAN_FIRST_PAGE), table.page_size);
  if ((flags & EXEC_FLAG_EXPLAIN_ONLY) != 0) return;
  kms_columns_of(relation, table.object, &scan->columns);
  scan->filters = ExecInitExprList(plan->fdw_exprs, (PlanState*)node);
  if (planned(plan, KMS_SCAN_BY_KEY)) {
    scan->key = linitial(scan->filters);
    scan->filters = list_delete_first(scan->filters);
  }
  scan->row_memory =
      AllocSetContextCreate(CurrentMemoryContext, "fieldkms tuple", ALLOCSET_DEFAULT_SIZES);
  scan->query_memory =
      AllocSetContextCreate(CurrentMemoryContext, "fieldkms key", ALLOCSET_SMALL_SIZES);
}

/* The value that an expression has by the parameters of now, as it is told; false: no row fits. */
static bool text_of(ForeignScanState* node, ExprState* state, const KmsFilter* filter,
                    char** written) {
  bool is_null;
  const Datum value = ExecEvalExprSwitchContext(state, node->ss.ps.ps_ExprContext, &is_null);
  if (is_null) return false;
  if (filter != NULL) return kms_filter_text(filter, value, written);
  *written = TextDatumGetCString(value);
  return true;
}

static void begin_by_key(ForeignScanState* node, ServiceScan* scan) {
  char* key;
  if (text_of(node, scan->key, NULL, &key)) {
    kms_rows_begin(&scan->rows, key);
  } else {
    kms_rows_begin_empty(&scan->rows);
  }
}

static void begin_chosen(ForeignScanState* node, ServiceScan* scan) {
  const KmsObject* object = scan->rows.object;
  KmsQueryItem* query = palloc0(sizeof(*query) * (size_t)Max(list_length(scan->filters), 1));
  int count = 0;
  ListCell* cell;
  foreach (cell, scan->filters) {
    const KmsFilter* filter = &object->filters[planned(
        (ForeignScan*)node->ss.ps.plan, KMS_SCAN_FILTERS + foreach_current_index(cell))];
    char* written = NULL;
    if (!text_of(node, lfirst(cell), filter, &written)) {
      kms_rows_begin_empty(&scan->rows);
      return;
    }
    if (written == NULL) continue;
    query[count].name = filter->parameter;
    query[count].value = written;
    ++count;
  }
  kms_rows_begin_chosen(&scan->rows, query, count);
}

/* Begins with what the parameters now are. */
static void begin_rows(ForeignScanState* node, ServiceScan* scan) {
  scan->begun = true;
  MemoryContextReset(scan->query_memory);
  MemoryContext old = MemoryContextSwitchTo(scan->query_memory);
  if (scan->key != NULL) {
    begin_by_key(node, scan);
  } else {
    begin_chosen(node, scan);
  }
  MemoryContextSwitchTo(old);
}

static TupleTableSlot* next_row(ForeignScanState* node) {
  ServiceScan* scan = node->fdw_state;
  TupleTableSlot* slot = node->ss.ss_ScanTupleSlot;
  ExecClearTuple(slot);
  if (!scan->begun) begin_rows(node, scan);
  MemoryContextReset(scan->row_memory);
  MemoryContext old = MemoryContextSwitchTo(scan->row_memory);
  JsonbContainer* row = kms_rows_next(&scan->rows);
  if (row != NULL) {
    kms_columns_fill(&scan->columns, row, scan->rows.parent, slot->tts_values, slot->tts_isnull);
    ExecStoreVirtualTuple(slot);
  }
  MemoryContextSwitchTo(old);
  return slot;
}

/* From the start, with other parameters maybe: another answer, if the service has one by now. */
static void rescan(ForeignScanState* node) {
  ServiceScan* scan = node->fdw_state;
  scan->begun = false;
}

/* All memory is the executor's, and no request is under way. */
static void end_scan(ForeignScanState* node) { (void)node; }

static char* route_text(const KmsRoute* route) {
  return psprintf("%s %s%s%s", route->method, route->before, route->after == NULL ? "" : "{key}",
                  route->after == NULL ? "" : route->after);
}

/* Which conditions the service filters by, without what they ask for. */
static void explain_filters(const ForeignScan* plan, const KmsObject* object, ExplainState* state) {
  List* names = NIL;
  for (int i = KMS_SCAN_FILTERS; i < list_length(plan->fdw_private); ++i) {
    names = lappend(names, pstrdup(object->filters[planned(plan, i)].parameter));
  }
  if (names != NIL) ExplainPropertyList("Service Filters", names, state);
}

/* What is called, without what is asked for. */
static void explain(ForeignScanState* node, ExplainState* state) {
  const ServiceScan* scan = node->fdw_state;
  const KmsObject* object = scan->rows.object;
  ForeignScan* plan = (ForeignScan*)node->ss.ps.plan;
  const bool by_key = planned(plan, KMS_SCAN_BY_KEY);
  const bool lists = object->items != NULL && (!by_key || object->parent_list != NULL);
  char* route = route_text(by_key ? &object->by_key : &object->list);
  if (!by_key && object->parent_list != NULL) {
    route =
        psprintf("%s, for each %s", route_text(object->parent_list), route_text(&object->by_key));
  }
  ExplainPropertyText("Service Call", route, state);
  explain_filters(plan, object, state);
  if (!lists) return;
  ExplainPropertyInteger("First Page", NULL, by_key ? scan->rows.page_size : scan->rows.first_page,
                         state);
  ExplainPropertyInteger("Page Size", NULL, scan->rows.page_size, state);
}

void kms_fdw_add_scan(FdwRoutine* routine) {
  routine->BeginForeignScan = begin_scan;
  routine->IterateForeignScan = next_row;
  routine->ReScanForeignScan = rescan;
  routine->EndForeignScan = end_scan;
  routine->ExplainForeignScan = explain;
}
