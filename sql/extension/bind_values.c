#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

#include "sql/extension/bind_values.h"
#include "sql/extension/envelope_reader.h"
#include "sql/extension/errors.h"
#include "sql/extension/text.h"

static const struct {
  const char* name;
  Oid type;
} shapes[] = {
    [KMS_SHAPE_BYTEA] = {"bytea", BYTEAOID},
    [KMS_SHAPE_TEXT] = {"text", TEXTOID},
    [KMS_SHAPE_BYTEA_ARRAY] = {"bytea[]", BYTEAARRAYOID},
    [KMS_SHAPE_TEXT_ARRAY] = {"text[]", TEXTARRAYOID},
};

KmsShape kms_shape_of(const char* name) {
  for (int shape = 0; shape < KMS_SHAPE_OTHER; ++shape) {
    if (strcmp(shapes[shape].name, name) == 0) return (KmsShape)shape;
  }
  return KMS_SHAPE_OTHER;
}

bool kms_shape_fits(KmsShape shape, Oid type) {
  const Oid base = getBaseType(type);
  return base == shapes[shape].type || (shape == KMS_SHAPE_TEXT && base == VARCHAROID);
}

static bool is_text(KmsShape shape) {
  return shape == KMS_SHAPE_TEXT || shape == KMS_SHAPE_TEXT_ARRAY;
}

static bool is_array(KmsShape shape) {
  return shape == KMS_SHAPE_BYTEA_ARRAY || shape == KMS_SHAPE_TEXT_ARRAY;
}

static KmsBytes envelope_of(KmsShape shape, Datum value) {
  KmsBytes bytes = kms_datum_bytes(value);
  KmsEnvelope envelope;
  bool is_one = true;
  if (is_text(shape)) {
    char* decoded = palloc(Max(bytes.size, 1));
    size_t size = 0;
    is_one = kms_text_read(bytes, decoded, &size);
    bytes = kms_bytes(decoded, size);
  }
  if (!is_one || !kms_envelope_read(bytes, &envelope)) {
    ereport(ERROR, (errcode(KMS_ERRCODE_NOT_OPENED),
                    errmsg("fieldkms: what is written into a protected column is no ciphertext")));
  }
  return bytes;
}

static Datum datum_of(KmsShape shape, KmsBytes envelope) {
  if (!is_text(shape)) return kms_to_bytea(envelope);
  const size_t size = kms_text_size(envelope.size);
  text* made = palloc(VARHDRSZ + size);
  SET_VARSIZE(made, VARHDRSZ + size);
  kms_text_put(VARDATA(made), envelope);
  return PointerGetDatum(made);
}

KmsBytes* kms_envelopes_of(KmsShape shape, Datum value, int* count) {
  Datum* values = &value;
  bool one = false;
  bool* nulls = &one;
  *count = 1;
  if (is_array(shape)) {
    ArrayType* array = DatumGetArrayTypeP(value);
    deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_INT, &values, &nulls, count);
  }
  KmsBytes* envelopes = palloc(sizeof(KmsBytes) * (Size)Max(*count, 1));
  for (int i = 0; i < *count; ++i) {
    envelopes[i] = nulls[i] ? kms_absent() : envelope_of(shape, values[i]);
  }
  return envelopes;
}

static Datum array_of(KmsShape shape, const KmsBytes* envelopes, int count, ArrayType* like) {
  Datum* values = palloc0(sizeof(Datum) * (Size)Max(count, 1));
  bool* nulls = palloc(sizeof(bool) * (Size)Max(count, 1));
  for (int i = 0; i < count; ++i) {
    nulls[i] = envelopes[i].data == NULL;
    if (!nulls[i]) values[i] = datum_of(shape, envelopes[i]);
  }
  return PointerGetDatum(construct_md_array(values, nulls, ARR_NDIM(like), ARR_DIMS(like),
                                            ARR_LBOUND(like), ARR_ELEMTYPE(like), -1, false,
                                            TYPALIGN_INT));
}

Datum kms_value_of_envelopes(KmsShape shape, const KmsBytes* envelopes, int count, Datum like,
                             const FormData_pg_attribute* column) {
  if (is_array(shape)) return array_of(shape, envelopes, count, DatumGetArrayTypeP(like));
  const Datum value = datum_of(shape, envelopes[0]);
  /* What a trigger gives back is not looked at any more: varchar(n) has a type modifier of n + 4.
   */
  if (shape == KMS_SHAPE_TEXT && column->atttypmod >= VARHDRSZ &&
      VARSIZE(DatumGetPointer(value)) > (Size)column->atttypmod) {
    ereport(ERROR, (errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
                    errmsg("fieldkms: column \"%s\" is too short for its ciphertext",
                           NameStr(column->attname))));
  }
  return value;
}
