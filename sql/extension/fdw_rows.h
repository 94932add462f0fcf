/*
 * The rows of an object, one after another, as the JSON API has them page by page: never more than
 * a page is kept, whatever there is.
 */
#ifndef FIELDKMS_SQL_EXTENSION_FDW_ROWS_H_
#define FIELDKMS_SQL_EXTENSION_FDW_ROWS_H_

#include "sql/extension/fdw_objects.h"

/* One list. */
typedef struct KmsPages {
  KmsJsonCall call;
  const char* items;
  int page_size;        /* of all pages but the first */
  MemoryContext memory; /* of the page */
  bool started;
  JsonbContainer* page; /* its array; NULL: it has none */
  uint32 next;          /* the item of it that comes next */
  char* token;          /* of the page that follows; NULL: it is the last one */
} KmsPages;

typedef struct KmsRows {
  const KmsObject* object;
  const char* key;           /* only of this key; NULL: all */
  const KmsQueryItem* query; /* which of all, as far as the service can tell */
  int query_count;
  bool nothing;         /* there is nothing that could be */
  bool done;            /* of what is no list: it was read */
  bool in_list;         /* of what is listed for each parent: such a list is being read */
  const char* parent;   /* whose list it is */
  int first_page;       /* how many rows the first page is to have */
  int page_size;        /* and all others */
  MemoryContext memory; /* of what is no page */
  KmsPages parents;
  KmsPages list;
} KmsRows;

/* Prepares; nothing is called before kms_rows_next. Memory is taken in children of the current
   context. */
void kms_rows_init(KmsRows* rows, const KmsObject* object, int first_page, int page_size);
/* From the start, of `key`, or of all. */
void kms_rows_begin(KmsRows* rows, const char* key);
/* From the start, of those that the query chooses. */
void kms_rows_begin_chosen(KmsRows* rows, const KmsQueryItem* query, int count);
/* From the start, of nothing. What the others were given has to stay. */
void kms_rows_begin_empty(KmsRows* rows);
/* The next row; NULL: there are no more. A view, until the next call. Errors: see kms_json_call. */
JsonbContainer* kms_rows_next(KmsRows* rows);

#endif /* FIELDKMS_SQL_EXTENSION_FDW_ROWS_H_ */
