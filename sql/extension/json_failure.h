/*
 * Errors of the JSON API: a google.rpc.Status, raised as errors of frames are.
 */
#ifndef FIELDKMS_SQL_EXTENSION_JSON_FAILURE_H_
#define FIELDKMS_SQL_EXTENSION_JSON_FAILURE_H_

#include "utils/jsonb.h"

/* Raises what `status` says; returns where its reason is `missing`, which may be NULL. */
void kms_raise_json_failure(Jsonb* status, const char* missing);

#endif /* FIELDKMS_SQL_EXTENSION_JSON_FAILURE_H_ */
