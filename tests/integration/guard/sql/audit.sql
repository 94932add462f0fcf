-- The trail: what is logged and masked, what the seals find, 64 writers at once.
\i :guard/audit.sql
\i :guard/audit.sql
SELECT no_plan();

CREATE ROLE guard_test_app LOGIN;
CREATE TABLE cards (id int PRIMARY KEY, tenant_id uuid, holder text, pan text, doc jsonb);
CREATE TABLE parts (id int) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100000);
CREATE TABLE unseen (id int);
GRANT ALL ON cards, parts TO guard_test_app;
SELECT throws_ok($$SELECT audit.audit_table('cards', '{nope}')$$, '42703', NULL, 'a masked column that is not there');
SELECT throws_ok($$SELECT audit.audit_table('parts_1')$$, '42809', NULL, 'a partition goes with its table');
SELECT throws_ok($$SELECT audit.audit_table('audit.logs')$$, '42809', NULL, 'the trail itself');
SELECT throws_ok($$SELECT audit.make_partitions(0)$$, '22023', NULL, 'no months');
SELECT is(audit.make_partitions(4), 1, 'one month more than there were');
SELECT lives_ok($$SELECT audit.audit_table('cards', '{pan}', 'tenant_id'), audit.audit_table('parts')$$, 'tables are audited');
SELECT lives_ok($$SELECT audit.audit_table('cards', '{pan}', 'tenant_id')$$, 'twice is the same');
SELECT results_eq($$SELECT relation FROM audit.audit_coverage() WHERE audited AND relation ~ 'cards|parts|unseen'$$,
  $$VALUES ('public.cards'), ('public.parts'), ('public.parts_1')$$, 'coverage says which');

SET SESSION AUTHORIZATION guard_test_app;
INSERT INTO cards VALUES (1, 'aaaaaaaa-0000-4000-8000-000000000001', 'Ann', '4111111111111111');
UPDATE cards SET pan = '5555555555554444', holder = 'Bob';
UPDATE cards SET doc = (SELECT jsonb_object_agg('k' || i, i) FROM generate_series(1, 10000) i), holder = repeat('x', 3000000);
DELETE FROM cards;
COPY parts FROM stdin;
1
2
\.
TRUNCATE parts;
SELECT throws_ok('TABLE audit.logs', '42501', NULL, 'who writes it does not read it');
SELECT throws_ok($$SELECT audit.seal()$$, '42501', NULL, 'nor seals it');
SELECT throws_ok($$INSERT INTO audit.logs (table_name, action, leaf) VALUES ('x', 'x', '')$$, '42501', NULL, 'nor writes it by hand');
RESET SESSION AUTHORIZATION;

SELECT results_eq($$SELECT action, record_id, tenant, user_name FROM audit.logs WHERE table_name = 'public.cards' ORDER BY id LIMIT 2$$,
  $$VALUES ('INSERT', '[1]', 'aaaaaaaa-0000-4000-8000-000000000001', 'guard_test_app'),
    ('UPDATE', '[1]', 'aaaaaaaa-0000-4000-8000-000000000001', 'guard_test_app')$$, 'who did what to which row');
SELECT is((SELECT changed_fields FROM audit.logs WHERE action = 'UPDATE' ORDER BY id LIMIT 1), '{"pan": "***", "holder": "Bob"}', 'that it changed, not to what');
SELECT is((SELECT count(*) FROM audit.logs l WHERE l::text ~ '4111111111111111|5555555555554444'), 0::bigint, 'no masked value is in the trail');
SELECT is((SELECT count(*) FROM audit.logs WHERE query IS NOT NULL), 0::bigint, 'nor is a query');
SELECT is((SELECT count(*) FROM audit.logs WHERE octet_length(changed_fields::text) > 3000000), 1::bigint, 'giant rows are whole');
SELECT is((SELECT string_agg(action || ' ' || table_name, ',' ORDER BY id) FROM audit.logs WHERE table_name LIKE '%parts%'),
  'INSERT public.parts_1,INSERT public.parts_1,TRUNCATE public.parts,TRUNCATE public.parts_1', 'COPY and TRUNCATE are logged');
SET session_replication_role = replica;
INSERT INTO cards VALUES (2);
RESET session_replication_role;
SELECT is((SELECT count(*) FROM audit.logs WHERE record_id = '[2]'), 1::bigint, 'session_replication_role does not mute it');

SELECT is(audit.seal(), 1::bigint, 'a first seal');
SELECT is(audit.seal(), NULL, 'nothing new, no seal');
SELECT throws_ok('SELECT audit.note_anchor(7, $$there$$)', 'P0002', NULL, 'no such seal');
SELECT audit.note_anchor(1, 'elsewhere') AS anchor \gset
SELECT is_empty('SELECT * FROM audit.verify_trail_integrity()', 'all is as it was');
SET timezone = 'Asia/Tokyo'; SET datestyle = 'German';
SELECT is_empty('SELECT * FROM guard.verify_audit_trail_integrity()', 'whatever the session shows times as');
RESET timezone; RESET datestyle;

-- Each in a transaction that is taken back: what a superuser does to the trail is found.
CREATE FUNCTION pg_temp.found_after(what text, OUT problems text) LANGUAGE plpgsql AS $$
BEGIN
  BEGIN
    EXECUTE what;
    SELECT string_agg(problem, ',' ORDER BY seal_id, problem) INTO problems FROM audit.verify_trail_integrity();
    RAISE EXCEPTION 'undo';
  EXCEPTION WHEN raise_exception THEN END;
END $$;
SELECT is(pg_temp.found_after($$UPDATE audit.logs SET user_name = 'x' WHERE record_id = '[2]'$$), 'rows were changed', 'an edit');
SELECT is(pg_temp.found_after($$UPDATE audit.logs SET user_name = 'x', leaf = 'x' WHERE record_id = '[2]'$$), 'rows were changed', 'an edit with its leaf');
SELECT is(pg_temp.found_after($$DELETE FROM audit.logs WHERE record_id = '[2]'$$), 'rows are gone', 'a row less');
SELECT is(pg_temp.found_after($$INSERT INTO audit.logs SELECT l.* FROM audit.logs l WHERE record_id = '[2]'$$), 'rows were added behind it', 'a row more');
SELECT is(pg_temp.found_after($$UPDATE audit.logs SET id = -id$$), 'rows were changed', 'another order');
SELECT is(pg_temp.found_after($$TRUNCATE audit.logs$$), 'rows are gone', 'none left');
SELECT is(pg_temp.found_after($$UPDATE audit.seals SET rows = rows + 1$$), 'rows are gone,the seal was changed', 'a seal edited');
SELECT is(pg_temp.found_after($$TRUNCATE audit.seals, audit.anchors$$), NULL, 'without seals nothing inside can tell');
BEGIN;
TRUNCATE audit.seals, audit.anchors, audit.logs;
SELECT is((SELECT problem FROM audit.verify_trail_integrity(1, :'anchor')), 'the seal is not the one that was anchored', 'the anchor outside does');
ROLLBACK;
INSERT INTO unseen VALUES (1);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT throws_ok('SELECT audit.seal()', '25001', NULL, 'an old snapshot seals nothing');
ROLLBACK;

-- 64 writers, each with other transactions' rows between its own, while seals are made.
\setenv PGDATABASE :DBNAME
\! printf 'BEGIN;\nINSERT INTO parts VALUES (:client_id);\nINSERT INTO parts VALUES (:client_id);\nEND;\n' >"$GUARD_STATE/writers.sql"
\! echo 'SELECT audit.seal();' >"$GUARD_STATE/sealers.sql"
\! "$GUARD_BIN/pgbench" -n -c 64 -j 2 -t 25 -f "$GUARD_STATE/writers.sql@15" -f "$GUARD_STATE/sealers.sql@1" >"$GUARD_STATE/writers.log" 2>&1 || { echo 'not ok: a writer or a sealer failed'; tail -n 5 "$GUARD_STATE/writers.log"; }
SELECT ok((SELECT count(DISTINCT id) > 60 FROM parts), '64 writers wrote');
SELECT is((SELECT count(*) FROM audit.logs WHERE action = 'INSERT' AND table_name = 'public.parts_1'), (SELECT count(*) + 2 FROM parts), 'all of it is in the trail');
SELECT audit.seal() IS NULL AS ignored \gset
SELECT ok((SELECT count(*) > 2 FROM audit.seals), 'while seals were made');
SELECT is((SELECT sum(rows)::bigint FROM audit.seals), (SELECT count(*) FROM audit.logs), 'every row is in a seal');
SELECT is((SELECT count(DISTINCT after_xid) FROM audit.seals), (SELECT count(*) FROM audit.seals), 'no chain forks');
SELECT is_empty('SELECT * FROM audit.verify_trail_integrity()', 'and all of them hold');

SELECT throws_ok(pg_read_file(:'guard' || '/audit.remove.sql'), '2BP01', NULL, 'it stays while there is a trail');
SELECT audit.unaudit_table('cards'), audit.unaudit_table('parts') \g /dev/null
INSERT INTO cards VALUES (9);
SELECT is((SELECT count(*) FROM audit.logs WHERE record_id = '[9]'), 0::bigint, 'a table that is audited no more');
TRUNCATE audit.logs;
\i :guard/audit.remove.sql
\i :guard/core.remove.sql
SELECT hasnt_schema('audit', 'nothing is left');
SELECT * FROM finish();
