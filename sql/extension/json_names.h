/*
 * The names of enums that are sent, in lower case and without their prefixes.
 */
#ifndef FIELDKMS_SQL_EXTENSION_JSON_NAMES_H_
#define FIELDKMS_SQL_EXTENSION_JSON_NAMES_H_

#define KMS_KEY_PURPOSES "encrypt|mac|token|fpe|blind_index|sign_audit"
#define KMS_SUITES "xaes_256_gcm|kc_xaes_256_gcm"
#define KMS_TRANSFORMS "reencrypt|rekey|encrypt|decrypt|reindex|retokenize"

#endif /* FIELDKMS_SQL_EXTENSION_JSON_NAMES_H_ */
