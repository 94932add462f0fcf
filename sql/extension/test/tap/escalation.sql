-- What roles try that they may not: to take over functions of ours, to ask in the name of others, to move
-- values elsewhere.
\ir setup.psql
SELECT no_plan();
CREATE ROLE tap_owner LOGIN IN ROLE kms_admin;
CREATE ROLE tap_admin LOGIN IN ROLE kms_admin;
CREATE ROLE tap_sealer LOGIN IN ROLE kms_user;
CREATE ROLE tap_reader LOGIN IN ROLE kms_reader;
CREATE ROLE tap_nobody LOGIN;
CREATE SCHEMA tap AUTHORIZATION tap_owner;
GRANT USAGE ON SCHEMA tap TO PUBLIC;
CREATE SCHEMA tap_hostile;
GRANT CREATE, USAGE ON SCHEMA tap_hostile TO PUBLIC;
SET LOCAL ROLE tap_owner;
CREATE TABLE tap.customers (id int PRIMARY KEY, card text, email bytea);
RESET ROLE;
INSERT INTO kms.protected_columns (binding_id, relation, relation_oid, attribute, attribute_number, tenant, key_name, shape, key_attributes, key_numbers)
VALUES ('\x0f0e0d0c0b0a09080706050403020100', 'tap.customers', 'tap.customers'::regclass, 'email', 3, 'acme', 'notes', 'bytea', '{id}', '{1}');
SELECT is(pg_temp.attempt('tap_owner', 'SELECT kms.bind_columns(''tap.customers'')'), 'done', 'an owner binds');

-- Of the functions.
SELECT is(pg_temp.attempt('tap_nobody', s), '42501', 'nobody: ' || s) FROM unnest(ARRAY[
  'SELECT kms.context()', 'SELECT kms.envelope(''\x11''::bytea)', 'SELECT kms.encrypt(''k'', ''x'', ''\x0000'')', 'SELECT kms.library_version()',
  'SELECT * FROM kms.protected_columns', 'SELECT * FROM kms.requests', 'SELECT * FROM kms.encryption_status', 'CALL kms.ask_rotate_keys()',
  'SELECT kms.ask(''fill'', ''tap.customers'', ''card'', ''{}'', false, NULL)', 'SELECT kms.plaintext_suspects()', 'SELECT kms.withdraw_request(1)',
  'SELECT NULL::kms.context', 'SELECT NULL::kms.protected_value']) s;
SELECT is(pg_temp.attempt('tap_sealer', s), '42501', 'who seals: ' || s) FROM unnest(ARRAY[
  'SELECT kms.decrypt(''\x00'', ''\x0000'')', 'SELECT kms.decrypt_text_many(''{}'', ''{}'')', 'SELECT kms.reveal(''f'', ''\x00'', ''\x0000'', ''full'')',
  'SELECT kms.reveal_by_role(''f'', ''\x00'', ''\x0000'', ''postgres'')', 'SELECT kms.detokenize(''f'', ''t'', ''full'')',
  'SELECT kms.rotate_key(''k'')', 'SELECT kms.create_key(''k'')', 'SELECT kms.bind_columns(''tap.customers'')', 'SELECT kms.grant_admin_rights()']) s;
SELECT is(pg_temp.attempt('tap_reader', s), '42501', 'who opens: ' || s) FROM unnest(ARRAY[
  'SELECT kms.encrypt(''k'', ''x'', ''\x0000'')', 'SELECT kms.rewrap(''\x00'', ''\x0000'')', 'SELECT kms.tokenize(''f'', ''x'')', 'SELECT kms.rotate_key(''k'')']) s;

-- Taking over: functions by our names, the library's functions, the wrapper, settings.
SELECT is(pg_temp.attempt('tap_admin', s), '42501', 'kms_admin: ' || s) FROM unnest(ARRAY[
  'CREATE FUNCTION kms.encrypt(text) RETURNS text LANGUAGE sql AS ''SELECT 1''', 'CREATE TABLE kms.mine (id int)', 'CREATE TYPE kms.mine AS (id int)',
  'CREATE OR REPLACE FUNCTION kms.may_change(oid, name, name) RETURNS boolean LANGUAGE sql AS ''SELECT true''',
  'ALTER FUNCTION kms.ask(text, regclass, name, jsonb, boolean, interval) RESET ALL', 'ALTER FUNCTION kms.bind() SECURITY DEFINER',
  'DROP FUNCTION kms.write_view() CASCADE', 'DROP EXTENSION fieldkms', 'ALTER EXTENSION fieldkms UPDATE',
  'CREATE FUNCTION tap_hostile.bind() RETURNS trigger LANGUAGE c AS ''$libdir/fieldkms'', ''fieldkms_bind''',
  'CREATE FOREIGN DATA WRAPPER other HANDLER kms.fieldkms_fdw_handler', 'ALTER SERVER fieldkms OWNER TO tap_admin',
  'SELECT kms.fieldkms_fdw_validator(''{}'', 0)', 'SHOW fieldkms.socket', 'SHOW fieldkms.shim_user', 'SELECT kms.grant_admin_rights()',
  'UPDATE kms.protected_columns SET tenant = ''globex''', 'INSERT INTO kms.key_facts DEFAULT VALUES', 'DELETE FROM kms.requests',
  'INSERT INTO kms.request_workers (worker, tenant, data_source, allows) VALUES (''w'', ''t'', ''d'', ''{}'')',
  'TRUNCATE kms.rotation_quarantine', 'ALTER TABLE kms.requests DISABLE TRIGGER ALL']) s;
SELECT is(pg_temp.attempt('tap_admin', 'SET LOCAL fieldkms.shim_user = ''nobody'''), '55P02', 'nobody says whose the socket has to be');

-- In the name of others: a request has who made it, and cannot say otherwise.
SELECT is(pg_temp.attempt('tap_admin', s), '42501', 'a request: ' || s) FROM unnest(ARRAY[
  'INSERT INTO kms.requests (action, requested_by) VALUES (''create_key'', ''postgres'')',
  'INSERT INTO kms.requests (action, requested_as) VALUES (''create_key'', ''postgres'')',
  'INSERT INTO kms.requests (action, database_oid) VALUES (''create_key'', 1)', 'INSERT INTO kms.requests (action, state) VALUES (''create_key'', ''done'')',
  'INSERT INTO kms.requests (action, expires_at) VALUES (''create_key'', ''infinity'')', 'UPDATE kms.requests SET requested_by = ''postgres''',
  'SELECT kms.ask(''drop_plaintext'', ''tap.customers'', ''card'', ''{}'', false, NULL)',
  'SELECT kms.bind_columns(''tap.customers'')', 'SELECT kms.unbind_columns(''tap.customers'')',
  'SELECT kms.ask(''protect'', ''pg_catalog.pg_authid'', ''rolpassword'', ''{}'', false, NULL)']) s;
SELECT is(pg_temp.attempt('tap_admin', 'INSERT INTO kms.requests (action) VALUES (''create_key'')'), 'done', 'a request that says what is wanted');
SELECT is((SELECT concat_ws(' ', requested_by, requested_as, state) FROM kms.requests ORDER BY request_id DESC LIMIT 1), 'tap_admin tap_admin queued', 'has who asked');
SELECT is(pg_temp.attempt('tap_owner', 'SELECT kms.ask(''protect'', ''tap.customers'', ''card'', ''{}'', false, NULL)'), 'done', 'an owner asks for their table');
-- Neither is enough: to log in as somebody else, nor to be given a function that acts as one.
GRANT tap_owner TO tap_admin;
SELECT is(pg_temp.attempt('tap_admin', 'tap_owner', 'SELECT kms.ask(''fill'', ''tap.customers'', ''card'', ''{}'', false, NULL)'), 'done', 'a member acts as the owner');
REVOKE tap_owner FROM tap_admin;
SET LOCAL ROLE tap_owner;
CREATE FUNCTION tap.ask() RETURNS int8 LANGUAGE sql SECURITY DEFINER AS $$ SELECT kms.ask('drop_plaintext', 'tap.customers', 'card', '{}', false, NULL) $$;
GRANT EXECUTE ON FUNCTION tap.ask() TO PUBLIC;
RESET ROLE;
SELECT is(pg_temp.attempt('tap_admin', 'SELECT tap.ask()'), '42501', 'a function of the owner''s asks for nobody else');
SELECT is(kms.may_change('tap.customers'::regclass, 'tap_owner', 'tap_owner'), true, 'the owner may');
SELECT is(kms.may_change('tap.customers'::regclass, l, a), false, format('%s as %s may not', l, a)) FROM (VALUES ('tap_admin', 'tap_admin'),
  ('tap_admin', 'tap_owner'), ('tap_owner', 'tap_admin'), ('gone', 'tap_owner'), ('tap_owner', 'gone')) v(l, a);
SELECT is(kms.may_change(0, 'tap_owner', 'tap_owner'), false, 'nor anybody what is not there');
-- Of withdrawing, too, which has rights of its own: only by who asked.
SELECT is(pg_temp.attempt('tap_admin', format('DO $d$ BEGIN IF kms.withdraw_request(%s) THEN RAISE EXCEPTION ''taken back''; END IF; END $d$',
  (SELECT max(request_id) FROM kms.requests WHERE requested_by = 'tap_owner'))), 'done', 'another''s request stays');
SELECT is((SELECT count(*) FROM kms.requests WHERE requested_by = 'tap_owner' AND state = 'withdrawn'), 0::bigint, 'as it was');

-- Names that a session looks up elsewhere first.
SELECT is(pg_temp.attempt('tap_nobody', s), 'done', 'a trap: ' || s) FROM unnest(ARRAY[
  'CREATE FUNCTION tap_hostile.taken(name, name) RETURNS bool LANGUAGE plpgsql AS ''BEGIN RAISE EXCEPTION USING ERRCODE = ''''P0666''''; END''',
  'CREATE OPERATOR tap_hostile.= (LEFTARG = name, RIGHTARG = name, FUNCTION = tap_hostile.taken)',
  'CREATE FUNCTION tap_hostile.pg_has_role(oid, oid, text) RETURNS bool LANGUAGE sql AS ''SELECT true''']) s;
SELECT is(pg_temp.attempt('tap_admin', 'SET LOCAL search_path = tap_hostile, pg_catalog; SELECT ''a''::name = ''b''::name'), 'P0666', 'the trap works');
SELECT is(pg_temp.attempt('tap_admin', 'SET LOCAL search_path = tap_hostile, pg_catalog; ' || s), e, 'and not in ours: ' || s) FROM (VALUES
  ('SELECT kms.ask(''fill'', ''tap.customers'', ''card'', ''{}'', false, NULL)', '42501'), ('SELECT kms.may_change(''tap.customers''::regclass, ''tap_admin'', ''tap_admin'')', 'done'),
  ('SELECT kms.withdraw_request(0)', 'done'), ('SELECT kms.sample_columns()', 'done'), ('SELECT kms.plaintext_suspects()', 'done'),
  ('SELECT count(*) FROM kms.encryption_status', 'done'), ('SELECT kms.bind_columns(''tap.customers'')', '42501'),
  ('SELECT kms.row_context(''tap.customers'', ''email'', ''1'')', 'done')) v(s, e);

-- A view is its owner's table: who does not own it makes none, and row security is not gone around.
UPDATE kms.protected_columns SET field_name = 'emails', field_id = '\x0001020304050607' WHERE relation = 'tap.customers'::regclass;
GRANT CREATE ON SCHEMA tap TO tap_admin;
SELECT is(pg_temp.attempt('tap_admin', 'SELECT kms.make_view(''tap.customers'', ''tap.shown'', ''tap_admin'')'), '42501', 'no view of somebody else''s table');
ALTER TABLE tap.customers ENABLE ROW LEVEL SECURITY;
SELECT is(pg_temp.attempt('tap_owner', 'SELECT kms.make_view(''tap.customers'', ''tap.shown'', ''tap_admin'')'), '55000', 'none past row security');
ALTER TABLE tap.customers FORCE ROW LEVEL SECURITY;
SELECT is(pg_temp.attempt('postgres', 'SELECT kms.make_view(''tap.customers'', ''tap.shown'', ''tap_admin'')'), '55000', 'nor of somebody who bypasses it');
SELECT is(pg_temp.attempt('tap_owner', 'SELECT kms.make_view(''tap.customers'', ''tap.shown'', ''tap_admin'')'), 'done', 'one that it holds in');
INSERT INTO tap.customers VALUES (1, 'a', NULL), (2, 'b', NULL);
SET LOCAL ROLE tap_owner;
CREATE POLICY own_rows ON tap.customers USING (card = left(current_user, 0) || 'b' AND current_user = 'tap_reader');
GRANT SELECT ON tap.shown TO tap_reader, tap_sealer;
RESET ROLE;
SELECT is(pg_temp.attempt('tap_reader', 'DO $d$ BEGIN IF (SELECT array_agg(id) FROM tap.shown) <> ''{2}'' THEN RAISE EXCEPTION ''other rows''; END IF; END $d$'), 'done', 'policies choose its rows');
SELECT is(pg_temp.attempt('tap_sealer', 'DO $d$ BEGIN IF EXISTS (SELECT id FROM tap.shown) THEN RAISE EXCEPTION ''rows''; END IF; END $d$'), 'done', 'by who reads them');
SELECT is(pg_temp.attempt('tap_reader', 'SELECT * FROM tap.customers'), '42501', 'and the table stays closed');
SELECT is(pg_temp.attempt('tap_reader', 'UPDATE tap.shown SET card = ''x'''), '42501', 'to writers, too');

-- The temporary schema comes last, wherever a session puts it.
SELECT is(pg_temp.attempt('tap_admin', 'CREATE TEMP TABLE pg_roles (oid oid, rolname name); INSERT INTO pg_roles SELECT ''tap_owner''::regrole, ''tap_admin''; SELECT kms.ask(''fill'', ''tap.customers'', ''card'', ''{}'', false, NULL)'),
  '42501', 'a table of the session''s stands for none of the catalog');

SELECT * FROM finish();
ROLLBACK;
