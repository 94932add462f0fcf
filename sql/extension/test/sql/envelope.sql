-- What a ciphertext shows without any call: the vectors of crypto/FORMAT.md's form.
SET search_path = public, pg_temp;
CREATE TEMP TABLE samples (what text PRIMARY KEY, envelope bytea);
INSERT INTO samples VALUES
  ('suite 1', '\x11'::bytea || '\x0102030405060708' || '\x00000007' || decode(repeat('5a', 40), 'hex')),
  ('suite 1, longer', '\x11'::bytea || '\xffffffffffffffff' || '\xffffffff' || decode(repeat('5a', 41), 'hex')),
  ('suite 2', '\x12'::bytea || '\x0102030405060708' || '\x00000001' || decode(repeat('5a', 72), 'hex')),
  ('suite 3', '\x13'::bytea || '\x0102030405060708' || '\x00000001' || decode(repeat('0f', 16) || repeat('5a', 40), 'hex')),
  ('suite 1, cut', '\x11'::bytea || '\x0102030405060708' || '\x00000007' || decode(repeat('5a', 39), 'hex')),
  ('suite 2, cut', '\x12'::bytea || '\x0102030405060708' || '\x00000001' || decode(repeat('5a', 71), 'hex')),
  ('suite 3, cut', '\x13'::bytea || '\x0102030405060708' || '\x00000001' || decode(repeat('5a', 55), 'hex')),
  ('no key', '\x11'::bytea || '\x0000000000000000' || '\x00000007' || decode(repeat('5a', 40), 'hex')),
  ('no version', '\x11'::bytea || '\x0102030405060708' || '\x00000000' || decode(repeat('5a', 40), 'hex')),
  ('no suite', '\x14'::bytea || '\x0102030405060708' || '\x00000007' || decode(repeat('5a', 80), 'hex')),
  ('plaintext', '4111 1111 1111 1111'::bytea),
  ('empty', ''),
  ('NULL', NULL);
SELECT what, (kms.envelope(envelope)).* FROM samples ORDER BY what COLLATE "C";

-- The text form: one for each envelope.
SELECT what, kms.to_text(envelope) AS text_form,
       kms.from_text(kms.to_text(envelope)) = envelope AS same,
       kms.envelope(kms.to_text(envelope)) = kms.envelope(envelope) AS same_header
FROM samples WHERE kms.envelope(envelope) IS NOT NULL OR what = 'suite 1' ORDER BY what COLLATE "C";
\set VERBOSITY terse
SELECT kms.to_text('4111 1111 1111 1111');
SELECT kms.from_text('4111 1111 1111 1111');
SELECT kms.from_text(kms.to_text(envelope) || '=') FROM samples WHERE what = 'suite 1';
SELECT kms.from_text(upper(kms.to_text(envelope))) FROM samples WHERE what = 'suite 1';
SELECT kms.envelope('4111 1111 1111 1111'::text) IS NULL AS plaintext;

-- Fit for CHECK constraints and indexes.
CREATE TEMP TABLE cards (card bytea CHECK (kms.envelope(card) IS DISTINCT FROM NULL));
CREATE INDEX ON cards (((kms.envelope(card)).key_id), ((kms.envelope(card)).version));
INSERT INTO cards SELECT envelope FROM samples WHERE what LIKE 'suite _';
\set VERBOSITY sqlstate
INSERT INTO cards VALUES ('4111 1111 1111 1111');
\set VERBOSITY terse
SET enable_seqscan = off;
EXPLAIN (COSTS off) SELECT FROM cards WHERE (kms.envelope(card)).key_id = '0102030405060708';
SELECT count(*) FROM cards WHERE (kms.envelope(card)).key_id = '0102030405060708';
RESET enable_seqscan;
