/*
 * What the views of kms.make_view call.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "sql/extension/function.h"
#include "sql/extension/key_text.h"
#include "sql/extension/results.h"
#include "sql/extension/text.h"
#include "sql/wire/frames.h"

#define REVEAL_ARGUMENTS 4
#define VIEW_ARGUMENT 3

PG_FUNCTION_INFO_V1(fieldkms_reveal_by_role);
PG_FUNCTION_INFO_V1(fieldkms_key_text);

/* As kms.reveal: (field, ciphertext, context, view). */
static const KmsFunction reveal = {FIELDKMS_OP_REVEAL,
                                   0,
                                   VIEW_ARGUMENT,
                                   {{KMS_BYTES, 1, false},
                                    {KMS_NOTHING, 0, true},
                                    {KMS_NOTHING, 0, true},
                                    {KMS_NOTHING, 0, true},
                                    {KMS_BYTES, 2, false}},
                                   kms_make_text,
                                   0};

/* (field, ciphertext, context, full_role). Looked at in each call, so that who lost the role, or
   took another by SET ROLE, is shown the mask at once. The executor keeps constant arguments from
   call to call: the view goes into a copy. */
Datum fieldkms_reveal_by_role(PG_FUNCTION_ARGS) {
  LOCAL_FCINFO(inner, REVEAL_ARGUMENTS);
  const Oid role = get_role_oid(text_to_cstring(PG_GETARG_TEXT_PP(VIEW_ARGUMENT)), false);
  const char* view = has_privs_of_role(GetUserId(), role) ? "full" : "masked";
  InitFunctionCallInfoData(*inner, fcinfo->flinfo, REVEAL_ARGUMENTS, fcinfo->fncollation,
                           fcinfo->context, NULL);
  memcpy(inner->args, fcinfo->args, sizeof(NullableDatum) * REVEAL_ARGUMENTS);
  inner->args[VIEW_ARGUMENT].value = CStringGetTextDatum(view);
  const Datum text = kms_run_one(inner, &reveal);
  fcinfo->isnull = inner->isnull;
  return text;
}

/* (anyelement): the text that a key's value is bound as, whatever the settings of the session. */
Datum fieldkms_key_text(PG_FUNCTION_ARGS) {
  KmsKeyText* key_text = fcinfo->flinfo->fn_extra;
  if (key_text == NULL) {
    key_text = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(*key_text));
    kms_key_text_prepare(key_text, get_fn_expr_argtype(fcinfo->flinfo, 0), fcinfo->flinfo->fn_mcxt);
    fcinfo->flinfo->fn_extra = key_text;
  }
  PG_RETURN_DATUM(kms_from_utf8(kms_key_text(key_text, PG_GETARG_DATUM(0))));
}
