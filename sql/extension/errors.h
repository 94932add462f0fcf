/*
 * How failures become errors of PostgreSQL. No message has a value in it, and the statement at
 * fault, which may have one as a literal, is kept out of the log.
 */
#ifndef FIELDKMS_SQL_EXTENSION_ERRORS_H_
#define FIELDKMS_SQL_EXTENSION_ERRORS_H_

#include "utils/elog.h"

#include "sql/extension/frame_reader.h"

/* A value that does not open, whyever: one state, as the service has one error. */
#define KMS_ERRCODE_NOT_OPENED MAKE_SQLSTATE('2', '2', 'F', '0', '1')

/*
 * While a guard is up, no error that is raised has its statement or its context logged: not ours,
 * and not those of others on the way either (a cancelled query, a lack of memory, an encoding).
 * Put up with kms_guard_up in a function that then calls kms_guard_down or raises.
 */
typedef ErrorContextCallback KmsGuard;
void kms_guard_up(KmsGuard* guard);
void kms_guard_down(KmsGuard* guard);

/*
 * Raises what the service or the shim said. `item`: the place of the value in the caller's array,
 * counted from 1; 0: there is none to name.
 */
void kms_raise_failure(const KmsFailure* failure, int64 item) __attribute__((noreturn));

/* Raises an HTTP status whose body says no more than a line of text. */
void kms_raise_status(int status, KmsBytes body) __attribute__((noreturn));

/* Raises that fieldkms.tenant is empty where a tenant is needed. */
void kms_raise_no_tenant(void) __attribute__((noreturn));

/* `text` as it may stand in a message: in the server's encoding, no control characters, not long.
 */
char* kms_message_text(KmsBytes text);

#endif /* FIELDKMS_SQL_EXTENSION_ERRORS_H_ */
