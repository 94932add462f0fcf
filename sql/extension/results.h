/*
 * Parts of results as datums: each a KmsMake (call.h) whose state is the FunctionCallInfo.
 */
#ifndef FIELDKMS_SQL_EXTENSION_RESULTS_H_
#define FIELDKMS_SQL_EXTENSION_RESULTS_H_

#include "sql/extension/call.h"

Datum kms_make_bytea(const KmsBytes* parts, void* state, bool* is_null);
Datum kms_make_text(const KmsBytes* parts, void* state, bool* is_null);
/* kms.protected_value */
Datum kms_make_protected(const KmsBytes* parts, void* state, bool* is_null);
/* kms.validation */
Datum kms_make_validation(const KmsBytes* parts, void* state, bool* is_null);
/* bytea[]: a blind index and its older ones. */
Datum kms_make_terms(const KmsBytes* parts, void* state, bool* is_null);

#endif /* FIELDKMS_SQL_EXTENSION_RESULTS_H_ */
