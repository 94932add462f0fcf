-- What values become, who sees how much of them, and errors of the service, with fieldkms-shim and fieldkmsd
-- (tests/integration/extension/prepare). The shim lets `postgres` do all, and `regress_clerk` reveal masked.
\ir setup.psql
SELECT no_plan();
SET LOCAL fieldkms.tenant = 'acme';
CREATE ROLE tap_owner IN ROLE kms_admin;
CREATE ROLE regress_clerk IN ROLE kms_reader, kms_user;
CREATE SCHEMA tap AUTHORIZATION tap_owner;
GRANT USAGE ON SCHEMA tap TO PUBLIC;
SET LOCAL ROLE tap_owner;
CREATE TABLE tap.customers (id int PRIMARY KEY, region text NOT NULL, card bytea, card_index bytea);
CREATE INDEX by_card ON tap.customers (card_index);
RESET ROLE;
CREATE FOREIGN TABLE known_fields (name text, field_id text) SERVER fieldkms OPTIONS (object 'fields');
INSERT INTO kms.protected_columns (binding_id, relation, relation_oid, attribute, attribute_number, tenant, key_name, shape, key_attributes, key_numbers,
  field_name, field_id, index_attribute, index_number)
SELECT '\x1f0e0d0c0b0a09080706050403020100', 'tap.customers', 'tap.customers'::regclass, 'card', 3, 'acme', 'cards', 'bytea', '{id}', '{1}',
  'cards', decode(field_id, 'hex'), 'card_index', 4 FROM known_fields WHERE name = 'cards';
GRANT SELECT ON kms.protected_columns TO tap_owner;
SELECT is(pg_temp.attempt('tap_owner', 'SELECT kms.bind_columns(''tap.customers'')'), 'done', 'the owner binds');

-- Values.
SELECT is(kms.decrypt_text(kms.encrypt('notes', 'naïve', kms.context('a', '1')), kms.context('a', '1')), 'naïve', 'there and back');
SELECT throws_ok($$ SELECT kms.decrypt(kms.encrypt('notes', 'x', kms.context('a', '1')), kms.context('a', '2')) $$, '22F01', NULL, 'not in another context');
SELECT throws_ok($$ SELECT kms.decrypt('\x00', kms.context()) $$, '22F01', NULL, 'not what is no ciphertext');
SELECT throws_ok($$ SELECT kms.decrypt(kms.encrypt('notes', 'x', kms.context()), kms.context(), 'cards') $$, '22F01', NULL, 'not of another key');
SELECT throws_ok($$ SELECT kms.encrypt('no.such', 'x', kms.context()) $$, '42704', NULL, 'no such key');
SELECT throws_ok($$ SELECT kms.mask('no.such', 'x') $$, '42704', NULL, 'no such field');
SELECT throws_ok($$ SELECT kms.protect('cards', '4111111111111112', kms.context()) $$, '22023', NULL, 'a check digit');
SELECT throws_ok($$ SELECT kms.mask('cards', repeat('4', 9000000)) $$, '54000', NULL, 'a value that is too long');
SELECT is(kms.decrypt_text_many(kms.encrypt_many('notes', ARRAY['a', NULL, 'c'], ARRAY[kms.context(), NULL, kms.context()]), ARRAY[kms.context(), NULL, kms.context()]),
  ARRAY['a', NULL, 'c'], 'arrays keep order and NULLs');
SELECT is((kms.protect('cards', '4111111111111111', kms.context())).mask, '************1111', 'a mask');
SELECT throws_ok($$ SELECT kms.reveal('cards', (kms.protect('cards', '4111111111111111', kms.context())).ciphertext, kms.context(), 'all') $$, '22023', NULL, 'no such view');
CREATE TEMP TABLE used AS SELECT kms.tokenize('single', '5555555555554444') AS token;
SELECT is((SELECT kms.detokenize('single', token, 'full') FROM used), '5555555555554444', 'a token for single use');
SELECT throws_ok($$ SELECT kms.detokenize('single', token, 'full') FROM used $$, '42704', NULL, 'is gone then');
SET LOCAL fieldkms.tenant = 'globex';
SELECT throws_ok($$ SELECT kms.encrypt('notes', 'x', kms.context()) $$, '42501', NULL, 'another tenant');
SET LOCAL fieldkms.tenant = 'acme';

-- Rows.
INSERT INTO tap.customers SELECT i, CASE WHEN i < 3 THEN 'eu' ELSE 'us' END, p.ciphertext, p.blind_index
  FROM generate_series(1, 4) i, LATERAL (SELECT (kms.protect('cards', '4111111111111111', kms.new_row_context('tap.customers', 'card'))).*) p;
SELECT is((SELECT array_agg(kms.reveal('cards', card, kms.row_context('tap.customers', 'card', id::text), 'full')) FROM tap.customers),
  array_fill('4111111111111111'::text, '{4}'), 'each opens in its row');
SELECT throws_ok($$ UPDATE tap.customers SET card = (SELECT card FROM tap.customers WHERE id = 1) WHERE id = 2 $$, '22F01', NULL, 'and in no other');
SELECT throws_ok($$ INSERT INTO tap.customers VALUES (9, 'eu', '4111111111111111') $$, '22F01', NULL, 'plaintext does not get in');
SET LOCAL enable_seqscan = off;
SELECT is((SELECT count(*) FROM tap.customers WHERE card_index = ANY ((SELECT kms.blind_index_terms('cards', '4111 1111 1111 1111'))::bytea[])), 4::bigint, 'found by the index');

-- Roles: who sees what by the view; policies of the table hold in it.
SET LOCAL ROLE tap_owner;
ALTER TABLE tap.customers ENABLE ROW LEVEL SECURITY;
ALTER TABLE tap.customers FORCE ROW LEVEL SECURITY;
CREATE POLICY regions ON tap.customers USING (current_user <> 'regress_clerk' OR region = 'eu');
RESET ROLE;
SELECT is(pg_temp.attempt('tap_owner', 'SELECT kms.make_view(''tap.customers'', ''tap.shown'', ''postgres'')'), 'done', 'the owner makes a view');
GRANT SELECT ON tap.shown TO regress_clerk;
CREATE FUNCTION pg_temp.seen(login text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE found text;
BEGIN
  EXECUTE format('SET LOCAL SESSION AUTHORIZATION %I', login);
  SELECT string_agg(id || ' ' || card, ', ' ORDER BY id) INTO found FROM tap.shown;
  SET LOCAL SESSION AUTHORIZATION DEFAULT;
  RETURN found;
END $$;
SELECT is(pg_temp.seen('postgres'), '1 4111111111111111, 2 4111111111111111, 3 4111111111111111, 4 4111111111111111', 'all, in full');
SELECT is(pg_temp.seen('regress_clerk'), '1 ************1111, 2 ************1111', 'some, masked');
SELECT is(pg_temp.attempt('regress_clerk', s), '42501', 'a clerk: ' || s) FROM unnest(ARRAY[
  'SELECT kms.reveal(''cards'', ''\x00'', kms.context(), ''full'')', 'SELECT kms.decrypt(''\x00'', kms.context())', 'SELECT kms.encrypt(''notes'', ''x'', kms.context())',
  'SELECT * FROM tap.customers', 'SELECT kms.rotate_key(''notes'')', 'DELETE FROM tap.shown']) s;

SELECT * FROM finish();
ROLLBACK;
