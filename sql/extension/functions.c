/*
 * The functions that call the service, as the table that they are. Each has a form for one value
 * and one for arrays; fieldkms--1.0.sql has their signatures, in whose order the arguments are
 * here.
 */
#include "postgres.h"

#include "fmgr.h"

#include "sql/extension/function.h"
#include "sql/extension/results.h"
#include "sql/wire/frames.h"

#define NONE KMS_NO_ARGUMENT
#define BYTES(number) \
  { KMS_BYTES, number, false }
#define TEXT(number) \
  { KMS_TEXT, number, false }
#define NUMBER(number) \
  { KMS_NUMBER, number, false }
#define OPTIONAL(kind, number) \
  { kind, number, true }
#define NOTHING \
  { KMS_NOTHING, 0, true }
#define NOWHERE \
  { KMS_NOWHERE, 0, false }

#define DEFINE(symbol, run, table)        \
  PG_FUNCTION_INFO_V1(fieldkms_##symbol); \
  Datum fieldkms_##symbol(PG_FUNCTION_ARGS) { return run(fcinfo, &table); }

#define DEFINE_BOTH(symbol, table)   \
  DEFINE(symbol, kms_run_one, table) \
  DEFINE(symbol##_many, kms_run_many, table)

/* (key, value, context) */
static const KmsFunction encrypt_bytes = {FIELDKMS_OP_ENCRYPT, 0, NONE, {BYTES(1), BYTES(2)},
                                          kms_make_bytea,      0};
static const KmsFunction encrypt_text = {FIELDKMS_OP_ENCRYPT, 0, NONE, {TEXT(1), BYTES(2)},
                                         kms_make_bytea,      0};
DEFINE_BOTH(encrypt_bytes, encrypt_bytes)
DEFINE_BOTH(encrypt_text, encrypt_text)

/* (envelope, context, key) */
static const KmsFunction decrypt_bytes = {FIELDKMS_OP_DECRYPT, 2, NONE, {BYTES(0), BYTES(1)},
                                          kms_make_bytea,      0};
static const KmsFunction decrypt_text = {FIELDKMS_OP_DECRYPT, 2, NONE, {BYTES(0), BYTES(1)},
                                         kms_make_text,       0};
DEFINE_BOTH(decrypt_bytes, decrypt_bytes)
DEFINE_BOTH(decrypt_text, decrypt_text)

/* (envelope, context, key, to_context) */
static const KmsFunction rewrap = {
    FIELDKMS_OP_REWRAP, 2, NONE, {BYTES(0), BYTES(1), OPTIONAL(KMS_BYTES, 3)}, kms_make_bytea, 0};
DEFINE_BOTH(rewrap, rewrap)

/* (field, value, context, subject) */
static const KmsFunction protect = {
    FIELDKMS_OP_PROTECT, 0, NONE, {TEXT(1), BYTES(2), OPTIONAL(KMS_TEXT, 3)},
    kms_make_protected,  0};
DEFINE_BOTH(protect, protect)

/* (field, ciphertext, context, view) */
static const KmsFunction reveal = {
    FIELDKMS_OP_REVEAL, 0, 3, {BYTES(1), NOTHING, NOTHING, NOTHING, BYTES(2)}, kms_make_text, 0};
DEFINE_BOTH(reveal, reveal)

/* (field, document, context, view) */
static const KmsFunction reveal_document = {
    FIELDKMS_OP_REVEAL, 0,        3, {NOTHING, TEXT(1), NOTHING, NOTHING, BYTES(2)},
    kms_make_text,      .lead = 1};
DEFINE_BOTH(reveal_document, reveal_document)

/* (field, fpe_text, fpe_version, view) */
static const KmsFunction reveal_fpe = {
    FIELDKMS_OP_REVEAL, 0,        3, {NOTHING, NOTHING, TEXT(1), NUMBER(2), NOWHERE},
    kms_make_text,      .lead = 2};
DEFINE_BOTH(reveal_fpe, reveal_fpe)

/* (field, value) */
static const KmsFunction mask = {FIELDKMS_OP_MASK, 0, NONE, {TEXT(1)}, kms_make_text, 0};
static const KmsFunction blind_index = {FIELDKMS_OP_BLIND_INDEX, 0, NONE, {TEXT(1)},
                                        kms_make_bytea,          0};
static const KmsFunction terms = {FIELDKMS_OP_BLIND_INDEX, 0, NONE, {TEXT(1)}, kms_make_terms, 0};
static const KmsFunction validate = {FIELDKMS_OP_VALIDATE, 0, NONE, {TEXT(1)},
                                     kms_make_validation,  0};
DEFINE_BOTH(mask, mask)
DEFINE_BOTH(blind_index, blind_index)
DEFINE_BOTH(validate, validate)
DEFINE(blind_index_terms, kms_run_one, terms)
DEFINE(blind_index_terms_many, kms_run_flat, terms)

/* (field, value, subject) */
static const KmsFunction tokenize = {
    FIELDKMS_OP_TOKENIZE, 0, NONE, {TEXT(1), OPTIONAL(KMS_TEXT, 2)}, kms_make_text, 0};
DEFINE_BOTH(tokenize, tokenize)

/* (field, token, view) */
static const KmsFunction detokenize = {FIELDKMS_OP_DETOKENIZE, 0, 2, {TEXT(1)}, kms_make_text, 0};
DEFINE_BOTH(detokenize, detokenize)

/* The names that others know such functions by: (value, key, context), (envelope, context). */
static const KmsFunction encrypt_sensitive_data = {
    FIELDKMS_OP_ENCRYPT, 1, NONE, {TEXT(0), BYTES(2)}, kms_make_bytea, 0};
static const KmsFunction decrypt_sensitive_data = {FIELDKMS_OP_DECRYPT,  NONE,          NONE,
                                                   {BYTES(0), BYTES(1)}, kms_make_text, 0};
DEFINE(encrypt_sensitive_data, kms_run_one, encrypt_sensitive_data)
DEFINE(decrypt_sensitive_data, kms_run_one, decrypt_sensitive_data)
