/*
 * The parts of the foreign-data wrapper: each puts its callbacks into the routine.
 */
#ifndef FIELDKMS_SQL_EXTENSION_FDW_H_
#define FIELDKMS_SQL_EXTENSION_FDW_H_

#include "foreign/fdwapi.h"

/* What a plan says of a scan: members of ForeignScan.fdw_private, all integers. */
enum KmsScanPlan {
  KMS_SCAN_BY_KEY,     /* whether the first of fdw_exprs is the key */
  KMS_SCAN_FIRST_PAGE, /* how many rows the first page is to have */
  KMS_SCAN_FILTERS,    /* from here on: which of the object's filters the other fdw_exprs are of */
};

void kms_fdw_add_planning(FdwRoutine* routine);
void kms_fdw_add_scan(FdwRoutine* routine);
void kms_fdw_add_insert(FdwRoutine* routine);

#endif /* FIELDKMS_SQL_EXTENSION_FDW_H_ */
