#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_operator_d.h"
#include "catalog/pg_type_d.h"
#include "datatype/timestamp.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "sql/extension/fdw_filters.h"

/* More than this is told by no query of an HTTP request. */
#define MOST_TEXT_BYTES 256

/* Whether the node is our column `attribute`. */
static bool is_column(Node* node, Index relation, AttrNumber attribute) {
  while (IsA(node, RelabelType)) node = (Node*)((RelabelType*)node)->arg;
  const Var* var = (Var*)node;
  return IsA(node, Var) && var->varno == (int)relation && var->varattno == attribute &&
         var->varlevelsup == 0;
}

static bool is_known(Node* node) {
  return !contain_var_clause(node) && !contain_volatile_functions(node) && !contain_subplans(node);
}

bool kms_clause_of(Expr* clause, Index relation, AttrNumber attribute, KmsClause* found) {
  if (!IsA(clause, OpExpr)) return false;
  OpExpr* operation = (OpExpr*)clause;
  if (list_length(operation->args) != 2) return false;
  Node* left = linitial(operation->args);
  Node* right = lsecond(operation->args);
  found->operation = operation->opno;
  if (is_column(right, relation, attribute)) {
    Node* column = right;
    right = left;
    left = column;
    found->operation = get_commutator(operation->opno);
  }
  if (!OidIsValid(found->operation) || !is_column(left, relation, attribute) || !is_known(right)) {
    return false;
  }
  found->value = (Expr*)right;
  found->collation = operation->inputcollid;
  return true;
}

bool kms_clause_is_same_text(const KmsClause* clause) {
  return clause->operation == TextEqualOperator && OidIsValid(clause->collation) &&
         get_collation_isdeterministic(clause->collation);
}

/* How an operator orders two times; 0: it does not, or one of them is of another type. */
static int time_strategy(const KmsClause* clause) {
  if (exprType((Node*)clause->value) != TIMESTAMPTZOID) return 0;
  const TypeCacheEntry* times = lookup_type_cache(TIMESTAMPTZOID, TYPECACHE_BTREE_OPFAMILY);
  return get_op_opfamily_strategy(clause->operation, times->btree_opf);
}

static bool fits(enum KmsFilterKind kind, const KmsClause* clause) {
  int strategy;
  switch (kind) {
    case KMS_FILTER_TEXT:
    case KMS_FILTER_ENUM:
      return kms_clause_is_same_text(clause);
    case KMS_FILTER_ELEMENT:
      return get_opcode(clause->operation) == F_JSONB_EXISTS;
    case KMS_FILTER_SINCE:
      strategy = time_strategy(clause);
      return strategy == BTGreaterStrategyNumber || strategy == BTGreaterEqualStrategyNumber ||
             strategy == BTEqualStrategyNumber;
    case KMS_FILTER_UNTIL:
      strategy = time_strategy(clause);
      return strategy == BTLessStrategyNumber || strategy == BTLessEqualStrategyNumber ||
             strategy == BTEqualStrategyNumber;
  }
  pg_unreachable();
}

bool kms_filters_find(const KmsObject* object, Oid table, Index relation, Expr* clause,
                      KmsFound* found) {
  bool any = false;
  for (int i = 0; i < object->filter_count; ++i) {
    const KmsFilter* filter = &object->filters[i];
    const AttrNumber attribute = get_attnum(table, filter->column);
    KmsClause told;
    /* What is asked twice, as two times to begin at, is told once. */
    if (attribute == InvalidAttrNumber || list_member_int(found->places, i)) continue;
    if (!kms_clause_of(clause, relation, attribute, &told)) continue;
    if (!fits(filter->kind, &told)) continue;
    found->places = lappend_int(found->places, i);
    found->values = lappend(found->values, told.value);
    any = true;
  }
  return any;
}

/* Text that cannot be told is left to PostgreSQL. What is empty no row has: it would be NULL. */
static bool plain_text(Datum value, char** written) {
  *written = TextDatumGetCString(value);
  if (**written == '\0') return false;
  if (strlen(*written) > MOST_TEXT_BYTES) *written = NULL;
  return true;
}

/* 'outcome' as AUDIT_RECORD_KIND_OUTCOME; what no kind is called no row has. */
static bool enum_text(const KmsFilter* filter, Datum value, char** written) {
  const char* name = TextDatumGetCString(value);
  for (const char* const* known = filter->names; *known != NULL; ++known) {
    if (strcmp(*known, name) != 0) continue;
    *written = psprintf("%s%s", filter->prefix, name);
    for (char* at = *written; *at != '\0'; ++at) *at = (char)pg_toupper((unsigned char)*at);
    return true;
  }
  return false;
}

/* As RFC 3339 in UTC; NULL: it has none. */
static char* time_text(TimestampTz time) {
  struct pg_tm parts;
  fsec_t micros;
  if (TIMESTAMP_NOT_FINITE(time) || timestamp2tm(time, NULL, &parts, &micros, NULL, NULL) != 0 ||
      parts.tm_year < 1 || parts.tm_year > 9999) {
    return NULL;
  }
  return psprintf("%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", parts.tm_year, parts.tm_mon, parts.tm_mday,
                  parts.tm_hour, parts.tm_min, parts.tm_sec, (int)micros);
}

bool kms_filter_text(const KmsFilter* filter, Datum value, char** written) {
  switch (filter->kind) {
    case KMS_FILTER_TEXT:
    case KMS_FILTER_ELEMENT:
      return plain_text(value, written);
    case KMS_FILTER_ENUM:
      return enum_text(filter, value, written);
    case KMS_FILTER_SINCE:
      *written = time_text(DatumGetTimestampTz(value));
      return true;
    case KMS_FILTER_UNTIL: {
      /* The service takes what is before; of "<=" that is a microsecond more. */
      const TimestampTz time = DatumGetTimestampTz(value);
      *written = TIMESTAMP_NOT_FINITE(time) ? NULL : time_text(time + 1);
      return true;
    }
  }
  pg_unreachable();
}
