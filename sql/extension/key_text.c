#include "postgres.h"

#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "sql/extension/key_text.h"
#include "sql/extension/text.h"

static bool depends_on_settings(Oid type) {
  switch (type) {
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case OIDOID:
    case NUMERICOID:
    case BOOLOID:
    case TEXTOID:
    case VARCHAROID:
    case BPCHAROID:
    case NAMEOID:
    case CHAROID:
    case UUIDOID:
    case INETOID:
    case CIDROID:
      return false;
    default:
      return true;
  }
}

void kms_key_text_prepare(KmsKeyText* key_text, Oid type, MemoryContext context) {
  Oid function;
  bool varlena;
  const Oid base = getBaseType(type);
  key_text->depends_on_settings = depends_on_settings(base);
  switch (find_coercion_pathway(TEXTOID, base, COERCION_EXPLICIT, &function)) {
    case COERCION_PATH_RELABELTYPE:
      key_text->how = KMS_IS_TEXT;
      return;
    case COERCION_PATH_FUNC:
      key_text->how = KMS_CAST;
      break;
    default:
      key_text->how = KMS_OUTPUT;
      getTypeOutputInfo(base, &function, &varlena);
  }
  fmgr_info_cxt(function, &key_text->function, context);
}

static KmsBytes text_of(KmsKeyText* key_text, Datum value) {
  switch (key_text->how) {
    case KMS_IS_TEXT:
      return kms_to_utf8(kms_datum_bytes(value));
    case KMS_CAST:
      return kms_to_utf8(kms_datum_bytes(FunctionCall1(&key_text->function, value)));
    default:
      return kms_cstring_to_utf8(OutputFunctionCall(&key_text->function, value));
  }
}

static void set(const char* name, const char* value) {
  (void)set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

KmsBytes kms_key_text(KmsKeyText* key_text, Datum value) {
  if (!key_text->depends_on_settings) return text_of(key_text, value);
  /* An error undoes the settings, too. */
  const int level = NewGUCNestLevel();
  set("datestyle", "ISO");
  set("timezone", "UTC");
  set("intervalstyle", "postgres");
  set("bytea_output", "hex");
  set("extra_float_digits", "1");
  const KmsBytes text = text_of(key_text, value);
  AtEOXact_GUC(true, level);
  return text;
}
