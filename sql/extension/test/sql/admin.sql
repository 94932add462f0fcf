-- Administration by SQL, with fieldkms-shim and fieldkmsd (tests/integration/extension/prepare).
SET fieldkms.tenant = 'acme';
SET client_min_messages = warning;
\set VERBOSITY terse
\pset null NULL

-- A key is made, and seals; what is returned describes it, and has no material.
SELECT k ->> 'name' AS name, k ->> 'purpose' AS purpose, k ->> 'suite' AS suite, k ->> 'primaryVersion' AS primary
FROM kms.create_key('sql.made') k;
SELECT array_agg(member ORDER BY member COLLATE "C") AS members FROM jsonb_object_keys(kms.create_key('sql.members')) member;
SELECT kms.decrypt_text(kms.encrypt('sql.made', 'sealed', kms.context()), kms.context());
SELECT k ->> 'purpose' AS purpose, k ->> 'rotationPeriod' AS period, k -> 'lease' AS lease, k -> 'labels' AS labels, k ->> 'suite' AS suite
FROM kms.create_key('sql.leased', 'Encrypt', 'kc_xaes_256_gcm', rotation_period => '30 days 01:00', lease_longest => '5 min',
                    lease_most_messages => 1000, labels => '{"team": "Zoë \"x\""}') k;
SELECT kms.create_key('sql.mac', 'mac') ->> 'purpose' AS purpose;
-- A repeat with the request's id is no other key; another request with that id is refused.
SELECT kms.create_key('sql.once', request_id => 'once-0001') ->> 'keyId' = kms.create_key('sql.once', request_id => 'once-0001') ->> 'keyId' AS same;
SELECT kms.create_key('sql.twice', request_id => 'once-0001');
\echo :LAST_ERROR_SQLSTATE

-- Rotation: what was sealed before opens.
CREATE TEMP TABLE before AS SELECT kms.encrypt('sql.made', 'older', kms.context()) AS e;
SELECT kms.rotate_key('sql.made') ->> 'primaryVersion' AS primary;
SELECT (kms.envelope(kms.encrypt('sql.made', 'x', kms.context()))).version, kms.decrypt_text(e, kms.context()) FROM before;
SELECT kms.rotate_key('sql.made', 1);
\echo :LAST_ERROR_SQLSTATE
SELECT kms.rotate_key('sql.made', expected_primary => 2) ->> 'primaryVersion' AS primary;

-- Jobs: their life.
SELECT kms.create_rotation_job('shop', 'sql.made', verify_sample => 5, backup_horizon => '7 days', accept_triggers => true,
  tables => '[{"schema": "public", "table": "customers"}]', limits => '{"mostBatchRows": 100}') AS job \gset
SELECT j ->> 'state' AS state, j #>> '{spec,transform}' AS transform, j #> '{spec,tables}' AS tables, j #> '{spec,limits}' AS limits,
  j #>> '{spec,backupHorizon}' AS horizon, j #>> '{spec,verifySample}' AS sample, j #>> '{spec,acceptTriggers}' AS triggers FROM CAST(:'job' AS jsonb) j;
SELECT CAST(:'job' AS jsonb) ->> 'jobId' AS id \gset
SELECT kms.pause_rotation_job(:'id');
\echo :LAST_ERROR_SQLSTATE
SELECT kms.start_rotation_job(:'id') ->> 'state' AS state;
SELECT kms.start_rotation_job(:'id') ->> 'state' AS again;
SELECT kms.pause_rotation_job(:'id') ->> 'state' AS state;
SELECT kms.resume_rotation_job(:'id') ->> 'state' AS state;
SELECT kms.cancel_rotation_job(:'id') ->> 'state' AS state;
SELECT kms.resume_rotation_job(:'id');
SELECT kms.start_rotation_job(repeat('0', 32));
\echo :LAST_ERROR_SQLSTATE
SELECT j ->> 'state' AS state, j #>> '{spec,destinationKey}' AS destination FROM kms.create_rotation_job('shop', 'sql.made', 'rekey', 'sql.once', start => true) j;

-- The service.
SELECT s ? 'version' AS version, s #>> '{store,kind}' AS store, s #>> '{keyring,loadedKeys}' IS NOT NULL AS keyring FROM kms.service_status() s;
SET fieldkms.tenant = '';
SELECT kms.service_status() ? 'replicaId' AS without_tenant;
SELECT kms.rotate_key('sql.made');
SET fieldkms.tenant = 'acme';

-- By other names: a name, never a key.
SELECT kms.generate_encryption_key('sql.generated'), kms.generate_encryption_key() ~ '^generated\.[0-9a-f]{32}$' AS named;
SELECT * FROM kms.rotate_encryption_keys('sql.generated', 'sql.once');
SELECT * FROM kms.rotate_encryption_keys('sql.generated', 'sql.nothing');

-- What is wrong is named, and not shown.
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT kms.create_key('sql.made');
SELECT kms.create_key('Canary-4111');
SELECT kms.create_key('sql.bad', 'canary');
SELECT kms.create_key('sql.bad', rotation_period => '1 month');
SELECT kms.create_key('sql.bad', rotation_period => '-1 hour');
SELECT kms.create_key('sql.bad', rotation_period => '1 second');
SELECT kms.create_key('sql.bad', rotation_period => '2147483647 days');
SELECT kms.create_key('sql.bad', labels => '"canary"');
SELECT kms.create_key('sql.bad', labels => '{"canary": {"a": 1}}');
SELECT kms.create_key('sql.bad', request_id => 'canary !');
SELECT kms.create_key(NULL);
SELECT kms.rotate_key(NULL);
SELECT kms.rotate_key('');
SELECT kms.rotate_key('sql.nothing');
SELECT kms.create_rotation_job('shop', 'sql.made', 'shred');
SELECT kms.create_rotation_job('shop', 'cards.index');
-- A name is a name, wherever it would like to lead.
\set VERBOSITY sqlstate
SELECT kms.rotate_key('sql.made:rotate?tenant=globex#');
SELECT kms.rotate_key('../status');
SELECT kms.rotate_key(E'sql.made HTTP/1.1\r\nFieldKMS-Role: postgres\r\n\r\n');
SELECT kms.rotate_key('%2e%2e/é');
SELECT kms.rotate_key(repeat('x', 5000));
SELECT kms.start_rotation_job('../keys/sql.made');
SET fieldkms.tenant = 'acme&tenant=globex';
SELECT kms.rotate_key('sql.made');
SET fieldkms.tenant = 'globex';
SELECT kms.rotate_key('sql.made');
SET fieldkms.tenant = 'acme';

-- Who may: members of kms_admin, as far as the shim has rules for them.
CREATE ROLE regress_admin IN ROLE kms_admin;
CREATE ROLE regress_keeper IN ROLE kms_admin;
CREATE ROLE regress_sealer IN ROLE kms_user, kms_reader;
\set VERBOSITY terse
SET ROLE regress_sealer;
SELECT kms.create_key('sql.denied');
SELECT kms.generate_encryption_key('sql.denied');
SELECT kms.service_status();
SET ROLE regress_admin;
SELECT kms.create_key('sql.denied');
\echo :LAST_ERROR_SQLSTATE
SELECT kms.generate_encryption_key('sql.denied');
SELECT kms.service_status();
RESET ROLE;
-- Names that HTTP would make another's: "postgres" may administer, these may not.
CREATE ROLE " postgres" IN ROLE kms_admin;
CREATE ROLE "postgres " IN ROLE kms_admin;
CREATE ROLE U&"x\000d\000aFieldKMS-Role: postgres" IN ROLE kms_admin;
SET ROLE " postgres";
SELECT kms.rotate_key('sql.made');
SET ROLE "postgres ";
SELECT kms.rotate_key('sql.made');
SET ROLE U&"x\000d\000aFieldKMS-Role: postgres";
SELECT kms.rotate_key('sql.made');
RESET ROLE;
DROP ROLE regress_admin, regress_keeper, regress_sealer, " postgres", "postgres ", U&"x\000d\000aFieldKMS-Role: postgres";

-- Nothing is called while a query is planned or explained; a function of SQL is not taken apart.
EXPLAIN (COSTS off) SELECT kms.create_key('sql.explained'), kms.generate_encryption_key('sql.explained');
SELECT kms.rotate_key('sql.explained');
-- A rolled-back transaction takes nothing back; a caught error leaves the connection in use.
BEGIN; SELECT kms.create_key('sql.kept') ->> 'name' AS name; ROLLBACK;
SELECT kms.rotate_key('sql.kept') ->> 'primaryVersion' AS primary;
DO $$ BEGIN
  PERFORM kms.rotate_key('sql.nothing');
EXCEPTION WHEN undefined_object THEN
  RAISE WARNING 'caught, and then %', kms.decrypt_text(kms.encrypt('notes', 'well', kms.context()), kms.context());
END $$;
