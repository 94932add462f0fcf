/*
 * One call of the shim's JSON API (sql/shim/openapi.yaml), for what is asked seldom: keys, fields,
 * jobs. Routes are constants of this library: no text of a user's decides where a request goes.
 */
#ifndef FIELDKMS_SQL_EXTENSION_JSON_CALL_H_
#define FIELDKMS_SQL_EXTENSION_JSON_CALL_H_

#include "utils/jsonb.h"

typedef struct KmsRoute {
  const char* method; /* "GET" or "POST" */
  const char* before; /* the path, up to the name that it takes */
  const char* after;  /* the path behind the name; NULL: it takes none */
} KmsRoute;

/* A parameter of the query: any text that is not empty, it is escaped. */
typedef struct KmsQueryItem {
  const char* name;
  const char* value;
} KmsQueryItem;

typedef struct KmsJsonCall {
  const KmsRoute* route;
  const char* name;       /* where the route takes one: any text, it is escaped */
  Jsonb* body;            /* NULL: none */
  int page_size;          /* 0: not said */
  const char* page_token; /* NULL: not said */
  const KmsQueryItem* query;
  int query_count;
  bool no_tenant;      /* the call is about the service, not about a tenant */
  const char* missing; /* a reason ("KEY_NOT_FOUND") that is no error; NULL: all are */
} KmsJsonCall;

/*
 * Makes the call, as the session that it is, and returns the answer, in the current memory context;
 * NULL: it failed by the reason of `missing`. A call whose connection was closed by the shim while
 * it was idle is repeated: it has to be one that may be, as those with request ids are.
 *
 * Errors: whatever service and shim said, 22023 where no tenant is named or a role's name cannot be
 * told, 08006 where the shim is out of reach, 08P01 where it talks nonsense, 57014 for time. No
 * message has anything of the body. Waiting is interruptible.
 */
Jsonb* kms_json_call(const KmsJsonCall* call);

#endif /* FIELDKMS_SQL_EXTENSION_JSON_CALL_H_ */
