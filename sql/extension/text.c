#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "sql/extension/text.h"

static void raise_not_utf8(void) {
  ereport(ERROR, (errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
                  errmsg("fieldkms: a value is not valid text in UTF-8")));
}

/* PostgreSQL's conversion; its errors name bytes of the value, so they are replaced. */
static KmsBytes convert(KmsBytes text, int from, int to) {
  MemoryContext context = CurrentMemoryContext;
  char* volatile converted = NULL;
  volatile bool failed = false;
  if (text.size == 0) return text;
  PG_TRY();
  {
    converted = (char*)pg_do_encoding_conversion((unsigned char*)unconstify(char*, text.data),
                                                 (int)text.size, from, to);
  }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    FlushErrorState();
    failed = true;
  }
  PG_END_TRY();
  if (failed) {
    ereport(ERROR, (errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
                    errmsg("fieldkms: a value has a character that %s cannot write",
                           pg_encoding_to_char(to))));
  }
  return converted == text.data ? text : kms_bytes(converted, strlen(converted));
}

KmsBytes kms_to_utf8(KmsBytes text) {
  const int encoding = GetDatabaseEncoding();
  if (encoding == PG_UTF8) return text;
  if (encoding != PG_SQL_ASCII) return convert(text, encoding, PG_UTF8);
  if (!pg_verify_mbstr(PG_UTF8, text.data, (int)text.size, true)) raise_not_utf8();
  return text;
}

KmsBytes kms_cstring_to_utf8(const char* text) {
  return kms_to_utf8(kms_bytes(text, strlen(text)));
}

Datum kms_from_utf8(KmsBytes utf8) {
  const int encoding = GetDatabaseEncoding();
  if (!pg_verify_mbstr(PG_UTF8, utf8.data, (int)utf8.size, true)) raise_not_utf8();
  if (encoding != PG_UTF8 && encoding != PG_SQL_ASCII) utf8 = convert(utf8, PG_UTF8, encoding);
  return PointerGetDatum(cstring_to_text_with_len(utf8.data, (int)utf8.size));
}

Datum kms_to_bytea(KmsBytes bytes) {
  return PointerGetDatum(cstring_to_text_with_len(bytes.data, (int)bytes.size));
}

KmsBytes kms_datum_bytes(Datum datum) {
  struct varlena* value = PG_DETOAST_DATUM_PACKED(datum);
  return kms_bytes(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}
