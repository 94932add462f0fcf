#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_attribute.h"
#include "utils/memutils.h"

#include "sql/extension/binder.h"
#include "sql/extension/text.h"

/* What of an envelope tells it from all others: header, handle and a random nonce are in it. */
#define TELLING_BYTES 53

static const FormData_pg_attribute* find_column(Relation table, const char* name) {
  TupleDesc description = RelationGetDescr(table);
  for (int i = 0; i < description->natts; ++i) {
    const FormData_pg_attribute* attribute = TupleDescAttr(description, i);
    if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), name) == 0) {
      return attribute;
    }
  }
  ereport(ERROR,
          (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
           errmsg("fieldkms: column \"%s\" of table \"%s\", which is in the registry, is gone",
                  name, RelationGetRelationName(table))));
  return NULL;
}

static void check_key_column(Relation table, const FormData_pg_attribute* column) {
  if (column->attgenerated == '\0') return;
  ereport(
      ERROR,
      (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
       errmsg("fieldkms: column \"%s\" of table \"%s\" is generated, and values cannot be "
              "bound to it",
              NameStr(column->attname), RelationGetRelationName(table)),
       errdetail("PostgreSQL computes it after the last trigger that could bind them."),
       errhint("Bind to the columns that it is generated from, or make it an identity column.")));
}

static void fill_keys(Relation table, KmsBoundColumn* column, MemoryContext context) {
  const KmsRegistered* registered = column->registered;
  List* names = list_concat_copy(registered->key_columns, registered->context_columns);
  ListCell* cell;
  column->keys = palloc(sizeof(AttrNumber) * (Size)Max(list_length(names), 1));
  column->key_texts = palloc0(sizeof(KmsKeyText) * (Size)Max(list_length(names), 1));
  foreach (cell, names) {
    const FormData_pg_attribute* key = find_column(table, lfirst(cell));
    check_key_column(table, key);
    column->keys[column->key_count] = key->attnum;
    kms_key_text_prepare(&column->key_texts[column->key_count], key->atttypid, context);
    ++column->key_count;
  }
}

static void fill_column(Relation table, const KmsRegistered* registered, KmsBoundColumn* column,
                        MemoryContext context) {
  const FormData_pg_attribute* attribute = find_column(table, registered->column);
  memset(column, 0, sizeof(*column));
  column->registered = registered;
  column->shape = kms_shape_of(registered->shape);
  column->number = attribute->attnum;
  if (column->shape != KMS_SHAPE_OTHER && !kms_shape_fits(column->shape, attribute->atttypid)) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("fieldkms: column \"%s\" of table \"%s\" has a type that does not fit "
                           "the shape in the registry, %s",
                           registered->column, RelationGetRelationName(table), registered->shape)));
  }
  fill_keys(table, column, context);
}

KmsBinder* kms_binder_make(Relation table, MemoryContext context) {
  MemoryContext before = MemoryContextSwitchTo(context);
  KmsBinder* binder = palloc0(sizeof(KmsBinder));
  List* registry = kms_registry_of(RelationGetRelid(table));
  ListCell* cell;
  binder->context = context;
  binder->columns = palloc(sizeof(KmsBoundColumn) * (Size)Max(list_length(registry), 1));
  foreach (cell, registry) {
    const KmsRegistered* registered = lfirst(cell);
    /* Format-preserving text is bound to no row. */
    if (strcmp(registered->shape, "fpe") == 0) continue;
    fill_column(table, registered, &binder->columns[binder->count++], context);
  }
  if (binder->count == 0) {
    ereport(ERROR,
            (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
             errmsg("fieldkms: table \"%s\" has no protected columns that could be bound to rows",
                    RelationGetRelationName(table)),
             errhint("\"fieldkms column add\" registers them.")));
  }
  MemoryContextSwitchTo(before);
  return binder;
}

KmsBytes kms_binder_context(const KmsBoundColumn* column, HeapTuple row, TupleDesc description) {
  KmsBytes* texts = palloc(sizeof(KmsBytes) * (Size)Max(column->key_count, 1));
  for (int i = 0; i < column->key_count; ++i) {
    bool is_null;
    const Datum value = heap_getattr(row, column->keys[i], description, &is_null);
    if (is_null) {
      ereport(ERROR,
              (errcode(ERRCODE_NOT_NULL_VIOLATION),
               errmsg("fieldkms: column \"%s\" is NULL, and values of \"%s\" are bound to it",
                      NameStr(TupleDescAttr(description, column->keys[i] - 1)->attname),
                      column->registered->column)));
    }
    texts[i] = kms_key_text(&column->key_texts[i], value);
  }
  return kms_datum_bytes(kms_row_context_of(column->registered, texts, column->key_count, true));
}

static KmsBytes copy_of(KmsBytes bytes) {
  char* copy = palloc(Max(bytes.size, 1));
  memcpy(copy, bytes.data, bytes.size);
  return kms_bytes(copy, bytes.size);
}

static KmsBytes telling(KmsBytes envelope) {
  return kms_bytes(envelope.data, Min(envelope.size, TELLING_BYTES));
}

void kms_binder_remember(KmsBinder* binder, const KmsInserted* inserted, int count) {
  if (binder->inserted_context == NULL) {
    binder->inserted_context =
        AllocSetContextCreate(binder->context, "fieldkms inserted row", ALLOCSET_SMALL_SIZES);
  }
  MemoryContextReset(binder->inserted_context);
  MemoryContext before = MemoryContextSwitchTo(binder->inserted_context);
  binder->inserted = palloc(sizeof(KmsInserted) * (Size)Max(count, 1));
  for (int i = 0; i < count; ++i) {
    binder->inserted[i].envelope = copy_of(telling(inserted[i].envelope));
    binder->inserted[i].context = copy_of(inserted[i].context);
  }
  binder->inserted_count = count;
  MemoryContextSwitchTo(before);
}

KmsBytes kms_binder_recall(const KmsBinder* binder, KmsBytes envelope) {
  for (int i = 0; i < binder->inserted_count; ++i) {
    if (kms_bytes_equal(binder->inserted[i].envelope, telling(envelope))) {
      return binder->inserted[i].context;
    }
  }
  return kms_absent();
}
