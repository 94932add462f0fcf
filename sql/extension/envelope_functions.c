/*
 * What SQL can tell of ciphertexts without any call: key, version and suite, and the text form.
 */
#include "postgres.h"

#include <inttypes.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "sql/extension/envelope_reader.h"
#include "sql/extension/text.h"

/* kms.envelope_header, or NULL of what is no envelope. */
static Datum header_of(FunctionCallInfo fcinfo, KmsBytes bytes) {
  KmsEnvelope envelope;
  TupleDesc columns;
  char key_id[17];
  Datum values[4];
  bool nulls[4] = {false, false, false, false};
  if (!kms_envelope_read(bytes, &envelope)) PG_RETURN_NULL();
  if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE) {
    elog(ERROR, "fieldkms: the function is not declared as it should be");
  }
  snprintf(key_id, sizeof(key_id), "%016" PRIx64, envelope.key_id);
  values[0] = CStringGetTextDatum(key_id);
  values[1] = Int64GetDatum((int64)envelope.version);
  values[2] = Int16GetDatum((int16)envelope.suite);
  nulls[3] = envelope.subject.data == NULL;
  values[3] = nulls[3] ? (Datum)0 : kms_to_bytea(envelope.subject);
  PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(columns), values, nulls)));
}

PG_FUNCTION_INFO_V1(fieldkms_envelope_of_bytes);
Datum fieldkms_envelope_of_bytes(PG_FUNCTION_ARGS) {
  return header_of(fcinfo, kms_datum_bytes(PG_GETARG_DATUM(0)));
}

PG_FUNCTION_INFO_V1(fieldkms_envelope_of_text);
Datum fieldkms_envelope_of_text(PG_FUNCTION_ARGS) {
  const KmsBytes text = kms_datum_bytes(PG_GETARG_DATUM(0));
  char* bytes = palloc(Max(text.size, 1));
  size_t size;
  if (!kms_text_read(text, bytes, &size)) PG_RETURN_NULL();
  return header_of(fcinfo, kms_bytes(bytes, size));
}

static void raise_no_envelope(void) {
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                  errmsg("fieldkms: what was given is no envelope")));
}

/* kms.to_text(bytea) */
PG_FUNCTION_INFO_V1(fieldkms_to_text);
Datum fieldkms_to_text(PG_FUNCTION_ARGS) {
  const KmsBytes bytes = kms_datum_bytes(PG_GETARG_DATUM(0));
  KmsEnvelope envelope;
  if (!kms_envelope_read(bytes, &envelope)) raise_no_envelope();
  const size_t size = kms_text_size(bytes.size);
  text* made = palloc(VARHDRSZ + size);
  SET_VARSIZE(made, VARHDRSZ + size);
  kms_text_put(VARDATA(made), bytes);
  PG_RETURN_TEXT_P(made);
}

/* kms.from_text(text) */
PG_FUNCTION_INFO_V1(fieldkms_from_text);
Datum fieldkms_from_text(PG_FUNCTION_ARGS) {
  const KmsBytes text = kms_datum_bytes(PG_GETARG_DATUM(0));
  bytea* made = palloc(VARHDRSZ + Max(text.size, 1));
  KmsEnvelope envelope;
  size_t size;
  if (!kms_text_read(text, VARDATA(made), &size) ||
      !kms_envelope_read(kms_bytes(VARDATA(made), size), &envelope)) {
    raise_no_envelope();
  }
  SET_VARSIZE(made, VARHDRSZ + size);
  PG_RETURN_BYTEA_P(made);
}
