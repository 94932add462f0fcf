/*
 * The PostgreSQL extension `fieldkms`: a client of fieldkms-shim, by the frames of sql/wire.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "sql/extension/settings.h"

PG_MODULE_MAGIC;

void _PG_init(void);

void _PG_init(void) { kms_define_settings(); }

PG_FUNCTION_INFO_V1(fieldkms_library_version);
Datum fieldkms_library_version(PG_FUNCTION_ARGS) {
  (void)fcinfo;
  PG_RETURN_TEXT_P(cstring_to_text(FIELDKMS_VERSION));
}
