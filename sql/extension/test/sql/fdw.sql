-- Foreign tables, with fieldkms-shim and fieldkmsd (tests/integration/extension/prepare).
SET fieldkms.tenant = 'acme';
SET client_min_messages = warning;
SET timezone = 'UTC';
\set VERBOSITY terse
\pset null NULL

CREATE SCHEMA service;
IMPORT FOREIGN SCHEMA kms FROM SERVER fieldkms INTO service;
SELECT c.relname, count(*) AS columns FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0
WHERE relnamespace = 'service'::regnamespace GROUP BY 1 ORDER BY 1;
CREATE SCHEMA other;
IMPORT FOREIGN SCHEMA kms LIMIT TO (keys) FROM SERVER fieldkms INTO other;
IMPORT FOREIGN SCHEMA kms EXCEPT (keys, fields, rotation_jobs, key_versions, audit_records) FROM SERVER fieldkms INTO other;
IMPORT FOREIGN SCHEMA public FROM SERVER fieldkms INTO other;
SELECT relname FROM pg_class WHERE relnamespace = 'other'::regnamespace ORDER BY 1;

-- Pages: 25 keys, five and two a page; what the audit file of the shim says is how often it was called.
SELECT count(kms.create_key('page.' || to_char(i, 'FM00'), labels => jsonb_build_object('i', i::text))) FROM generate_series(1, 25) i;
CREATE FOREIGN TABLE other.paged (name text, labels jsonb) SERVER fieldkms OPTIONS (object 'keys', page_size '5');
CREATE FOREIGN TABLE other.short (name text, primary_version int4) SERVER fieldkms OPTIONS (object 'keys', page_size '2');
SELECT count(*) = (SELECT count(*) FROM service.keys) AS same, count(DISTINCT name) = count(*) AS once FROM other.paged;
SELECT count(*), sum((labels ->> 'i')::int), array_agg(name ORDER BY name) = array_agg(name) AS in_order FROM other.paged WHERE name LIKE 'page.%';
SELECT name, key_id ~ '^[0-9a-f]{16}$' AS id, purpose, suite, primary_version, min_decrypt_version, exportable, rotation_period, lease_longest,
  lease_most_messages, labels, create_time > now() - interval '1 hour' AND create_time <= clock_timestamp() AS fresh, tenant FROM service.keys WHERE name IN ('page.07', 'cards.index');
\set calls `grep -c '"/v1/keys"' "$FIELDKMS_SHIM_AUDIT"`
SELECT name FROM other.paged LIMIT 3;
\set after `grep -c '"/v1/keys"' "$FIELDKMS_SHIM_AUDIT"`
SELECT :after - :calls AS calls_of_a_limit;
SELECT count(*) FROM (SELECT name FROM other.paged LIMIT 12 OFFSET 1) AS x;
\set calls `grep -c '"/v1/keys"' "$FIELDKMS_SHIM_AUDIT"`
SELECT :calls - :after AS calls_of_three_pages;
EXPLAIN (COSTS off) SELECT name FROM other.paged LIMIT 3;
EXPLAIN (COSTS off) SELECT name FROM other.paged WHERE labels IS NULL LIMIT 3;
EXPLAIN (COSTS off) SELECT name FROM other.paged ORDER BY name DESC LIMIT 3;
EXPLAIN (COSTS off) SELECT * FROM service.key_versions;
EXPLAIN (COSTS off) SELECT * FROM service.key_versions WHERE key = 'notes';
EXPLAIN (COSTS off) SELECT * FROM service.service_health;
\set after `grep -c '"/v1/' "$FIELDKMS_SHIM_AUDIT"`
\o /dev/null
EXPLAIN (COSTS off, ANALYZE, TIMING off, SUMMARY off) SELECT count(*) FROM other.short WHERE false;
\o
\set calls `grep -c '"/v1/' "$FIELDKMS_SHIM_AUDIT"`
SELECT :calls - :after AS calls_of_nothing;

-- A cursor takes pages as they are needed; other calls come between.
BEGIN;
DECLARE two CURSOR FOR SELECT name FROM other.paged WHERE name >= 'page.' COLLATE "C" AND name < 'page.9' COLLATE "C";
FETCH 2 FROM two;
SELECT kms.decrypt_text(kms.encrypt('notes', 'between', kms.context()), kms.context());
MOVE 5 FROM two;
FETCH 1 FROM two;
CLOSE two;
COMMIT;

-- By key: one call, whatever is asked for; what nothing can be called is not asked for.
PREPARE one AS SELECT name, primary_version FROM service.keys WHERE name = $1;
EXPLAIN (COSTS off) EXECUTE one('page.03');
EXECUTE one('page.03');
\set calls `grep -c '"/v1/keys/{name}"' "$FIELDKMS_SHIM_AUDIT"`
EXECUTE one('page.nothing');
SELECT name FROM service.keys WHERE 'page.04' = name AND purpose = 'mac';
\set after `grep -c '"/v1/keys/{name}"' "$FIELDKMS_SHIM_AUDIT"`
SELECT :after - :calls AS calls_by_key;
EXECUTE one('');
EXECUTE one(NULL);
EXECUTE one('../status');
EXECUTE one('page.03?tenant=globex');
EXECUTE one('Page.03');
EXECUTE one(E'page.03\r\nX: y');
EXECUTE one(repeat('x', 129));
EXECUTE one('é');
SELECT * FROM service.rotation_jobs WHERE job_id = '../keys';
SELECT * FROM service.fields WHERE name = 'no field' OR name = 'page''; --';
\set calls `grep -c '"/v1/keys/{name}"' "$FIELDKMS_SHIM_AUDIT"`
SELECT :calls - :after AS calls_of_what_cannot_be;

-- Versions: of one key, and of all; joins, and scans that begin again with other parameters.
SELECT count(kms.rotate_key('page.0' || i)) FROM generate_series(1, 3) i;
SELECT count(kms.rotate_key('page.02')) FROM generate_series(1, 5) i;
ALTER FOREIGN TABLE service.key_versions OPTIONS (ADD page_size '2');
SELECT key, version, state, is_primary, origin, destroy_time FROM service.key_versions WHERE key = 'page.01' ORDER BY version;
SELECT array_agg(version) FROM service.key_versions WHERE key = 'page.02';
SELECT count(*), count(DISTINCT (key, version)) FROM service.key_versions WHERE key LIKE 'page.%';
SELECT k.name, count(*) FROM service.keys k JOIN service.key_versions v ON v.key = k.name AND v.version < k.primary_version
GROUP BY 1 HAVING k.name LIKE 'page.%' ORDER BY 1;
SELECT n, v.version FROM unnest('{page.03,page.nothing,page.02,page.04}'::text[]) WITH ORDINALITY AS u(n, o),
  LATERAL (SELECT version FROM service.key_versions WHERE key = n ORDER BY version DESC LIMIT 1) AS v ORDER BY o;
SELECT n, (SELECT primary_version FROM other.short WHERE name = n) FROM unnest('{page.03,page.nothing,page.02}'::text[]) n;
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off;
SELECT count(*) FROM other.paged a, other.short b WHERE a.name = b.name AND a.name LIKE 'page.0%';
RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_material;

-- Fields, health.
SELECT name, format, key, fpe IS NOT NULL AS fpe, blind_index IS NOT NULL AS blind_index, token IS NOT NULL AS token, json_pointers FROM service.fields
WHERE name IN ('cards', 'documents', 'names', 'single') ORDER BY name;
SELECT count(*), min(store_kind) AS store, min(replica_id) ~ '^[0-9a-f]{32}$' AS replica, min(loaded_keys) IS NOT NULL AND min(reserved_bytes) > 0 AS loaded, min(start_time) < now() AS started FROM service.service_health;

-- Jobs: an INSERT makes one and starts it; RETURNING shows it as it was made.
INSERT INTO service.rotation_jobs (data_source, key, verify_sample, backup_horizon, tables, limits)
VALUES ('fdw', 'page.01', 7, '3 days', '[{"schema": "public", "table": "t"}]', '{"mostBatchRows": 50}')
RETURNING state, data_source, key, transform, verify_sample, backup_horizon, tables, limits, accept_triggers, target_version, job_id ~ '^[0-9a-f]{32}$' AS id;
INSERT INTO service.rotation_jobs (state, data_source, key, transform, destination_key, accept_triggers) VALUES ('planned', 'fdw', 'page.02', 'rekey', 'page.01', true)
RETURNING state, transform, destination_key, accept_triggers, start_time;
INSERT INTO service.rotation_jobs (data_source, key) SELECT 'fdw' || i, 'page.0' || i FROM generate_series(1, 6) i;
ALTER FOREIGN TABLE service.rotation_jobs OPTIONS (ADD page_size '3');
SELECT state, count(*), count(seen_rows), sum(changed_rows) FROM service.rotation_jobs WHERE data_source LIKE 'fdw%' GROUP BY 1 ORDER BY 1;
SELECT count(kms.cancel_rotation_job(job_id)) FROM service.rotation_jobs WHERE data_source LIKE 'fdw_';
SELECT state, count(*) FROM service.rotation_jobs WHERE data_source LIKE 'fdw%' GROUP BY 1 ORDER BY 1;
-- A table with its columns in another order, some of them, and COPY.
CREATE FOREIGN TABLE other.jobs (accept_triggers bool, gone text, job_id text, key text, state text, data_source text) SERVER fieldkms OPTIONS (object 'rotation_jobs');
SELECT * FROM other.jobs;
ALTER FOREIGN TABLE other.jobs DROP COLUMN gone;
INSERT INTO other.jobs (accept_triggers, state, key, data_source) VALUES (true, 'planned', 'page.05', 'ordered') RETURNING accept_triggers, key, data_source, state;
COPY other.jobs (data_source, key) FROM stdin;
copied	page.05
\.
SELECT key, data_source, state, accept_triggers FROM other.jobs WHERE data_source IN ('ordered', 'copied') ORDER BY 2;
\set calls `grep -c '"/v1/rotations"' "$FIELDKMS_SHIM_AUDIT"`
EXPLAIN (COSTS off) INSERT INTO service.rotation_jobs (data_source, key) VALUES ('explained', 'page.01');
\set after `grep -c '"/v1/rotations"' "$FIELDKMS_SHIM_AUDIT"`
SELECT :after - :calls AS calls_of_explain;

-- All else is read only, and what is wrong is said.
\set VERBOSITY default
\set SHOW_CONTEXT never
INSERT INTO service.rotation_jobs (data_source, key) VALUES ('fdw', 'page.nothing');
INSERT INTO service.rotation_jobs (data_source, key, transform) VALUES ('fdw', 'page.01', 'canary');
INSERT INTO service.rotation_jobs (data_source, key, state) VALUES ('fdw', 'page.01', 'done');
INSERT INTO service.rotation_jobs (data_source, key, job_id) VALUES ('fdw', 'page.01', repeat('0', 32));
INSERT INTO service.rotation_jobs (data_source, key, tables) VALUES ('fdw', 'page.01', '7');
INSERT INTO service.rotation_jobs DEFAULT VALUES;
INSERT INTO service.keys (name) VALUES ('page.new');
UPDATE service.rotation_jobs SET state = 'paused';
UPDATE service.keys SET exportable = true WHERE name = 'page.01';
DELETE FROM service.keys;
DO $$ BEGIN TRUNCATE service.keys; RAISE EXCEPTION 'it was emptied'; EXCEPTION WHEN feature_not_supported OR wrong_object_type THEN NULL; END $$;
CREATE FOREIGN TABLE other.bad (name text) SERVER fieldkms;
CREATE FOREIGN TABLE other.bad (name text) SERVER fieldkms OPTIONS (object 'audit_log');
CREATE FOREIGN TABLE other.bad (name text) SERVER fieldkms OPTIONS (object 'keys', page_size '0');
CREATE FOREIGN TABLE other.bad (name text) SERVER fieldkms OPTIONS (object 'keys', page_size '5 ');
CREATE FOREIGN TABLE other.bad (name text) SERVER fieldkms OPTIONS (object 'keys', path '/v1/rotations');
CREATE SERVER elsewhere FOREIGN DATA WRAPPER fieldkms_fdw OPTIONS (socket '/tmp/x');
CREATE FOREIGN TABLE other.typed (name varchar(3)) SERVER fieldkms OPTIONS (object 'keys');
SELECT * FROM other.typed;
CREATE FOREIGN TABLE other.unknown (material text) SERVER fieldkms OPTIONS (object 'keys');
SELECT * FROM other.unknown;
ANALYZE service.keys;

-- Rights: of PostgreSQL on the tables, and of the shim for the role that asks.
CREATE ROLE regress_keeper IN ROLE kms_admin;
CREATE ROLE regress_clerk;
CREATE ROLE regress_nobody;
GRANT USAGE ON SCHEMA service TO regress_keeper, regress_clerk, regress_nobody;
GRANT SELECT ON ALL TABLES IN SCHEMA service TO regress_keeper, regress_clerk;
CREATE SCHEMA kept AUTHORIZATION regress_keeper;
SET ROLE regress_nobody;
SELECT name FROM service.keys;
IMPORT FOREIGN SCHEMA kms FROM SERVER fieldkms INTO service;
SET ROLE regress_clerk;
SELECT name FROM service.keys;
SELECT name FROM service.keys WHERE name = 'cards';
INSERT INTO service.rotation_jobs (data_source, key) VALUES ('fdw', 'page.01');
SET ROLE regress_keeper;
-- Not all keys: pages with nothing on them are not the end.
IMPORT FOREIGN SCHEMA kms LIMIT TO (keys, key_versions) FROM SERVER fieldkms INTO kept;
ALTER FOREIGN TABLE kept.keys OPTIONS (ADD page_size '1');
SELECT name FROM kept.keys;
SELECT key, version FROM kept.key_versions;
SELECT name FROM kept.keys WHERE name = 'page.01';
SELECT count(*) FROM service.fields;
RESET ROLE;
SET fieldkms.tenant = '';
SELECT name FROM service.keys;
SELECT count(*) FROM service.service_health;
SET fieldkms.tenant = 'globex';
SELECT name FROM service.keys;
SET fieldkms.tenant = 'acme';

-- Functions of PL/pgSQL, exceptions and subtransactions go on after an error.
DO $$ DECLARE seen int := 0; k record; BEGIN
  FOR k IN SELECT name FROM other.short WHERE name LIKE 'page.%' LOOP
    BEGIN
      seen := seen + 1;
      PERFORM kms.rotate_key('nothing.' || k.name);
    EXCEPTION WHEN undefined_object THEN NULL;
    END;
  END LOOP;
  RAISE WARNING 'seen: %', seen;
END $$;
DROP SCHEMA other, service, kept CASCADE;
DROP ROLE regress_keeper, regress_clerk, regress_nobody;
