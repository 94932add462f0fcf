/*
 * What of a query's conditions the service can filter by: found in the plan, and told with each
 * call. PostgreSQL tries all of them again, so what is told may be less than what is asked.
 */
#ifndef FIELDKMS_SQL_EXTENSION_FDW_FILTERS_H_
#define FIELDKMS_SQL_EXTENSION_FDW_FILTERS_H_

#include "nodes/pg_list.h"
#include "nodes/primnodes.h"

#include "sql/extension/fdw_objects.h"

/* "column operator value", whichever way it was written; the value is known before a scan. */
typedef struct KmsClause {
  Oid operation; /* the operator, as of the column on its left */
  Oid collation;
  Expr* value;
} KmsClause;

/* Whether `clause` is one about the column `attribute` of `relation`. */
bool kms_clause_of(Expr* clause, Index relation, AttrNumber attribute, KmsClause* found);
/* Whether it asks for the text that is the same bytes. */
bool kms_clause_is_same_text(const KmsClause* clause);

/* Filters of a scan that were found so far: their places among the object's, and their values. */
typedef struct KmsFound {
  List* places; /* integers */
  List* values; /* expressions */
} KmsFound;
/* Adds those that `clause` is; whether the service can filter by it. */
bool kms_filters_find(const KmsObject* object, Oid table, Index relation, Expr* clause,
                      KmsFound* found);

/* What to tell of a value, in the current memory context; NULL: nothing. False: no row fits. */
bool kms_filter_text(const KmsFilter* filter, Datum value, char** written);

#endif /* FIELDKMS_SQL_EXTENSION_FDW_FILTERS_H_ */
