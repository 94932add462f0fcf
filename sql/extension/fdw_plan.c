#include "postgres.h"

#include "access/table.h"
#include "nodes/makefuncs.h"
#include "nodes/pathnodes.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "sql/extension/fdw.h"
#include "sql/extension/fdw_filters.h"
#include "sql/extension/fdw_table.h"

/* A call costs about as much as reading so many pages, and so it is done once where it can be. */
#define CALL_COST 100.0
#define ROWS_OF_ONE_KEY 5.0

typedef struct Planned {
  KmsTable table;
  Expr* key; /* of a filter by the key column; NULL: there is none */
  KmsFound filters;
  bool other_filters; /* that PostgreSQL alone knows of */
} Planned;

/* Whether `clause` is the first that says which key. */
static bool take_key(Expr* clause, Index relation, AttrNumber attribute, Planned* planned) {
  KmsClause found;
  if (planned->key != NULL || attribute == InvalidAttrNumber) return false;
  if (!kms_clause_of(clause, relation, attribute, &found)) return false;
  if (!kms_clause_is_same_text(&found)) return false;
  planned->key = found.value;
  return true;
}

static void find_filters(RelOptInfo* relation, Oid table, Planned* planned) {
  const KmsObject* object = planned->table.object;
  const AttrNumber attribute =
      object->key_column == NULL ? InvalidAttrNumber : get_attnum(table, object->key_column);
  ListCell* cell;
  foreach (cell, relation->baserestrictinfo) {
    Expr* clause = lfirst_node(RestrictInfo, cell)->clause;
    if (!take_key(clause, relation->relid, attribute, planned) &&
        !kms_filters_find(object, table, relation->relid, clause, &planned->filters)) {
      planned->other_filters = true;
    }
  }
}

static void estimate_size(PlannerInfo* root, RelOptInfo* relation, Oid table) {
  Planned* planned = palloc0(sizeof(*planned));
  planned->table = kms_table_of(table);
  find_filters(relation, table, planned);
  relation->fdw_private = planned;
  relation->tuples = planned->table.object->usual_rows;
  if (planned->key != NULL) {
    relation->rows = planned->table.object->parent_list == NULL ? 1 : ROWS_OF_ONE_KEY;
  } else {
    relation->rows =
        clamp_row_est(relation->tuples * clauselist_selectivity(root, relation->baserestrictinfo, 0,
                                                                JOIN_INNER, NULL));
  }
  relation->reltarget->width = 200;
}

static double calls_of(const Planned* planned) {
  const KmsObject* object = planned->table.object;
  if (planned->key != NULL || object->items == NULL) return 1;
  const double pages = object->usual_rows / planned->table.page_size + 1;
  return object->parent_list == NULL ? pages : pages + object->usual_rows / ROWS_OF_ONE_KEY;
}

static void add_paths(PlannerInfo* root, RelOptInfo* relation, Oid table) {
  Planned* planned = relation->fdw_private;
  const Cost total = CALL_COST * calls_of(planned) + cpu_tuple_cost * relation->tuples;
  (void)table;
  ForeignPath* path = create_foreignscan_path(root, relation, NULL, relation->rows,
#if PG_VERSION_NUM >= 180000
                                              0, /* nodes that settings disable */
#endif
                                              CALL_COST, total, NIL, relation->lateral_relids, NULL,
#if PG_VERSION_NUM >= 170000
                                              NIL,
#endif
                                              NIL);
  add_path(relation, (Path*)path);
}

/* How many rows the first page is to have: a LIMIT of a query that takes rows as they come is
   enough for it. All others are as long as they may be, so that a guess that is wrong costs one
   call. */
static int first_page_of(PlannerInfo* root, RelOptInfo* relation, const Planned* planned) {
  const bool as_they_come = root->limit_tuples >= 1 && !planned->other_filters &&
                            root->parse->sortClause == NIL &&
                            bms_membership(root->all_baserels) == BMS_SINGLETON &&
                            bms_is_member((int)relation->relid, root->all_baserels);
  if (!as_they_come || root->limit_tuples >= planned->table.page_size) {
    return planned->table.page_size;
  }
  return (int)root->limit_tuples;
}

static ForeignScan* make_plan(PlannerInfo* root, RelOptInfo* relation, Oid table, ForeignPath* path,
                              List* targets, List* clauses, Plan* outer) {
  const Planned* planned = relation->fdw_private;
  List* values = planned->key == NULL ? NIL : list_make1(planned->key);
  List* of_scan = list_make2(makeInteger(planned->key != NULL),
                             makeInteger(first_page_of(root, relation, planned)));
  ListCell* cell;
  foreach (cell, planned->filters.places) of_scan = lappend(of_scan, makeInteger(lfirst_int(cell)));
  (void)table;
  (void)path;
  /* What the service filters by is tried here again: it costs nothing, and rows are right whatever
     it answers. */
  return make_foreignscan(targets, extract_actual_clauses(clauses, false), relation->relid,
                          list_concat(values, planned->filters.values), of_scan, NIL, NIL, outer);
}

void kms_fdw_add_planning(FdwRoutine* routine) {
  routine->GetForeignRelSize = estimate_size;
  routine->GetForeignPaths = add_paths;
  routine->GetForeignPlan = make_plan;
}
