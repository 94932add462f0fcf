-- NULLs, arrays and contexts, and errors by their SQLSTATE, on a server without a shim.
\ir setup.psql
SELECT no_plan();
SET LOCAL fieldkms.tenant = 'acme';

-- A NULL stays one and calls nobody.
SELECT is(kms.encrypt('k', NULL::text, kms.context()), NULL, 'no text, no ciphertext');
SELECT is(kms.encrypt('k', NULL::bytea, kms.context()), NULL, 'no bytes, no ciphertext');
SELECT is(kms.decrypt(NULL, kms.context()), NULL, 'no ciphertext, no value');
SELECT is(kms.protect('f', NULL, kms.context()), NULL, 'nothing to protect');
SELECT is(kms.tokenize('f', NULL), NULL, 'nothing to tokenize');
SELECT is(kms.reveal('f', NULL, kms.context()), NULL, 'nothing to reveal');
SELECT is(kms.envelope(NULL::bytea), NULL, 'no ciphertext, no header');
SELECT is(kms.envelope('\x'::bytea), NULL, 'what is no ciphertext has no header');
SELECT is(kms.envelope('4111111111111111'::text), NULL, 'nor has plaintext');
SELECT is(kms.mask_many('f', '{}'), '{}', 'of nothing, nothing');
SELECT is(kms.mask_many('f', '{NULL,NULL}'), '{NULL,NULL}', 'NULLs in their places');
SELECT is(kms.mask_many('f', '[3:4]={NULL,NULL}'), '[3:4]={NULL,NULL}', 'and the bounds of the array');
SELECT is(kms.blind_index_terms_many('f', '{NULL}'), '{}', 'no value, no terms');

-- Arrays that do not fit, before anything is sent.
SELECT throws_ok($$ SELECT kms.mask_many('f', '{{a,b},{c,d}}') $$, '2202E', NULL, 'two dimensions');
SELECT throws_ok($$ SELECT kms.encrypt_many('k', '{a,b}'::text[], ARRAY[kms.context()]) $$, '2202E', NULL, 'other lengths');
SELECT throws_ok($$ SELECT kms.encrypt_many('k', '{a}'::text[], ARRAY[NULL]::kms.context[]) $$, '22004', NULL, 'a NULL beside a value');
SELECT throws_ok($$ SELECT kms.rewrap('\x00', NULL) $$, '22004', NULL, 'a ciphertext without a context');
SELECT throws_ok($$ SELECT kms.reveal_fpe('f', '4111', -1) $$, '22023', NULL, 'a version below zero');

-- Contexts.
SELECT throws_ok($$ SELECT kms.context('one'::text) $$, '22023', NULL, 'a name without a value');
SELECT throws_ok($$ SELECT kms.context('a', '1', 'a', '2') $$, '22023', NULL, 'a name twice');
SELECT throws_ok($$ SELECT '\x00'::kms.context $$, '23514', NULL, 'bytes that are no context');
SELECT throws_ok($$ SELECT kms.row_context('\x00'::bytea, '1') $$, '22023', NULL, 'a binding id of another length');
SELECT throws_ok($$ SELECT kms.row_context('pg_class', 'relname', '1') $$, '42704', NULL, 'a column that is not registered');
SELECT throws_ok($$ SELECT kms.row_context('no.such', 'x', '1') $$, '3F000', NULL, 'a table that is not there');
SELECT isnt(kms.context('a', '1', 'b', '2'), kms.context('a', '1', 'b', '3'), 'contexts differ by a value');
SELECT is(kms.context('a', '1', 'b', '2'), kms.context('b', '2', 'a', '1'), 'and not by the order of their names');
SELECT isnt(kms.row_context('\x000102030405060708090a0b0c0d0e0f'::bytea, 'a', 'b'), kms.row_context('\x000102030405060708090a0b0c0d0e0f'::bytea, 'ab', ''),
  'columns of a key do not run together');

-- Calls.
SELECT throws_ok($$ SELECT kms.mask(repeat('f', 70000), '4') $$, '22023', NULL, 'a name that is too long');
SELECT throws_ok($$ SELECT kms.encrypt('k', 'x', kms.context()) $$, '08006', NULL, 'no shim');
SELECT throws_ok($$ SELECT kms.rotate_key('k') $$, '08006', NULL, 'nor for keys');
SELECT throws_ok($$ SELECT kms.rotate_key(NULL) $$, '22004', NULL, 'a key without a name');
SELECT throws_ok($$ SELECT kms.create_key('k', rotation_period => '1 month') $$, '22023', NULL, 'a month has no length');
SELECT throws_ok($$ SET LOCAL fieldkms.timeout = 0 $$, '22023', NULL, 'no time at all');
SELECT throws_ok($$ SET LOCAL fieldkms.socket = '/x' $$, '55P02', NULL, 'a setting of the server');
SET LOCAL fieldkms.tenant = '';
SELECT throws_ok($$ SELECT kms.mask('f', '4') $$, '22023', NULL, 'no tenant');
-- No error has a value in its message.
SET LOCAL fieldkms.tenant = 'acme';
CREATE FUNCTION pg_temp.message_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE m text; d text; h text; c text;
BEGIN
  EXECUTE statement;
  RETURN 'none';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
  RETURN concat_ws(' ', m, d, h);
END $$;
SELECT unalike(pg_temp.message_of(s), '%4111%', s) FROM unnest(ARRAY[
  $$ SELECT kms.mask('f', '4111-canary') $$, $$ SELECT kms.protect_many('f', '{4111-canary,x}', ARRAY[kms.context(), NULL]) $$,
  $$ SELECT kms.from_text('4111-canary') $$, $$ SELECT kms.encrypt('f', '4111-canary', '\x00') $$,
  $$ SELECT kms.tokenize('f', '4111-canary', repeat('x', 70000)) $$]) s;

SELECT * FROM finish();
ROLLBACK;
