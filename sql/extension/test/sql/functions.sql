-- The functions, with fieldkms-shim and fieldkmsd (tests/integration/extension/prepare).
SET fieldkms.tenant = 'acme';
SET client_min_messages = warning;
\set VERBOSITY terse
\pset null NULL

-- encrypt, decrypt: bytes and text, in their context only.
SELECT kms.decrypt_text(kms.encrypt('notes', 'Zoë, 4711', kms.context('a', 'b')), kms.context('a', 'b'));
SELECT kms.decrypt(kms.encrypt('notes', '\x00ff'::bytea, kms.context()), kms.context());
SELECT kms.decrypt_text(kms.encrypt('notes', '', kms.context()), kms.context()) = '' AS empty_value;
SELECT kms.decrypt(kms.encrypt('notes', 'x', kms.context('a', 'b')), kms.context('a', 'c'));
\echo :LAST_ERROR_SQLSTATE
SELECT kms.decrypt(kms.encrypt('notes', 'x', kms.context()), kms.context(), 'cards');
\echo :LAST_ERROR_SQLSTATE
SELECT kms.encrypt('nothing', 'x', kms.context());
\echo :LAST_ERROR_SQLSTATE
SET fieldkms.tenant = 'globex';
SELECT kms.encrypt('notes', 'x', kms.context());
\echo :LAST_ERROR_SQLSTATE
SET fieldkms.tenant = 'acme';
SELECT kms.decrypt_text(kms.encrypt('notes', '\x41ff'::bytea, kms.context()), kms.context());
\echo :LAST_ERROR_SQLSTATE
-- By other names.
SELECT kms.decrypt_sensitive_data(kms.encrypt_sensitive_data('x', 'notes')), kms.decrypt_text(kms.encrypt_sensitive_data('y', 'notes', kms.context('a', 'b')), kms.context('a', 'b'));
-- Each call is one call: no value is computed once for all rows.
SELECT count(DISTINCT kms.encrypt('notes', 'same', kms.context())) FROM generate_series(1, 20);

-- Arrays: order, NULLs, bounds.
SELECT kms.decrypt_text_many(kms.encrypt_many('notes', '{a,NULL,c}'::text[], ARRAY[kms.context(), NULL, kms.context('x', 'y')]),
                             ARRAY[kms.context(), NULL, kms.context('x', 'y')]);
SELECT kms.decrypt_many(kms.encrypt_many('notes', '[0:1]={"\\x01","\\x02"}'::bytea[], array_fill(kms.context(), ARRAY[2])), array_fill(kms.context(), ARRAY[2]));
SELECT count(*), bool_and(v = 'v' || o) FROM unnest(kms.decrypt_text_many(
  kms.encrypt_many('notes', (SELECT array_agg('v' || i) FROM generate_series(1, 25000) i), array_fill(kms.context(), ARRAY[25000])),
  array_fill(kms.context(), ARRAY[25000]))) WITH ORDINALITY AS x(v, o);
SELECT kms.decrypt_many(ARRAY[kms.encrypt('notes', 'x', kms.context()), '\x11'], array_fill(kms.context(), ARRAY[2]));

-- rewrap: another context, another key with another suite.
CREATE TEMP TABLE sealed AS SELECT kms.encrypt('notes', 'moved', kms.context('row', '1')) AS e;
SELECT kms.decrypt_text(kms.rewrap(e, kms.context('row', '1'), to_context => kms.context('row', '2')), kms.context('row', '2')) FROM sealed;
SELECT (kms.envelope(kms.rewrap(e, kms.context('row', '1'), 'notes.next'))).suite FROM sealed;
SELECT kms.decrypt_text_many(kms.rewrap_many(array_agg(e), ARRAY[kms.context('row', '1')], to_contexts => ARRAY[kms.context('row', '9')]), ARRAY[kms.context('row', '9')]) FROM sealed;
SELECT kms.rewrap(e, kms.context('row', '2')) FROM sealed;

-- protect, reveal, mask.
CREATE TEMP TABLE cards AS SELECT (kms.protect('cards', '4111 1111 1111 1111', kms.context('row', '1'))).*;
SELECT (kms.envelope(ciphertext)).suite, document, mask, octet_length(blind_index) AS index_bytes,
       fpe_text <> '4111 1111 1111 1111' AS fpe, fpe_version, token LIKE 'tok\_%' AS token FROM cards;
SELECT kms.reveal('cards', ciphertext, kms.context('row', '1')) AS masked,
       kms.reveal('cards', ciphertext, kms.context('row', '1'), 'bin_last4') AS bin_last4,
       kms.reveal('cards', ciphertext, kms.context('row', '1'), 'full') AS "full",
       kms.reveal_fpe('cards', fpe_text, fpe_version, 'full') AS fpe,
       kms.detokenize('cards', token, 'full') AS token FROM cards;
SELECT kms.reveal('cards', ciphertext, kms.context('row', '2'), 'full') FROM cards;
SELECT kms.reveal('cards', ciphertext, kms.context('row', '1'), 'everything') FROM cards;
SELECT kms.protect('cards', '4111 1111 1111 1112', kms.context());
SELECT kms.protect_many('cards', '{4111111111111111,NULL,4111111111111112}', array_fill(kms.context(), ARRAY[3]));
SELECT o, mask FROM unnest(kms.protect_many('cards', '{4111111111111111,NULL,5555555555554444}', array_fill(kms.context(), ARRAY[3])))
  WITH ORDINALITY AS p(ciphertext, document, mask, blind_index, fpe_text, fpe_version, token, o) ORDER BY o;
SELECT kms.reveal_many('cards', ARRAY[ciphertext, NULL], ARRAY[kms.context('row', '1'), NULL]) FROM cards;
SELECT kms.mask('cards', '4111111111111111'), kms.mask_many('cards', '{5555555555554444,NULL}');
SELECT kms.reveal_document('documents', (kms.protect('documents', '{"secret": "s", "open": 1}', kms.context())).document, kms.context(), 'full');
SELECT kms.reveal_document('documents', (kms.protect('documents', '{"secret": "s", "open": 1}', kms.context())).document, kms.context()) LIKE '%"s"%' AS shown;
-- A value of a data subject is of suite 3.
SELECT (kms.envelope((kms.protect('names', 'Zoë', kms.context(), 'customer-1')).ciphertext)).suite;

-- What FieldService seals is bound to its field; by keys it opens with that entry.
SELECT kms.reveal('names', kms.encrypt('notes', 'x', kms.context()), kms.context(), 'full');

-- Search: by the index of now, and by older ones.
SELECT blind_index = kms.blind_index('cards', '4111-1111-1111-1111') AS found_by_another_spelling,
       blind_index = ANY (kms.blind_index_terms('cards', '4111111111111111')) AS found FROM cards;
SELECT cardinality(kms.blind_index_terms_many('cards', '{4111111111111111,NULL,5555555555554444}')) AS terms;
CREATE TEMP TABLE many AS SELECT i AS id, decode(lpad(to_hex(i), 36, '0'), 'hex') AS blind_index FROM generate_series(1, 5000) i;
INSERT INTO many SELECT 0, blind_index FROM cards;
CREATE INDEX ON many (blind_index);
ANALYZE many;
-- A plan as PostgreSQL 17 and later show it.
CREATE FUNCTION plan_of(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || statement LOOP
    RETURN NEXT replace(replace(line, 'ANY ($0)', 'ANY ((InitPlan 1).col1)'), ' (returns $0)', '');
  END LOOP;
END $$;
SELECT plan_of($$ SELECT id FROM many WHERE blind_index = ANY ((SELECT kms.blind_index_terms('cards', '4111111111111111'))::bytea[]) $$);
DROP FUNCTION plan_of;
SELECT id FROM many WHERE blind_index = ANY ((SELECT kms.blind_index_terms('cards', '4111111111111111'))::bytea[]);

-- Tokens: each use is a call, and a single use is one.
SELECT kms.detokenize_many('cards', kms.tokenize_many('cards', '{4111111111111111,NULL}'), 'full');
CREATE TEMP TABLE token AS SELECT kms.tokenize('single', '4111111111111111') AS t;
SELECT kms.detokenize('single', t, 'full') FROM token;
SELECT kms.detokenize('single', t, 'full') FROM token;
\echo :LAST_ERROR_SQLSTATE

SELECT (kms.validate('cards', '4111111111111112')).rule, (kms.validate('cards', '4111111111111111')).valid;
SELECT (unnest(kms.validate_many('cards', '{4111111111111112,4111111111111111}'))).valid;

-- The shim's rules go by the role: this one may see masks, whatever the grants in SQL say.
CREATE ROLE regress_clerk IN ROLE kms_user, kms_reader;
GRANT SELECT ON cards TO regress_clerk;
SET ROLE regress_clerk;
SELECT kms.reveal('cards', ciphertext, kms.context('row', '1')) FROM cards;
SELECT kms.reveal('cards', ciphertext, kms.context('row', '1'), 'full') FROM cards;
\echo :LAST_ERROR_SQLSTATE
SELECT kms.encrypt('notes', 'x', kms.context());
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
DROP TABLE cards;
DROP ROLE regress_clerk;
