/*
 * The PostgreSQL extension `fieldkms`: a client of fieldkms-shim, by the frames of sql/wire.
 */
#include "postgres.h"

#include "fmgr.h"

#include "sql/extension/settings.h"

PG_MODULE_MAGIC;

void _PG_init(void);

void _PG_init(void) { kms_define_settings(); }
