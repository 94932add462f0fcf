#include "postgres.h"

#include "utils/memutils.h"

#include "sql/extension/connection.h"
#include "sql/extension/fdw_rows.h"

static void begin_pages(KmsPages* pages, const KmsRoute* route, const char* items, int first_page) {
  pages->call.route = route;
  pages->call.page_size = first_page;
  pages->call.page_token = NULL;
  pages->items = items;
  pages->started = false;
  pages->page = NULL;
  pages->next = 0;
  pages->token = NULL;
  MemoryContextReset(pages->memory);
}

/* The token of the page that follows, in the current context; NULL: there is none. */
static char* token_of(Jsonb* page) {
  JsonbValue token;
  if (!kms_json_find(&page->root, "nextPageToken", &token)) return NULL;
  if (token.type != jbvString) kms_raise_protocol("the token of its next page is no text");
  return token.val.string.len == 0 ? NULL : kms_json_to_cstring(&token);
}

/* Reads the page that follows. Where what is listed is of something that is not there, it is empty.
 */
static void read_page(KmsPages* pages) {
  JsonbValue items;
  /* The token is in the memory of the page that it follows. */
  char* token = pages->token == NULL ? NULL : pstrdup(pages->token);
  pages->started = true;
  pages->page = NULL;
  pages->next = 0;
  pages->token = NULL;
  MemoryContextReset(pages->memory);
  MemoryContext old = MemoryContextSwitchTo(pages->memory);
  pages->call.page_token = token;
  Jsonb* page = kms_json_call(&pages->call);
  pages->call.page_size = pages->page_size;
  if (page != NULL) pages->token = token_of(page);
  if (page != NULL && kms_json_find(&page->root, pages->items, &items)) {
    if (items.type != jbvBinary || !JsonContainerIsArray(items.val.binary.data)) {
      kms_raise_protocol("the items of a page are no array");
    }
    pages->page = items.val.binary.data;
  }
  MemoryContextSwitchTo(old);
  if (token == NULL) return;
  if (pages->token != NULL && strcmp(token, pages->token) == 0) {
    kms_raise_protocol("a page is followed by itself");
  }
  pfree(token);
}

static JsonbContainer* next_of_pages(KmsPages* pages) {
  /* A page may be empty and not be the last: what the rules do not allow is left out of it. */
  while (pages->page == NULL || pages->next >= JsonContainerSize(pages->page)) {
    if (pages->started && pages->token == NULL) return NULL;
    read_page(pages);
  }
  JsonbContainer* item = kms_json_item(pages->page, pages->next++);
  if (item == NULL) kms_raise_protocol("an item of a page is no object");
  return item;
}

static void begin_list(KmsRows* rows, const char* parent) {
  rows->in_list = true;
  rows->parent = parent;
  begin_pages(&rows->list, &rows->object->by_key, rows->object->items, rows->page_size);
  rows->list.call.name = parent;
  rows->list.call.missing = rows->object->missing;
}

/* Of what is listed for each parent. */
static JsonbContainer* next_of_parents(KmsRows* rows) {
  while (true) {
    JsonbValue name;
    JsonbContainer* item = rows->in_list ? next_of_pages(&rows->list) : NULL;
    if (item != NULL) return item;
    rows->in_list = false;
    if (rows->key != NULL) return NULL;
    JsonbContainer* parent = next_of_pages(&rows->parents);
    if (parent == NULL) return NULL;
    if (!kms_json_find(parent, "name", &name) || name.type != jbvString) {
      kms_raise_protocol("what it lists has no name");
    }
    MemoryContextReset(rows->memory);
    MemoryContext old = MemoryContextSwitchTo(rows->memory);
    begin_list(rows, kms_json_to_cstring(&name));
    MemoryContextSwitchTo(old);
  }
}

/* Of what is not a list. */
static JsonbContainer* next_alone(KmsRows* rows) {
  const KmsObject* object = rows->object;
  KmsJsonCall call;
  if (rows->done) return NULL;
  rows->done = true;
  memset(&call, 0, sizeof(call));
  call.route = rows->key == NULL ? &object->list : &object->by_key;
  call.name = rows->key;
  call.missing = object->missing;
  call.no_tenant = object->no_tenant;
  MemoryContextReset(rows->memory);
  MemoryContext old = MemoryContextSwitchTo(rows->memory);
  Jsonb* answer = kms_json_call(&call);
  MemoryContextSwitchTo(old);
  return answer == NULL ? NULL : &answer->root;
}

static void init_pages(KmsPages* pages, int page_size) {
  memset(pages, 0, sizeof(*pages));
  pages->page_size = page_size;
  pages->memory =
      AllocSetContextCreate(CurrentMemoryContext, "fieldkms page", ALLOCSET_DEFAULT_SIZES);
}

void kms_rows_init(KmsRows* rows, const KmsObject* object, int first_page, int page_size) {
  memset(rows, 0, sizeof(*rows));
  rows->object = object;
  rows->first_page = first_page;
  rows->page_size = page_size;
  rows->memory = AllocSetContextCreate(CurrentMemoryContext, "fieldkms row", ALLOCSET_SMALL_SIZES);
  init_pages(&rows->parents, page_size);
  init_pages(&rows->list, page_size);
}

static void begin(KmsRows* rows, const char* key) {
  const KmsObject* object = rows->object;
  rows->key = key;
  rows->nothing = key != NULL && !kms_object_may_have(object, key);
  rows->done = false;
  rows->in_list = false;
  rows->parent = NULL;
  if (rows->nothing) return;
  if (object->parent_list != NULL && key != NULL) begin_list(rows, key);
  if (object->parent_list != NULL && key == NULL) {
    begin_pages(&rows->parents, object->parent_list, object->parent_items, rows->first_page);
  }
  if (object->parent_list == NULL && key == NULL && object->items != NULL) {
    begin_pages(&rows->list, &object->list, object->items, rows->first_page);
    rows->list.call.query = rows->query;
    rows->list.call.query_count = rows->query_count;
    rows->list.call.no_tenant = object->no_tenant;
  }
}

void kms_rows_begin(KmsRows* rows, const char* key) {
  rows->query = NULL;
  rows->query_count = 0;
  begin(rows, key);
}

void kms_rows_begin_chosen(KmsRows* rows, const KmsQueryItem* query, int count) {
  rows->query = query;
  rows->query_count = count;
  begin(rows, NULL);
}

void kms_rows_begin_empty(KmsRows* rows) {
  kms_rows_begin(rows, NULL);
  rows->nothing = true;
}

JsonbContainer* kms_rows_next(KmsRows* rows) {
  if (rows->nothing) return NULL;
  if (rows->object->parent_list != NULL) return next_of_parents(rows);
  if (rows->key != NULL || rows->object->items == NULL) return next_alone(rows);
  return next_of_pages(&rows->list);
}
