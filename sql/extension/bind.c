/*
 * kms.bind(): the trigger that binds what is written into protected columns to the row that it
 * is written into.
 *
 * A function of SQL seals for the row that its caller names; which row a value gets into, only
 * triggers know. So whatever is new in a protected column has to open under the row that results,
 * and where the row gets another key, what it keeps is sealed anew for that. The rest is refused:
 * it may have been copied from another row.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/datum.h"
#include "utils/rel.h"

#include "sql/extension/binder.h"
#include "sql/extension/call.h"
#include "sql/extension/errors.h"
#include "sql/extension/results.h"
#include "sql/extension/text.h"
#include "sql/wire/frames.h"

#define MOST_SOURCES 3

/* As kms.bind_columns names it: after all that rotation/in_step.h makes, which begin with
   ~fieldkms_ and a hexadecimal number. */
#define TRIGGER_NAME "~fieldkms_zz_bind"

/* One envelope of the row, and how it becomes one of the row that results. */
typedef struct Sealed {
  const KmsBoundColumn* column;
  KmsBytes envelope;
  KmsBytes target; /* the context that it has to be of */
  /* Contexts that it may be of now, the likeliest first. */
  KmsBytes sources[MOST_SOURCES];
  int source_count;
  int source;     /* the one that it is of, or is to be tried next */
  int new_source; /* the one of a row without a key; -1: none is */
  bool done;
  bool changed; /* the envelope is another than was written */
} Sealed;

/* The row on its way. */
typedef struct Write {
  KmsBinder* binder;
  TupleDesc description;
  HeapTuple old; /* NULL: an INSERT */
  HeapTuple row;
  Sealed* sealed;
  int count;
} Write;

static KmsBytes new_row_context(const KmsBoundColumn* column) {
  return kms_datum_bytes(kms_new_row_context_of(column->registered, true));
}

static void add_source(Sealed* sealed, KmsBytes context) {
  sealed->sources[sealed->source_count++] = context;
}

/* What is new in the column: sealed for this row, or for a row that had no key yet, or, of ON
   CONFLICT, for the row that could not be inserted. */
static void expect_new_value(const Write* write, Sealed* sealed) {
  const KmsBytes of_new_row = new_row_context(sealed->column);
  if (write->old != NULL) {
    const KmsBytes recalled = kms_binder_recall(write->binder, sealed->envelope);
    if (recalled.data != NULL) {
      add_source(sealed, recalled);
      return;
    }
  }
  if (write->binder->rows_are_new) {
    sealed->new_source = 0;
    add_source(sealed, of_new_row);
    add_source(sealed, sealed->target);
  } else {
    sealed->new_source = 1;
    add_source(sealed, sealed->target);
    add_source(sealed, of_new_row);
  }
}

static void raise_document(const KmsBoundColumn* column) {
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                  errmsg("fieldkms: the key of a row cannot change while column \"%s\" has a "
                         "protected document",
                         column->registered->column),
                  errhint("Set the column in the same statement, to what is protected for the row "
                          "that results.")));
}

/* The envelopes of a column that have to be looked at. */
static void collect_column(Write* write, const KmsBoundColumn* column) {
  bool is_null;
  bool was_null = true;
  bool same_value = false;
  KmsBytes source = kms_absent();
  int count;
  const Datum value = heap_getattr(write->row, column->number, write->description, &is_null);
  if (is_null) return;
  const KmsBytes target = kms_binder_context(column, write->row, write->description);
  if (write->old != NULL) {
    const Datum old = heap_getattr(write->old, column->number, write->description, &was_null);
    same_value = !was_null && datum_image_eq(value, old, false, -1);
    if (same_value) {
      source = kms_binder_context(column, write->old, write->description);
      if (kms_bytes_equal(source, target)) return;
    }
  }
  if (column->shape == KMS_SHAPE_OTHER) {
    if (same_value) raise_document(column);
    return;
  }
  KmsBytes* envelopes = kms_envelopes_of(column->shape, value, &count);
  write->sealed = write->count == 0
                      ? palloc(sizeof(Sealed) * (Size)Max(count, 1))
                      : repalloc(write->sealed, sizeof(Sealed) * (Size)(write->count + count));
  for (int i = 0; i < count; ++i) {
    Sealed* sealed = &write->sealed[write->count++];
    memset(sealed, 0, sizeof(*sealed));
    sealed->column = column;
    sealed->envelope = envelopes[i];
    sealed->target = target;
    sealed->new_source = -1;
    sealed->done = envelopes[i].data == NULL;
    if (sealed->done) continue;
    if (same_value) {
      add_source(sealed, source);
    } else {
      expect_new_value(write, sealed);
    }
  }
}

static void raise_not_of_row(const Sealed* sealed) {
  ereport(ERROR, (errcode(KMS_ERRCODE_NOT_OPENED),
                  errmsg("fieldkms: what is written into column \"%s\" was not sealed for this row",
                         sealed->column->registered->column),
                  errhint("Seal it for kms.row_context of the row that it is written into, or for "
                          "kms.new_row_context.")));
}

/* One call for those that are not done, of one tenant; false: there were none. */
static bool try_sources(Write* write) {
  KmsBytes* parts = palloc(sizeof(KmsBytes) * 3 * (Size)Max(write->count, 1));
  Sealed** items = palloc(sizeof(Sealed*) * (Size)Max(write->count, 1));
  KmsCall call = {.op = FIELDKMS_OP_REWRAP,
                  .name = kms_bytes("", 0),
                  .detail = kms_bytes("", 0),
                  .parts = parts,
                  .make = kms_make_bytea};
  for (int i = 0; i < write->count; ++i) {
    Sealed* sealed = &write->sealed[i];
    const KmsBytes tenant = sealed->column->registered->tenant;
    if (sealed->done || (call.count > 0 && !kms_bytes_equal(tenant, call.tenant))) continue;
    const KmsBytes source = sealed->sources[sealed->source];
    call.tenant = tenant;
    items[call.count] = sealed;
    KmsBytes* item = parts + 3 * (size_t)call.count;
    item[0] = sealed->envelope;
    item[1] = source;
    item[2] = kms_bytes_equal(source, sealed->target) ? kms_absent() : sealed->target;
    ++call.count;
  }
  if (call.count == 0) return false;
  call.results = palloc(sizeof(Datum) * call.count);
  call.nulls = palloc(sizeof(bool) * call.count);
  call.not_opened = palloc(sizeof(bool) * call.count);
  kms_call(&call);
  for (uint32 i = 0; i < call.count; ++i) {
    if (call.not_opened[i]) {
      if (++items[i]->source == items[i]->source_count) raise_not_of_row(items[i]);
      continue;
    }
    items[i]->done = true;
    /* One that was of this row already has only been tried. */
    items[i]->changed = parts[3 * (size_t)i + 2].data != NULL;
    if (items[i]->changed) items[i]->envelope = kms_datum_bytes(call.results[i]);
    write->binder->rows_are_new = items[i]->source == items[i]->new_source;
  }
  return true;
}

/* `row` with these envelopes, all of a column, in it. */
static HeapTuple with_envelopes(const Write* write, HeapTuple row, const Sealed* sealed,
                                int count) {
  const KmsBoundColumn* column = sealed[0].column;
  KmsBytes* envelopes = palloc(sizeof(KmsBytes) * (Size)count);
  int number = column->number;
  bool is_null;
  for (int i = 0; i < count; ++i) envelopes[i] = sealed[i].envelope;
  const Datum like = heap_getattr(write->row, number, write->description, &is_null);
  Datum value = kms_value_of_envelopes(column->shape, envelopes, count, like,
                                       TupleDescAttr(write->description, number - 1));
  return heap_modify_tuple_by_cols(row, write->description, 1, &number, &value, &is_null);
}

/* The row with its envelopes as they are now. */
static HeapTuple rebuilt(const Write* write) {
  HeapTuple row = write->row;
  for (int first = 0; first < write->count;) {
    const KmsBoundColumn* column = write->sealed[first].column;
    int count = 0;
    bool changed = false;
    for (; first + count < write->count; ++count) {
      if (write->sealed[first + count].column != column) break;
      changed = changed || write->sealed[first + count].changed;
    }
    if (changed) row = with_envelopes(write, row, &write->sealed[first], count);
    first += count;
  }
  return row;
}

static void remember(const Write* write) {
  KmsInserted* inserted = palloc(sizeof(KmsInserted) * (Size)Max(write->count, 1));
  int count = 0;
  for (int i = 0; i < write->count; ++i) {
    if (write->sealed[i].envelope.data == NULL) continue;
    inserted[count++] = (KmsInserted){write->sealed[i].envelope, write->sealed[i].target};
  }
  kms_binder_remember(write->binder, inserted, count);
}

/* Refuses triggers that fire after ours for the same rows: they could give them another key. */
static void check_last(Relation table, const char* ours, bool for_insert, bool for_update) {
  const TriggerDesc* all = table->trigdesc;
  for (int i = 0; all != NULL && i < all->numtriggers; ++i) {
    const Trigger* other = &all->triggers[i];
    const bool same_rows = (for_insert && TRIGGER_FOR_INSERT(other->tgtype)) ||
                           (for_update && TRIGGER_FOR_UPDATE(other->tgtype));
    if (!TRIGGER_FOR_ROW(other->tgtype) || !TRIGGER_FOR_BEFORE(other->tgtype) || !same_rows ||
        other->tgenabled == TRIGGER_DISABLED || strcmp(other->tgname, ours) <= 0) {
      continue;
    }
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("fieldkms: trigger \"%s\" of table \"%s\" fires after \"%s\"",
                           other->tgname, RelationGetRelationName(table), ours),
                    errdetail("It could change what values have been bound to."),
                    errhint("Give it a name that sorts before.")));
  }
}

static KmsBinder* binder_of(FunctionCallInfo fcinfo, const TriggerData* data) {
  if (fcinfo->flinfo->fn_extra == NULL) {
    fcinfo->flinfo->fn_extra = kms_binder_make(data->tg_relation, fcinfo->flinfo->fn_mcxt);
  }
  return fcinfo->flinfo->fn_extra;
}

PG_FUNCTION_INFO_V1(fieldkms_bind);
Datum fieldkms_bind(PG_FUNCTION_ARGS) {
  const TriggerData* data = (const TriggerData*)fcinfo->context;
  if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(data->tg_event) ||
      !TRIGGER_FIRED_FOR_ROW(data->tg_event) || TRIGGER_FIRED_BY_DELETE(data->tg_event)) {
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("fieldkms: kms.bind is for triggers BEFORE INSERT OR UPDATE, FOR EACH "
                           "ROW")));
  }
  KmsGuard guard;
  kms_guard_up(&guard);
  const bool update = TRIGGER_FIRED_BY_UPDATE(data->tg_event);
  Write write = {.binder = binder_of(fcinfo, data),
                 .description = RelationGetDescr(data->tg_relation),
                 .old = update ? data->tg_trigtuple : NULL,
                 .row = update ? data->tg_newtuple : data->tg_trigtuple};
  check_last(data->tg_relation, data->tg_trigger->tgname, !update, update);
  for (int i = 0; i < write.binder->count; ++i) collect_column(&write, &write.binder->columns[i]);
  while (try_sources(&write)) {
  }
  if (!update) remember(&write);
  HeapTuple row = rebuilt(&write);
  kms_guard_down(&guard);
  return PointerGetDatum(row);
}

/* kms.check_bindable(relation): what would be refused later is refused now. */
PG_FUNCTION_INFO_V1(fieldkms_check_bindable);
Datum fieldkms_check_bindable(PG_FUNCTION_ARGS) {
  Relation table = table_open(PG_GETARG_OID(0), AccessShareLock);
  (void)kms_binder_make(table, CurrentMemoryContext);
  check_last(table, TRIGGER_NAME, true, true);
  table_close(table, AccessShareLock);
  PG_RETURN_VOID();
}
