-- The audit trail as foreign tables, with fieldkms-shim and fieldkmsd (tests/integration/extension/prepare).
-- The trail begins with many records of 2020 of the tenant "long" (long_trail.sh).
SET fieldkms.tenant = 'acme';
SET client_min_messages = warning;
SET timezone = 'UTC';
\set VERBOSITY terse
\pset null NULL
CREATE SCHEMA service;
IMPORT FOREIGN SCHEMA kms LIMIT TO (audit_records, audit_trail, audit_checkpoint) FROM SERVER fieldkms INTO service;

-- What was just done is there, of this tenant and no other.
SELECT statement_timestamp() AS began \gset
SELECT kms.create_key('audited.a') IS NOT NULL AS made;
SELECT kms.decrypt_text(kms.encrypt('audited.a', 'value', kms.context()), kms.context());
SELECT kms.rotate_key('audited.a') ->> 'primaryVersion' AS version;
SELECT kind, method, keys, key_version, items, failed, code, reason, tenant, principal, uid IS NOT NULL AS uid, time BETWEEN :'began' AND clock_timestamp() AS now
FROM service.audit_records WHERE keys ? 'audited.a' AND time >= :'began' ORDER BY index;
SELECT DISTINCT tenant FROM service.audit_records WHERE time > '2021-01-01';
SELECT count(*) FROM service.audit_records WHERE tenant <> 'acme';
SELECT count(*) > 0 AS refused FROM service.audit_records WHERE code = 'NOT_FOUND' AND reason = 'KEY_NOT_FOUND';

-- What the service filters by; all is tried here again.
EXPLAIN (COSTS off) SELECT * FROM service.audit_records
WHERE time >= '2026-01-01' AND time < now() AND kind = 'outcome' AND method = 'CryptoService.Decrypt' AND principal = 'p' AND keys ? 'k' AND fields ? 'f' AND code = 'OK' LIMIT 7;
EXPLAIN (COSTS off) SELECT * FROM service.audit_records WHERE '2026-01-01' < time AND 'OK' = code;
EXPLAIN (COSTS off) SELECT * FROM service.audit_records WHERE time = '2026-01-01';
EXPLAIN (COSTS off) SELECT * FROM service.audit_records WHERE time >= '2026-01-01' AND time >= '2026-02-01' LIMIT 7;
EXPLAIN (COSTS off) SELECT * FROM service.audit_records WHERE time >= date '2026-01-01' AND code <> 'OK' AND method LIKE 'Crypto%' AND keys ?| '{a}' LIMIT 7;
EXPLAIN (COSTS off) SELECT * FROM service.audit_records WHERE code = reason OR code = 'OK';
EXPLAIN (COSTS off) SELECT * FROM service.audit_checkpoint;
-- Each alone finds what all of them together and PostgreSQL alone find.
CREATE TEMP TABLE seen AS SELECT * FROM service.audit_records WHERE time >= :'began';
SELECT count(*) > 5 AS some FROM seen;
CREATE FUNCTION pg_temp.same(condition text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE theirs numeric[]; ours numeric[];
BEGIN
  EXECUTE 'SELECT array_agg(index ORDER BY index) FROM service.audit_records WHERE index <= (SELECT max(index) FROM seen) AND index >= (SELECT min(index) FROM seen) AND '
    || condition INTO theirs;
  EXECUTE 'SELECT array_agg(index ORDER BY index) FROM seen WHERE ' || condition INTO ours;
  RETURN ours IS NOT DISTINCT FROM theirs;
END $$;
SELECT condition, pg_temp.same(condition) FROM unnest(ARRAY['code = ''OK''', 'kind = ''intent''', 'kind = ''Intent''', 'kind = ''nothing''', 'method = ''KeyService.RotateKey''',
  'method = ''''', 'method = ''%25 &tenant=long''', 'principal = ''a&b=c''', 'principal = repeat(''x'', 5000)', 'keys ? ''audited.a''', 'keys ? ''''', 'fields ? ''cards''', 'code = NULL',
  'time > (SELECT min(time) FROM seen)', 'time = (SELECT max(time) FROM seen)', 'time <= (SELECT max(time) FROM seen)', 'time < (SELECT max(time) FROM seen)', 'time > ''infinity''',
  'time < ''infinity''', 'time >= ''-infinity''', 'time < ''0044-03-15 BC''', 'time > ''20000-01-01''', 'time > now() - interval ''1 hour''', 'time BETWEEN now() - interval ''1 hour'' AND now()']) AS condition;
-- Parameters, joins and scans that begin again.
PREPARE of_code AS SELECT count(*) > 0 AS some FROM service.audit_records WHERE code = $1 AND time >= $2;
EXECUTE of_code('OK', :'began');
EXECUTE of_code(NULL, :'began');
EXECUTE of_code('NEVER', :'began');
SELECT m, (SELECT count(*) FROM service.audit_records WHERE method = m AND keys ? 'audited.a' AND time >= :'began') FROM unnest('{KeyService.RotateKey,KeyService.CreateKey,No.Such}'::text[]) AS m;

-- Pages: a short page is not the end, and a LIMIT is the first page.
ALTER FOREIGN TABLE service.audit_records OPTIONS (ADD page_size '3');
SELECT count(*) = (SELECT count(*) FROM seen) AS same FROM service.audit_records WHERE time >= :'began' AND index <= (SELECT max(index) FROM seen);
\set calls `grep -c '"/v1/audit/records"' "$FIELDKMS_SHIM_AUDIT"`
SELECT kind FROM service.audit_records WHERE time >= :'began' AND keys ? 'audited.a' LIMIT 2;
\set after `grep -c '"/v1/audit/records"' "$FIELDKMS_SHIM_AUDIT"`
-- The first may end before it has come to any.
SELECT :after - :calls <= 2 AS calls_of_a_limit;

-- The checkpoint, to be kept elsewhere.
SELECT checkpoint LIKE log || E'\n' || size || E'\n%' AS is_its_note, verifier_key LIKE log || '+%' AS is_its_key, size <= records AS behind, first_record, exported_size FROM service.audit_checkpoint;

-- Rights: of the whole trail, for who may read all tenants.
CREATE ROLE regress_auditor;
CREATE ROLE regress_clerk;
GRANT USAGE ON SCHEMA service TO regress_auditor, regress_clerk;
GRANT SELECT ON ALL TABLES IN SCHEMA service TO regress_auditor, regress_clerk;
SELECT count(*) FROM service.audit_trail;
SET fieldkms.tenant = 'long';
SELECT count(*) FROM service.audit_records;
SET ROLE regress_clerk;
SELECT count(*) FROM service.audit_records;
SET ROLE regress_auditor;
SELECT count(*) FROM service.audit_records WHERE time < '2020-01-02 03:00:01';
SELECT tenant, method, principal, keys, code FROM service.audit_records LIMIT 1;
SELECT count(*) AS starts FROM service.audit_trail WHERE kind = 'start' AND time > '2021-01-01';
SELECT count(*) > 0 AS others FROM service.audit_trail WHERE tenant = 'acme' AND time > '2021-01-01';
RESET ROLE;
INSERT INTO service.audit_records (code) VALUES ('OK');
DELETE FROM service.audit_records;
SET fieldkms.tenant = '';
SELECT count(*) FROM service.audit_records;
DROP SCHEMA service CASCADE;
DROP ROLE regress_auditor, regress_clerk;
