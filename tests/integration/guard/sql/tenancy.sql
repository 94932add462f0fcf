-- Isolation of tenants: what a role sees with its context, with a forged one, with one left over.
\i :guard/tenancy.sql
\i :guard/tenancy.sql
SELECT no_plan();
\set a 'aaaaaaaa-0000-4000-8000-000000000001'
\set b 'bbbbbbbb-0000-4000-8000-000000000002'

CREATE SCHEMA shop;
CREATE ROLE guard_test_app LOGIN IN ROLE app_read_write;
CREATE ROLE guard_test_reader LOGIN IN ROLE app_read_only;
CREATE ROLE guard_test_owner LOGIN IN ROLE app_admin;
CREATE ROLE guard_test_none LOGIN;
GRANT USAGE, CREATE ON SCHEMA shop TO guard_test_owner;
CREATE TABLE shop.orders (id int, tenant_id uuid NOT NULL, note text);
CREATE TABLE shop.plain (id int);
CREATE TABLE shop.texts (tenant_id text);
CREATE TABLE shop.opened (tenant_id uuid);
CREATE POLICY everybody ON shop.opened USING (true);
CREATE TABLE shop."Odd ""name" (tenant_id uuid);
CREATE TABLE shop.parts (id int, tenant_id uuid) PARTITION BY RANGE (id);
CREATE TABLE shop.parts_1 PARTITION OF shop.parts FOR VALUES FROM (0) TO (100);
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
CREATE FOREIGN TABLE shop.far (tenant_id uuid) SERVER nowhere;
ALTER TABLE shop.orders OWNER TO guard_test_owner;
INSERT INTO shop.orders SELECT i, CASE WHEN i % 1000 = 0 THEN :'a' ELSE :'b' END::uuid, '' FROM generate_series(1, 20000) i;
INSERT INTO shop.parts VALUES (1, :'a'), (2, :'b');
INSERT INTO guard.tenant_roles VALUES ('guard_test_app', :'a'), ('guard_test_reader', :'a'), ('guard_test_owner', :'a');
-- The pgTAP functions are anybody's here.
GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC;
GRANT CREATE ON SCHEMA public TO PUBLIC;

SELECT is((SELECT count(*) FROM guard.enable_rls('shop', dry_run => true) WHERE status = 'would protect'), 4::bigint, 'a dry run says what it would do');
SELECT is((SELECT count(*) FROM pg_policy WHERE polname LIKE 'guard%'), 0::bigint, 'and does nothing');
SELECT ok('shop.orders not under enable_rls' IN (SELECT relation || ' ' || violation FROM guard.vw_rls_violations), 'an open table is a violation');
SELECT results_eq($$SELECT relation, status, reason FROM guard.enable_rls('shop') ORDER BY relation COLLATE "C"$$,
  $$VALUES ('shop."Odd ""name"', 'protected', NULL), ('shop.far', 'refused', 'foreign tables have no row-level security'),
    ('shop.opened', 'refused', 'it has permissive policies of its own'), ('shop.orders', 'protected', NULL),
    ('shop.parts', 'protected', NULL), ('shop.parts_1', 'protected', NULL),
    ('shop.plain', 'refused', 'no tenant column'), ('shop.texts', 'refused', 'the tenant column is no uuid')$$, 'each table has its report');
SELECT lives_ok($$SELECT guard.enable_rls('shop')$$, 'a second time it is the same');
SELECT is((SELECT count(*) FROM pg_index WHERE indrelid = 'shop.orders'::regclass), 1::bigint, 'one index on the tenant');
SELECT is((SELECT string_agg(polcmd::text, '' ORDER BY polcmd) FROM pg_policy WHERE polrelid = 'shop.orders'::regclass), 'adrw', 'a policy an action');
SELECT throws_ok($$SELECT guard.enable_rls('nowhere')$$, '3F000', NULL, 'a schema that is not there');
SELECT throws_ok($$SELECT guard.enable_rls('guard')$$, '3F000', NULL, 'its own schema is none of tenants');
ANALYZE shop.orders;

SET SESSION AUTHORIZATION guard_test_app;
SELECT is((SELECT count(*) FROM shop.orders), 0::bigint, 'no context, no rows');
SELECT throws_ok(format('SELECT guard.set_tenant_context(%L)', :'b'), '42501', 'tenant: not one of this role', 'a tenant of others');
SELECT throws_ok('SELECT guard.set_tenant_context(NULL)', '42501', NULL, 'no tenant');
SELECT throws_ok($$SELECT guard.set_tenant_context('x'' OR true --')$$, '22P02', NULL, 'a tenant that is no uuid');
SELECT throws_ok('TABLE guard.tenant_secret', '42501', NULL, 'the secret is not readable');
SELECT throws_ok('TABLE guard.tenant_roles', '42501', NULL, 'nor is who has which tenant');
SELECT throws_ok(format('SELECT guard.tenant_mac(%L)', :'b'), '42501', NULL, 'nobody makes a MAC');
SELECT throws_ok($$SELECT guard.enable_rls('shop')$$, '42501', NULL, 'nor policies');
SELECT ok(guard.verify_tenant_access(:'a'), 'its own tenant');
SELECT ok(NOT guard.verify_tenant_access(:'b'), 'not another');

BEGIN;
SELECT guard.set_tenant_context(:'a');
SELECT is(guard.get_tenant_context(), :'a'::uuid, 'the context is that tenant');
SELECT is((SELECT count(*) FROM shop.orders), 20::bigint, 'its rows');
SELECT is((SELECT count(*) FROM shop.parts), 1::bigint, 'its rows of a partitioned table');
SELECT throws_ok('SELECT * FROM shop.parts_1', '42501', NULL, 'a partition is not reached directly');
SELECT lives_ok(format('INSERT INTO shop.orders VALUES (0, %L)', :'a'), 'it writes its own');
SELECT throws_ok(format('INSERT INTO shop.orders VALUES (0, %L)', :'b'), '42501', NULL, 'not those of another');
SELECT throws_ok(format('UPDATE shop.orders SET tenant_id = %L', :'b'), '42501', NULL, 'nor gives them away');
SELECT throws_ok('TRUNCATE shop.orders', '42501', NULL, 'nor truncates');
CREATE FUNCTION pg_temp.plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN ' || query; END $$;
SELECT ok((SELECT string_agg(p, ' ') ~ 'InitPlan' AND string_agg(p, ' ') ~ 'Index Cond: \(tenant_id = \(?(\$0|InitPlan)'
  FROM pg_temp.plan('SELECT * FROM shop.orders') p), 'verified once a statement, and found by the index');
SELECT current_setting('guard.tenant') AS kept \gset
COMMIT;
SELECT is(guard.get_tenant_context(), NULL, 'the end of the transaction is that of the context');
SELECT set_config('guard.tenant', :'kept', false) IS NULL AS ignored \gset
SELECT is(guard.get_tenant_context(), NULL, 'a context left over in the session is none');
SELECT is((SELECT count(*) FROM shop.orders), 0::bigint, 'and shows no rows');
BEGIN;
SELECT guard.set_tenant_context(:'a');
SELECT set_config('guard.tenant', :'b' || substr(current_setting('guard.tenant'), 37), true) IS NULL AS ignored \gset
SELECT is(guard.get_tenant_context(), NULL, 'the MAC of one tenant is none of another');
ROLLBACK;
SET guard.tenant = 'bbbbbbbb-0000-4000-8000-000000000002';
SELECT is((SELECT count(*) FROM shop.orders), 0::bigint, 'a plain SET shows no rows');
SET guard.tenant = E'\'; DROP TABLE shop.orders; --';
SELECT is((SELECT count(*) FROM shop.orders), 0::bigint, 'nor does a hostile one');
RESET guard.tenant;

RESET SESSION AUTHORIZATION;
BEGIN;
SET LOCAL SESSION AUTHORIZATION guard_test_app;
SELECT guard.set_tenant_context(:'a');
SET LOCAL SESSION AUTHORIZATION guard_test_reader;
SELECT is(guard.get_tenant_context(), NULL, 'the context of one role is none of another');
SELECT guard.set_tenant_context(:'a');
SELECT is((SELECT count(*) FROM shop.orders), 21::bigint, 'a reader reads');
SELECT throws_ok(format('INSERT INTO shop.orders VALUES (0, %L)', :'a'), '42501', NULL, 'and does not write');
SET LOCAL SESSION AUTHORIZATION guard_test_owner;
SELECT is((SELECT count(*) FROM shop.orders), 0::bigint, 'the owner is held, too');
SET LOCAL SESSION AUTHORIZATION guard_test_none;
SELECT throws_ok($$SELECT guard.get_tenant_context()$$, '42501', NULL, 'a role of none of ours has no context');
ROLLBACK;

SELECT is((SELECT count(*) FROM guard.check_rls_status() WHERE protected), 4::bigint, 'what is protected is said to be');
ALTER TABLE shop.orders NO FORCE ROW LEVEL SECURITY;
ALTER POLICY guard_tenant_delete ON shop.orders USING (true);
CREATE POLICY more ON shop.parts FOR SELECT USING (true);
ALTER TABLE shop."Odd ""name" DISABLE ROW LEVEL SECURITY;
DROP INDEX shop.parts_tenant_id_idx;
SELECT results_eq($$SELECT relation, violation FROM guard.vw_rls_violations WHERE relation NOT IN ('shop.opened', 'shop.texts') ORDER BY relation COLLATE "C", violation COLLATE "C"$$,
  $$VALUES ('shop."Odd ""name"', 'row-level security is off'), ('shop.orders', 'a policy is gone or was changed'),
    ('shop.orders', 'its owner is not held by policies'), ('shop.parts', 'another permissive policy shows more'),
    ('shop.parts', 'no index on the tenant column'), ('shop.parts_1', 'no index on the tenant column')$$, 'each violation is seen');
DROP POLICY more ON shop.parts;
SELECT guard.enable_rls('shop') IS NULL AS ignored \g /dev/null
SELECT is((SELECT count(*) FROM guard.vw_rls_violations WHERE relation NOT IN ('shop.opened', 'shop.texts')), 0::bigint, 'enable_rls mends them');

SELECT throws_ok(pg_read_file(:'guard' || '/tenancy.remove.sql'), '2BP01', NULL, 'it stays while tables need it');
SELECT is((SELECT count(*) FROM guard.disable_rls('shop', true)), 4::bigint, 'a dry run opens nothing');
SELECT is((SELECT count(*) FROM pg_policy WHERE polname LIKE 'guard%'), 16::bigint, 'all policies are there');
SELECT is((SELECT count(*) FROM guard.disable_rls('shop')), 4::bigint, 'then they go');
SELECT ok(NOT has_table_privilege('guard_test_app', 'shop.orders', 'SELECT'), 'and so does what they made safe');
\i :guard/tenancy.remove.sql
\i :guard/core.remove.sql
SELECT hasnt_schema('guard', 'nothing is left');
SELECT * FROM finish();
