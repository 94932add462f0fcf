/*
 * One call of the service on any number of values: cuts them into frames, keeps two under way, and
 * hands on what comes back.
 */
#ifndef FIELDKMS_SQL_EXTENSION_CALL_H_
#define FIELDKMS_SQL_EXTENSION_CALL_H_

#include "fmgr.h"

#include "sql/extension/bytes.h"
#include "sql/extension/frame_reader.h"

/* The parts of a result as a datum in the current memory context. The parts are views that end with
   the call. */
typedef Datum (*KmsMake)(const KmsBytes* parts, void* state, bool* is_null);

typedef struct KmsCall {
  unsigned op; /* of enum fieldkms_frame_op */
  /* In UTF-8. */
  KmsBytes tenant;
  KmsBytes name;
  KmsBytes detail;
  uint32 count;
  const KmsBytes* parts; /* of the first item, of the second, ... */
  /* Where an item stands in the caller's array, from 1, to be named in errors; NULL: nowhere. */
  const uint32* places;
  KmsMake make;
  void* make_state;
  Datum* results; /* one for each item */
  bool* nulls;
  /* Where not NULL, an item that does not open is no error: true here, and a NULL result. */
  bool* not_opened;
} KmsCall;

/* The number of parts of an item of an op. */
int kms_item_parts(unsigned op);

/*
 * Makes the call; returns when there is a result for each item. Errors: whatever service and shim
 * said, 08006 where the shim is out of reach, 08P01 where it talks nonsense, 54000 for an item that
 * is too long for a frame, 57014 for time. The caller has a guard up (errors.h).
 */
void kms_call(const KmsCall* call);

#endif /* FIELDKMS_SQL_EXTENSION_CALL_H_ */
