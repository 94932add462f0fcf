#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_operator_d.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
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
#include "sql/extension/fdw_table.h"

/* A call costs about as much as reading so many pages, and so it is done once where it can be. */
#define CALL_COST 100.0
#define ROWS_OF_ONE_KEY 5.0

typedef struct Planned {
  KmsTable table;
  Expr* key; /* of a filter by the key column; NULL: there is none */
  bool other_filters;
} Planned;

/* Whether the node is our column `attribute`. */
static bool is_column(Node* node, Index relation, AttrNumber attribute) {
  while (IsA(node, RelabelType)) node = (Node*)((RelabelType*)node)->arg;
  const Var* var = (Var*)node;
  return IsA(node, Var) && var->varno == (int)relation && var->varattno == attribute &&
         var->varlevelsup == 0;
}

/* The other side of "key = ...", where the service finds by it what PostgreSQL would: it is known
   before the scan begins, and texts are equal that are the same bytes. NULL: it is none such. */
static Expr* key_of(Expr* clause, Index relation, AttrNumber attribute) {
  if (!IsA(clause, OpExpr)) return NULL;
  OpExpr* operation = (OpExpr*)clause;
  if (operation->opno != TextEqualOperator || list_length(operation->args) != 2) return NULL;
  if (!OidIsValid(operation->inputcollid) ||
      !get_collation_isdeterministic(operation->inputcollid)) {
    return NULL;
  }
  Node* left = linitial(operation->args);
  Node* right = lsecond(operation->args);
  if (is_column(right, relation, attribute)) {
    Node* column = right;
    right = left;
    left = column;
  }
  if (!is_column(left, relation, attribute)) return NULL;
  const bool known =
      !contain_var_clause(right) && !contain_volatile_functions(right) && !contain_subplans(right);
  return known ? (Expr*)right : NULL;
}

static void find_key(RelOptInfo* relation, Oid table, Planned* planned) {
  const char* name = planned->table.object->key_column;
  const AttrNumber attribute = name == NULL ? InvalidAttrNumber : get_attnum(table, name);
  ListCell* cell;
  foreach (cell, relation->baserestrictinfo) {
    Expr* clause = lfirst_node(RestrictInfo, cell)->clause;
    Expr* key = NULL;
    if (planned->key == NULL && attribute != InvalidAttrNumber) {
      key = key_of(clause, relation->relid, attribute);
    }
    if (key != NULL) {
      planned->key = key;
    } else {
      planned->other_filters = true;
    }
  }
}

static void estimate_size(PlannerInfo* root, RelOptInfo* relation, Oid table) {
  Planned* planned = palloc0(sizeof(*planned));
  planned->table = kms_table_of(table);
  find_key(relation, table, planned);
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
  List* keys = planned->key == NULL ? NIL : list_make1(planned->key);
  List* of_scan = list_make2(makeInteger(planned->key != NULL),
                             makeInteger(first_page_of(root, relation, planned)));
  (void)table;
  (void)path;
  /* What the service filters by is tried here again: it costs nothing, and rows are right whatever
     it answers. */
  return make_foreignscan(targets, extract_actual_clauses(clauses, false), relation->relid, keys,
                          of_scan, NIL, NIL, outer);
}

void kms_fdw_add_planning(FdwRoutine* routine) {
  routine->GetForeignRelSize = estimate_size;
  routine->GetForeignPaths = add_paths;
  routine->GetForeignPlan = make_plan;
}
