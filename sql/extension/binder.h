/*
 * What a trigger knows of a table for the time of one statement: its protected columns, and what
 * their values are bound to.
 */
#ifndef FIELDKMS_SQL_EXTENSION_BINDER_H_
#define FIELDKMS_SQL_EXTENSION_BINDER_H_

#include "access/htup.h"
#include "utils/rel.h"

#include "sql/extension/bind_values.h"
#include "sql/extension/key_text.h"
#include "sql/extension/registry.h"

typedef struct KmsBoundColumn {
  const KmsRegistered* registered;
  KmsShape shape; /* KMS_SHAPE_OTHER: a JSON document */
  AttrNumber number;
  /* The columns that it is bound to: of the key, then the further ones. */
  int key_count;
  AttrNumber* keys;
  KmsKeyText* key_texts;
} KmsBoundColumn;

/* An envelope of the row inserted last, and the context that it was found to be of. */
typedef struct KmsInserted {
  KmsBytes envelope;
  KmsBytes context;
} KmsInserted;

typedef struct KmsBinder {
  MemoryContext context;
  int count;
  KmsBoundColumn* columns;
  /* The last value was sealed for a new row (kms.new_row_context): so, it seems, is the next. */
  bool rows_are_new;
  /* ON CONFLICT DO UPDATE comes right after the INSERT that failed, and EXCLUDED has its values. */
  MemoryContext inserted_context;
  int inserted_count;
  KmsInserted* inserted;
} KmsBinder;

/*
 * Makes it, in `context`, for a table. Errors: 55000 where no column is registered, or one that
 * values are bound to is gone; 0A000 where such a column is generated, since it has no value yet
 * when triggers run that could bind to it, or where the type does not fit.
 */
KmsBinder* kms_binder_make(Relation table, MemoryContext context);

/* The context of a column's values in a row. Error: 23502 where something that it has is NULL. */
KmsBytes kms_binder_context(const KmsBoundColumn* column, HeapTuple row, TupleDesc description);

/* Remembers the envelopes of a row that is about to be inserted, in the place of the last one's. */
void kms_binder_remember(KmsBinder* binder, const KmsInserted* inserted, int count);
/* The context that an envelope was remembered with; absent: none. */
KmsBytes kms_binder_recall(const KmsBinder* binder, KmsBytes envelope);

#endif /* FIELDKMS_SQL_EXTENSION_BINDER_H_ */
