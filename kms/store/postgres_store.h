// Store in PostgreSQL 13 to 17: for several replicas of the service, or where a
// database is looked after anyway. The schema is sql/schema; `fieldkms store migrate`
// makes it (kms/store/postgres_migrations.h), and the service itself never does.
//
// Who may do what. The service logs in as a role that is granted fieldkms_service. That
// role reads and writes the records of one tenant at a time, which each transaction
// names; row-level security holds it to that, below our code. It cannot change the
// schema, nor what identifies a record.
//
// Durability is the server's: fsync and full_page_writes must be on. A server, database
// or role with synchronous_commit=off is overruled; remote_write, remote_apply and the
// like stay as they are. With asynchronous replication a failover may lose the last
// changes, and the numbers of changes with them: use synchronous_standby_names.
//
// Destroyed versions. The wrapped bytes become NULL, but PostgreSQL never writes in
// place: the old row stays in its page until VACUUM, and its bytes may stay in the
// page's free space until another row takes the place; also in the write-ahead log until it
// is recycled, in archives of it, in base backups and on replicas. The table asks
// autovacuum to come at its next round (autovacuum_naptime, a minute by default), which
// the role of the service could not do itself: VACUUM is its owner's (MAINTAIN, from
// PostgreSQL 17 on). For less, the owner runs VACUUM FULL on fieldkms_store.key_versions.
// What remains anywhere is wrapped, and opens only with the tenant's KEK of that time.
//
// Connections: straight, or through a pooler that pools sessions (transactions name their
// tenant in a session variable, statements are prepared, one connection LISTENs) and
// passes `options` on. See kms/postgres/conninfo.h for what is added to the string.
//
// Time limits and commits in doubt: kms/store/postgres_transaction.h.
#ifndef FIELDKMS_KMS_STORE_POSTGRES_STORE_H_
#define FIELDKMS_KMS_STORE_POSTGRES_STORE_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/store/store.h"

namespace fieldkms {

struct PostgresStoreOptions {
  // A connection string of libpq. Passwords belong in a file of mode 0600: this one
  // read with ReadConninfoFile, a password file (passfile=, PGPASSFILE) or a service's.
  // Never logged.
  std::string conninfo;
  // At most so many at a time, and one more to listen.
  size_t connections = 8;
  // As pg_stat_activity shows it.
  std::string application_name = "fieldkmsd";
};

// OpenPostgresStore connects and looks whether the schema is there; it changes nothing.
// Errors: kInvalidArgument, kConfigInvalid, for a connection string that is none;
// kUnavailable, kStoreUnavailable, for a server that cannot be reached in 30 s;
// kFailedPrecondition, kStoreUnavailable, where `fieldkms store migrate` has work to do;
// kFailedPrecondition, kStoreTooNew, where a newer release has run it; kDataLoss,
// kStoreCorrupt, where a migration was not one of this program's.
absl::StatusOr<std::unique_ptr<Store>> OpenPostgresStore(const PostgresStoreOptions& options,
                                                         const Clock& clock);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_POSTGRES_STORE_H_
