-- What the store keeps (kms/store/records.h). Run as fieldkms_owner, with the schema
-- in place.
--
-- A key id is 64 bits; bigint holds the very same bits, in 8 bytes and one comparison,
-- where numeric or text would take twice that in every index. Those of 2^63 and above
-- look negative: the view key_overview shows the 16 hex digits that the service shows.
-- Versions are 32 bits without a sign: bigint. Counts of 64 bits without a sign, which
-- are no ids: numeric. Names compare byte by byte (COLLATE "C"), on every machine.

-- One row. Each change locks it until it commits: so change numbers have no gap, and
-- become visible in their order.
CREATE TABLE fieldkms_store.store_state (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  change_number bigint NOT NULL DEFAULT 0 CHECK (change_number >= 0),
  root_binding bytea CHECK (octet_length(root_binding) > 0),
  frozen boolean NOT NULL DEFAULT false
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
INSERT INTO fieldkms_store.store_state DEFAULT VALUES;

CREATE TABLE fieldkms_store.tenants (
  tenant text COLLATE "C" PRIMARY KEY CHECK (tenant <> ''),
  create_time timestamptz NOT NULL CHECK (isfinite(create_time)),
  primary_kek bigint NOT NULL CHECK (primary_kek BETWEEN 1 AND 4294967295),
  change bigint NOT NULL CHECK (change > 0)
);
CREATE INDEX tenants_change ON fieldkms_store.tenants (change);

CREATE TABLE fieldkms_store.keks (
  tenant text COLLATE "C" NOT NULL REFERENCES fieldkms_store.tenants,
  version bigint NOT NULL CHECK (version BETWEEN 1 AND 4294967295),
  wrapped bytea NOT NULL CHECK (octet_length(wrapped) > 0),
  create_time timestamptz NOT NULL CHECK (isfinite(create_time)),
  PRIMARY KEY (tenant, version)
);

CREATE TABLE fieldkms_store.keys (
  key_id bigint PRIMARY KEY CHECK (key_id <> 0),
  tenant text COLLATE "C" NOT NULL REFERENCES fieldkms_store.tenants,
  name text COLLATE "C" NOT NULL CHECK (name <> ''),
  purpose smallint NOT NULL CHECK (purpose BETWEEN 1 AND 6),
  primary_version bigint NOT NULL CHECK (primary_version BETWEEN 1 AND 4294967295),
  create_time timestamptz NOT NULL CHECK (isfinite(create_time)),
  suite smallint NOT NULL CHECK (suite BETWEEN 0 AND 255),
  exportable boolean NOT NULL,
  audit_per_operation boolean NOT NULL,
  min_decrypt_version bigint NOT NULL CHECK (min_decrypt_version BETWEEN 0 AND 4294967295),
  rotation_seconds bigint NOT NULL CHECK (rotation_seconds >= 0),
  next_rotation timestamptz CHECK (isfinite(next_rotation)),
  lease_seconds bigint NOT NULL CHECK (lease_seconds >= 0),
  lease_messages numeric(20, 0) NOT NULL
    CHECK (lease_messages BETWEEN 0 AND 18446744073709551615),
  labels jsonb NOT NULL CHECK (jsonb_typeof(labels) = 'object'),
  change bigint NOT NULL CHECK (change > 0),
  UNIQUE (tenant, name),
  UNIQUE (tenant, key_id)
);
CREATE INDEX keys_change ON fieldkms_store.keys (change);
CREATE INDEX keys_next_rotation ON fieldkms_store.keys (next_rotation)
  WHERE next_rotation IS NOT NULL;

-- A destroyed version keeps its row and loses its bytes. UPDATE leaves the old row
-- behind until VACUUM, so autovacuum comes here after the first one, at its next round
-- (autovacuum_naptime, a minute unless it was set).
CREATE TABLE fieldkms_store.key_versions (
  tenant text COLLATE "C" NOT NULL,
  key_id bigint NOT NULL,
  version bigint NOT NULL CHECK (version BETWEEN 1 AND 4294967295),
  state smallint NOT NULL CHECK (state BETWEEN 1 AND 4),
  kek_version bigint NOT NULL CHECK (kek_version BETWEEN 0 AND 4294967295),
  wrapped bytea CHECK (octet_length(wrapped) > 0),
  create_time timestamptz NOT NULL CHECK (isfinite(create_time)),
  origin smallint NOT NULL CHECK (origin BETWEEN 1 AND 2),
  destroy_time timestamptz CHECK (isfinite(destroy_time)),
  PRIMARY KEY (tenant, key_id, version),
  FOREIGN KEY (tenant, key_id) REFERENCES fieldkms_store.keys (tenant, key_id),
  CONSTRAINT destroyed_has_no_bytes CHECK ((state = 4) = (wrapped IS NULL))
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 0,
        toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 0);
CREATE INDEX key_versions_due ON fieldkms_store.key_versions (destroy_time) WHERE state = 3;

CREATE TABLE fieldkms_store.aliases (
  tenant text COLLATE "C" NOT NULL REFERENCES fieldkms_store.tenants,
  alias text COLLATE "C" NOT NULL CHECK (alias <> ''),
  key_id bigint,
  change bigint NOT NULL CHECK (change > 0),
  PRIMARY KEY (tenant, alias),
  FOREIGN KEY (tenant, key_id) REFERENCES fieldkms_store.keys (tenant, key_id)
);
CREATE INDEX aliases_change ON fieldkms_store.aliases (change);

CREATE TABLE fieldkms_store.leases (
  tenant text COLLATE "C" NOT NULL REFERENCES fieldkms_store.tenants,
  lease_id text COLLATE "C" NOT NULL CHECK (lease_id ~ '^[0-9a-f]{32}$'),
  key_id bigint NOT NULL,
  version bigint NOT NULL CHECK (version BETWEEN 1 AND 4294967295),
  encrypt boolean NOT NULL,
  principal text NOT NULL,
  create_time timestamptz NOT NULL CHECK (isfinite(create_time)),
  expire_time timestamptz NOT NULL CHECK (isfinite(expire_time)),
  most_messages numeric(20, 0) NOT NULL
    CHECK (most_messages BETWEEN 0 AND 18446744073709551615),
  used_messages numeric(20, 0) NOT NULL
    CHECK (used_messages BETWEEN 0 AND 18446744073709551615),
  PRIMARY KEY (tenant, lease_id)
);
CREATE INDEX leases_of_version ON fieldkms_store.leases (tenant, key_id, version, expire_time);
CREATE INDEX leases_ended ON fieldkms_store.leases (tenant, expire_time);

CREATE TABLE fieldkms_store.operations (
  operation_id text COLLATE "C" PRIMARY KEY CHECK (operation_id ~ '^[0-9a-f]{32}$'),
  kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 4),
  tenant text COLLATE "C" NOT NULL,
  state smallint NOT NULL CHECK (state BETWEEN 1 AND 3),
  "cursor" bytea NOT NULL,
  done numeric(20, 0) NOT NULL CHECK (done BETWEEN 0 AND 18446744073709551615),
  total numeric(20, 0) NOT NULL CHECK (total BETWEEN 0 AND 18446744073709551615),
  error text NOT NULL,
  create_time timestamptz NOT NULL CHECK (isfinite(create_time)),
  update_time timestamptz NOT NULL CHECK (isfinite(update_time)),
  owner text NOT NULL,
  owner_until timestamptz NOT NULL CHECK (isfinite(owner_until)),
  change bigint NOT NULL CHECK (change > 0)
);

-- What comes from a backup or another store waits here, until it becomes part of the store
-- all at once. `import` keeps apart those that run at once.
CREATE TABLE fieldkms_store.staged_keys (
  import bytea NOT NULL CHECK (octet_length(import) = 16),
  LIKE fieldkms_store.keys INCLUDING CONSTRAINTS, PRIMARY KEY (tenant, import, key_id));
CREATE TABLE fieldkms_store.staged_key_versions (
  import bytea NOT NULL CHECK (octet_length(import) = 16),
  LIKE fieldkms_store.key_versions INCLUDING CONSTRAINTS,
  PRIMARY KEY (tenant, import, key_id, version)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 0);
CREATE TABLE fieldkms_store.staged_aliases (
  import bytea NOT NULL CHECK (octet_length(import) = 16),
  LIKE fieldkms_store.aliases INCLUDING CONSTRAINTS, PRIMARY KEY (tenant, import, alias));

-- What was asked for under a request id, and what came of it: a repeat gets the same.
CREATE TABLE fieldkms_store.mutations (
  tenant text COLLATE "C" NOT NULL,
  request_id text COLLATE "C" NOT NULL,
  fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
  outcome jsonb NOT NULL CHECK (jsonb_typeof(outcome) = 'object'),
  create_time timestamptz NOT NULL CHECK (isfinite(create_time)),
  PRIMARY KEY (tenant, request_id)
);
CREATE INDEX mutations_age ON fieldkms_store.mutations (tenant, create_time);

-- For people: who asks, and what it means.
CREATE VIEW fieldkms_store.key_overview AS
  SELECT k.tenant, k.name, lpad(to_hex(k.key_id), 16, '0') AS key_id,
    (ARRAY['encrypt', 'mac', 'token', 'fpe', 'blind index', 'sign audit'])[k.purpose] AS purpose,
    v.version, v.version = k.primary_version AS is_primary,
    (ARRAY['enabled', 'disabled', 'destroy scheduled', 'destroyed'])[v.state] AS state,
    v.kek_version, v.create_time, v.destroy_time, k.next_rotation, k.labels
  FROM fieldkms_store.keys k JOIN fieldkms_store.key_versions v USING (tenant, key_id);

COMMENT ON SCHEMA fieldkms_store IS 'Keys of FieldKMS, wrapped. Written by fieldkmsd only; changed by `fieldkms store migrate` only.';
COMMENT ON VIEW fieldkms_store.key_overview IS 'For people: each version of each key, without its bytes, the key id as the service prints it.';
COMMENT ON TABLE fieldkms_store.store_state IS 'One row: the number of the last change, and the blob that ties the store to its root key.';
COMMENT ON TABLE fieldkms_store.tenants IS 'Each tenant, and which of its key-encryption keys wraps new versions.';
COMMENT ON TABLE fieldkms_store.keks IS 'Key-encryption keys of tenants, wrapped by the root key.';
COMMENT ON TABLE fieldkms_store.keys IS 'Keys of tenants: names and rules. Their material is in key_versions.';
COMMENT ON TABLE fieldkms_store.key_versions IS 'Key material, wrapped by a key-encryption key of the tenant. After destructions, VACUUM soon: leave autovacuum on.';
COMMENT ON TABLE fieldkms_store.aliases IS 'Other names of keys. One without key_id was taken away; the row tells replicas so.';
COMMENT ON TABLE fieldkms_store.staged_keys IS 'Keys of tenants that are being restored or copied. Nothing reads them here.';
COMMENT ON TABLE fieldkms_store.staged_key_versions IS 'Their versions.';
COMMENT ON TABLE fieldkms_store.staged_aliases IS 'Their aliases.';
COMMENT ON TABLE fieldkms_store.leases IS 'Key material that clients hold until expire_time.';
COMMENT ON TABLE fieldkms_store.operations IS 'Long work, such as rewrapping, that any replica goes on with. Empty tenant: of the whole store.';
COMMENT ON TABLE fieldkms_store.mutations IS 'Outcomes by request id, kept for a week, so that a repeated request changes nothing.';
COMMENT ON COLUMN fieldkms_store.store_state.frozen IS 'Whether the store moves, or has moved, to another place: nothing may change.';
COMMENT ON COLUMN fieldkms_store.keys.key_id IS 'The 64 bits of the id as a signed number; key_overview shows hex digits.';
COMMENT ON COLUMN fieldkms_store.keys.purpose IS '1 encrypt, 2 mac, 3 token, 4 fpe, 5 blind index, 6 sign audit';
COMMENT ON COLUMN fieldkms_store.keys.change IS 'The change that last wrote the key or a version of it: its etag.';
COMMENT ON COLUMN fieldkms_store.keys.rotation_seconds IS '0: rotated on demand only, and next_rotation is null.';
COMMENT ON COLUMN fieldkms_store.key_versions.state IS '1 enabled, 2 disabled, 3 destruction scheduled for destroy_time, 4 destroyed at destroy_time';
COMMENT ON COLUMN fieldkms_store.key_versions.origin IS '1 generated, 2 imported';
COMMENT ON COLUMN fieldkms_store.key_versions.wrapped IS 'Null where, and only where, the version is destroyed.';
COMMENT ON COLUMN fieldkms_store.operations.kind IS '1 rotate a key-encryption key, 2 rotate the root key, 3 backup, 4 restore';
COMMENT ON COLUMN fieldkms_store.operations.state IS '1 running, 2 done, 3 failed';
