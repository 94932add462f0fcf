#include "kms/store/sqlite_migrations.h"

#include <array>
#include <string>

#include "crypto/status.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

// Migration N is element N - 1. What has been released is never edited: a change
// is a new migration.
//
// Times are microseconds since 1970, UTC. A key id is 64 unsigned bits, stored as
// the signed integer of the same bits: SQLite then keeps it as the row's own
// address (a blob would cost a second B-tree), and nothing orders by it.
// printf('%016x', key_id) shows it as people know it.
//
// A mutation of release 0.1 names its outcome by number: its tables only grew, so the
// record as it was then is the row with that version as its primary.
constexpr std::array kMigrations = {
    // 1: release 0.1.
    R"sql(
CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tenants (
  tenant TEXT PRIMARY KEY,
  primary_kek INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  FOREIGN KEY (tenant, primary_kek) REFERENCES keks DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

CREATE TABLE keks (
  tenant TEXT NOT NULL REFERENCES tenants,
  version INTEGER NOT NULL CHECK (version BETWEEN 1 AND 4294967295),
  wrapped BLOB NOT NULL,
  create_time INTEGER NOT NULL,
  PRIMARY KEY (tenant, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE keys (
  key_id INTEGER PRIMARY KEY CHECK (key_id <> 0),
  tenant TEXT NOT NULL REFERENCES tenants,
  name TEXT NOT NULL,
  purpose INTEGER NOT NULL,
  primary_version INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  UNIQUE (tenant, name),
  FOREIGN KEY (key_id, primary_version) REFERENCES key_versions DEFERRABLE INITIALLY DEFERRED
) STRICT;

CREATE TABLE key_versions (
  key_id INTEGER NOT NULL REFERENCES keys,
  version INTEGER NOT NULL CHECK (version BETWEEN 1 AND 4294967295),
  state INTEGER NOT NULL,
  kek_version INTEGER NOT NULL,
  wrapped BLOB NOT NULL,
  create_time INTEGER NOT NULL,
  PRIMARY KEY (key_id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE mutations (
  tenant TEXT NOT NULL,
  request_id TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  method INTEGER NOT NULL,
  key_id INTEGER NOT NULL,
  version INTEGER NOT NULL,
  time INTEGER NOT NULL,
  PRIMARY KEY (tenant, request_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX mutations_by_time ON mutations (time);
)sql",
    // 2: release 0.2. `outcome` is the record that a mutation made, as JSON; one that
    // release 0.1 recorded has none, and is found by its version as before. What is
    // there already gets numbers, as if it had just been made in its order. An alias of no key
    // (NULL) is the mark of one that was taken away. What is staged (Store::StageKeys) has
    // tables of its own.
    R"sql(
CREATE TABLE changes (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  number INTEGER NOT NULL,
  frozen INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO changes (id, number)
  SELECT 1, (SELECT count(*) FROM tenants) + (SELECT count(*) FROM keys);

ALTER TABLE tenants ADD COLUMN change INTEGER NOT NULL DEFAULT 0;
UPDATE tenants SET change = n.number
  FROM (SELECT tenant, row_number() OVER (ORDER BY create_time) AS number FROM tenants) n
  WHERE n.tenant = tenants.tenant;
CREATE INDEX tenants_by_change ON tenants (change);

ALTER TABLE keys ADD COLUMN suite INTEGER NOT NULL DEFAULT 1;
ALTER TABLE keys ADD COLUMN exportable INTEGER NOT NULL DEFAULT 0;
ALTER TABLE keys ADD COLUMN audit_per_operation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE keys ADD COLUMN min_decrypt_version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE keys ADD COLUMN rotation_period INTEGER NOT NULL DEFAULT 0;
ALTER TABLE keys ADD COLUMN next_rotation INTEGER;
ALTER TABLE keys ADD COLUMN lease_longest INTEGER NOT NULL DEFAULT 0;
ALTER TABLE keys ADD COLUMN lease_most_messages INTEGER NOT NULL DEFAULT 0;
ALTER TABLE keys ADD COLUMN labels TEXT NOT NULL DEFAULT '{}';
ALTER TABLE keys ADD COLUMN change INTEGER NOT NULL DEFAULT 0;
UPDATE keys SET change = n.number + (SELECT count(*) FROM tenants)
  FROM (SELECT key_id, row_number() OVER (ORDER BY create_time) AS number FROM keys) n
  WHERE n.key_id = keys.key_id;
CREATE INDEX keys_by_change ON keys (change);
CREATE INDEX keys_by_id ON keys (tenant, key_id);
CREATE INDEX keys_by_next_rotation ON keys (next_rotation) WHERE next_rotation IS NOT NULL;

ALTER TABLE key_versions ADD COLUMN origin INTEGER NOT NULL DEFAULT 1;
ALTER TABLE key_versions ADD COLUMN destroy_time INTEGER;
CREATE INDEX key_versions_by_destroy_time ON key_versions (destroy_time) WHERE state = 3;

ALTER TABLE mutations ADD COLUMN outcome TEXT;

CREATE TABLE aliases (
  tenant TEXT NOT NULL REFERENCES tenants,
  alias TEXT NOT NULL,
  key_id INTEGER REFERENCES keys,
  change INTEGER NOT NULL,
  PRIMARY KEY (tenant, alias)
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_by_change ON aliases (change);

CREATE TABLE leases (
  tenant TEXT NOT NULL,
  lease_id TEXT NOT NULL,
  key_id INTEGER NOT NULL,
  version INTEGER NOT NULL,
  encrypt INTEGER NOT NULL,
  principal TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  expire_time INTEGER NOT NULL,
  most_messages INTEGER NOT NULL,
  used_messages INTEGER NOT NULL,
  PRIMARY KEY (tenant, lease_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX leases_by_version ON leases (key_id, version, expire_time);
CREATE INDEX leases_by_end ON leases (expire_time);

CREATE TABLE operations (
  operation_id TEXT PRIMARY KEY,
  kind INTEGER NOT NULL,
  tenant TEXT NOT NULL,
  state INTEGER NOT NULL,
  cursor BLOB NOT NULL,
  done INTEGER NOT NULL,
  total INTEGER NOT NULL,
  error TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  update_time INTEGER NOT NULL,
  owner TEXT NOT NULL,
  owner_until INTEGER NOT NULL,
  change INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX operations_by_time ON operations (create_time);
CREATE INDEX operations_running ON operations (create_time) WHERE state = 1;

CREATE TABLE staged_keys (
  import BLOB NOT NULL CHECK (length(import) = 16),
  key_id INTEGER NOT NULL CHECK (key_id <> 0),
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  purpose INTEGER NOT NULL,
  primary_version INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  suite INTEGER NOT NULL,
  exportable INTEGER NOT NULL,
  audit_per_operation INTEGER NOT NULL,
  min_decrypt_version INTEGER NOT NULL,
  rotation_period INTEGER NOT NULL,
  next_rotation INTEGER,
  lease_longest INTEGER NOT NULL,
  lease_most_messages INTEGER NOT NULL,
  labels TEXT NOT NULL,
  change INTEGER NOT NULL,
  PRIMARY KEY (tenant, import, key_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE staged_key_versions (
  tenant TEXT NOT NULL,
  import BLOB NOT NULL,
  key_id INTEGER NOT NULL,
  version INTEGER NOT NULL CHECK (version BETWEEN 1 AND 4294967295),
  state INTEGER NOT NULL,
  kek_version INTEGER NOT NULL,
  wrapped BLOB NOT NULL,
  create_time INTEGER NOT NULL,
  origin INTEGER NOT NULL,
  destroy_time INTEGER,
  PRIMARY KEY (tenant, import, key_id, version),
  FOREIGN KEY (tenant, import, key_id) REFERENCES staged_keys ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE staged_aliases (
  tenant TEXT NOT NULL,
  import BLOB NOT NULL CHECK (length(import) = 16),
  alias TEXT NOT NULL,
  key_id INTEGER,
  PRIMARY KEY (tenant, import, alias)
) STRICT, WITHOUT ROWID;
)sql",
    // 3: fields, whose ids are as those of keys. A policy may be tens of kilobytes long, so
    // rows are found by name through an index, which a policy does not make longer.
    R"sql(
CREATE TABLE fields (
  field_id INTEGER PRIMARY KEY CHECK (field_id <> 0),
  tenant TEXT NOT NULL REFERENCES tenants,
  name TEXT NOT NULL,
  policy BLOB NOT NULL,
  create_time INTEGER NOT NULL,
  update_time INTEGER NOT NULL,
  change INTEGER NOT NULL,
  UNIQUE (tenant, name)
) STRICT;
CREATE INDEX fields_by_change ON fields (change);

CREATE TABLE staged_fields (
  tenant TEXT NOT NULL,
  import BLOB NOT NULL CHECK (length(import) = 16),
  field_id INTEGER NOT NULL CHECK (field_id <> 0),
  name TEXT NOT NULL,
  policy BLOB NOT NULL,
  create_time INTEGER NOT NULL,
  update_time INTEGER NOT NULL,
  UNIQUE (tenant, import, field_id)
) STRICT;
)sql",
    // 4: vaulted tokens. Rows are found through an index, so that new ones come behind the
    // others: a tree that is ordered by random tokens would move sealed bytes from page to
    // page, and leave copies. A lookup has one convergent token, or any number of others.
    R"sql(
CREATE TABLE tokens (
  tenant TEXT NOT NULL,
  field_id INTEGER NOT NULL CHECK (field_id <> 0),
  token BLOB NOT NULL CHECK (length(token) BETWEEN 1 AND 1024),
  lookup BLOB CHECK (length(lookup) BETWEEN 1 AND 64),
  convergent INTEGER NOT NULL CHECK (convergent IN (0, 1)),
  single_use INTEGER NOT NULL CHECK (single_use IN (0, 1)),
  sealed BLOB NOT NULL CHECK (length(sealed) > 0),
  metadata BLOB NOT NULL CHECK (length(metadata) <= 4096),
  create_time INTEGER NOT NULL,
  expire_time INTEGER,
  CHECK (convergent = 0 OR (lookup IS NOT NULL AND single_use = 0)),
  UNIQUE (tenant, field_id, token)
) STRICT;
CREATE UNIQUE INDEX tokens_by_lookup ON tokens (tenant, field_id, lookup) WHERE convergent = 1;
CREATE INDEX tokens_of_lookup ON tokens (tenant, field_id, lookup)
  WHERE convergent = 0 AND lookup IS NOT NULL;
CREATE INDEX tokens_by_end ON tokens (expire_time) WHERE expire_time IS NOT NULL;
)sql",
    // 5: data subjects, and whose a token is. SQLite cannot add a key of two columns to a table:
    // that of tokens is made anew, in the order of before. Subjects are found through indexes, as
    // tokens are, so that no secret moves when others are made. Of tokens, field ids count as
    // unsigned.
    R"sql(
CREATE TABLE subjects (
  tenant TEXT NOT NULL,
  subject BLOB NOT NULL CHECK (length(subject) BETWEEN 1 AND 256),
  handle BLOB NOT NULL CHECK (length(handle) = 16),
  secret BLOB NOT NULL CHECK (length(secret) = 32),
  create_time INTEGER NOT NULL,
  hold_reason BLOB CHECK (length(hold_reason) BETWEEN 1 AND 1024),
  hold_time INTEGER,
  CHECK ((hold_reason IS NULL) = (hold_time IS NULL)),
  UNIQUE (tenant, subject),
  UNIQUE (tenant, handle)
) STRICT;

CREATE TABLE subject_fields (
  tenant TEXT NOT NULL,
  handle BLOB NOT NULL,
  field_id INTEGER NOT NULL CHECK (field_id <> 0),
  PRIMARY KEY (tenant, handle, field_id),
  FOREIGN KEY (tenant, handle) REFERENCES subjects (tenant, handle) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE erasure_marks (
  log BLOB PRIMARY KEY CHECK (length(log) = 16),
  number INTEGER NOT NULL CHECK (number >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens_of_subjects (
  tenant TEXT NOT NULL,
  field_id INTEGER NOT NULL CHECK (field_id <> 0),
  token BLOB NOT NULL CHECK (length(token) BETWEEN 1 AND 1024),
  lookup BLOB CHECK (length(lookup) BETWEEN 1 AND 64),
  convergent INTEGER NOT NULL CHECK (convergent IN (0, 1)),
  single_use INTEGER NOT NULL CHECK (single_use IN (0, 1)),
  sealed BLOB NOT NULL CHECK (length(sealed) > 0),
  metadata BLOB NOT NULL CHECK (length(metadata) <= 4096),
  create_time INTEGER NOT NULL,
  expire_time INTEGER,
  subject BLOB CHECK (length(subject) = 16),
  CHECK (convergent = 0 OR (lookup IS NOT NULL AND single_use = 0)),
  UNIQUE (tenant, field_id, token),
  FOREIGN KEY (tenant, subject) REFERENCES subjects (tenant, handle) ON DELETE CASCADE
) STRICT;
INSERT INTO tokens_of_subjects (tenant, field_id, token, lookup, convergent, single_use, sealed,
    metadata, create_time, expire_time)
  SELECT tenant, field_id, token, lookup, convergent, single_use, sealed, metadata, create_time,
    expire_time FROM tokens ORDER BY rowid;
DROP TABLE tokens;
ALTER TABLE tokens_of_subjects RENAME TO tokens;
CREATE UNIQUE INDEX tokens_by_lookup ON tokens (tenant, field_id, lookup) WHERE convergent = 1;
CREATE INDEX tokens_of_lookup ON tokens (tenant, field_id, lookup)
  WHERE convergent = 0 AND lookup IS NOT NULL;
CREATE INDEX tokens_by_end ON tokens (expire_time) WHERE expire_time IS NOT NULL;
CREATE INDEX tokens_of_subject ON tokens (tenant, subject, (field_id < 0), field_id, token)
  WHERE subject IS NOT NULL;
)sql",
    // 6: rotations. A specification and what is said of progress may be long, so rows are found
    // through indexes, which they do not make longer.
    R"sql(
CREATE TABLE rotation_jobs (
  tenant TEXT NOT NULL REFERENCES tenants,
  job_id TEXT NOT NULL CHECK (length(job_id) = 32),
  data_source TEXT NOT NULL CHECK (data_source <> ''),
  state INTEGER NOT NULL,
  spec BLOB NOT NULL CHECK (length(spec) <= 262144),
  progress BLOB NOT NULL CHECK (length(progress) <= 1048576),
  error BLOB NOT NULL CHECK (length(error) <= 4096),
  create_time INTEGER NOT NULL,
  update_time INTEGER NOT NULL,
  change INTEGER NOT NULL,
  UNIQUE (tenant, job_id)
) STRICT;
CREATE INDEX rotation_jobs_by_time ON rotation_jobs (tenant, create_time, job_id);
CREATE INDEX rotation_jobs_of_source
  ON rotation_jobs (tenant, data_source, create_time, job_id);
CREATE INDEX rotation_jobs_open ON rotation_jobs (tenant, create_time, job_id) WHERE state <= 3;

CREATE TABLE rotation_schedules (
  tenant TEXT NOT NULL REFERENCES tenants,
  schedule_id TEXT NOT NULL CHECK (length(schedule_id) = 32),
  spec BLOB NOT NULL CHECK (length(spec) <= 262144),
  next_run INTEGER,
  create_time INTEGER NOT NULL,
  update_time INTEGER NOT NULL,
  change INTEGER NOT NULL,
  UNIQUE (tenant, schedule_id)
) STRICT;
CREATE INDEX rotation_schedules_by_next_run
  ON rotation_schedules (next_run, schedule_id, tenant) WHERE next_run IS NOT NULL;

CREATE TABLE replicas (
  replica_id TEXT PRIMARY KEY CHECK (length(replica_id) = 32),
  change INTEGER NOT NULL,
  seen INTEGER NOT NULL,
  stale_seconds INTEGER NOT NULL CHECK (stale_seconds >= 0)
) STRICT, WITHOUT ROWID;
)sql",
};

absl::Status Apply(SqliteConnection& connection, size_t number, const char* sql) {
  SqliteTransaction transaction(connection);
  FIELDKMS_RETURN_IF_ERROR(transaction.Begin());
  FIELDKMS_RETURN_IF_ERROR(connection.Execute(sql));
  const std::string stamp = "PRAGMA application_id=" + std::to_string(kStoreApplicationId) +
                            ";PRAGMA user_version=" + std::to_string(number);
  FIELDKMS_RETURN_IF_ERROR(connection.Execute(stamp.c_str()));
  return transaction.Commit();
}

}  // namespace

int64_t NewestSchema() { return static_cast<int64_t>(kMigrations.size()); }

absl::Status CheckIdentity(int64_t application_id, int64_t schema) {
  if (application_id != kStoreApplicationId || schema < 1) {
    return StoreCorrupt("the file is not a FieldKMS store");
  }
  if (schema > NewestSchema()) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kStoreTooNew,
                 "the key store has schema " + std::to_string(schema) +
                     " and this release knows up to " + std::to_string(NewestSchema()) +
                     ": run the release that wrote it, or a newer one");
  }
  return absl::OkStatus();
}

absl::Status CheckStore(SqliteConnection& connection) {
  FIELDKMS_ASSIGN_OR_RETURN(const int64_t id, connection.QueryInt("PRAGMA application_id"));
  FIELDKMS_ASSIGN_OR_RETURN(const int64_t schema, connection.QueryInt("PRAGMA user_version"));
  FIELDKMS_RETURN_IF_ERROR(CheckIdentity(id, schema));
  SqliteStatement check = connection.Use("PRAGMA quick_check(1)");
  FIELDKMS_ASSIGN_OR_RETURN(const bool row, check.Step());
  // Its text may quote what a row holds.
  if (!row || check.ColumnBytes(0) != "ok") return StoreCorrupt("quick_check failed");
  return absl::OkStatus();
}

absl::Status Migrate(SqliteConnection& connection) {
  FIELDKMS_ASSIGN_OR_RETURN(const int64_t schema, connection.QueryInt("PRAGMA user_version"));
  for (size_t number = static_cast<size_t>(schema) + 1; number <= kMigrations.size(); ++number) {
    FIELDKMS_RETURN_IF_ERROR(Apply(connection, number, kMigrations[number - 1]));
  }
  return absl::OkStatus();
}

}  // namespace fieldkms
