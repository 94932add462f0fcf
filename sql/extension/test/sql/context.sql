-- Contexts, in the canonical form that the service signs.
SET search_path = public, pg_temp;

-- The examples of crypto/FORMAT.md.
SELECT kms.context();
SELECT kms.row_context('\x000102030405060708090a0b0c0d0e0f'::bytea, '42');
SELECT kms.row_context('\x000102030405060708090a0b0c0d0e0f'::bytea, 'de', '7');
-- Names are sorted as bytes.
SELECT kms.context('z', '1', 'a.b', '2', 'a', '', 'a-b', '3');
SELECT kms.with_entry(kms.context('pk', '42'), 'f', '\x0102030405060708') =
       kms.with_entry(kms.with_entry(kms.context(), 'f', '\x0102030405060708'), 'pk', '42'::bytea);

-- A context is data that indexes and generated columns may be made of.
CREATE TEMP TABLE orders (id int PRIMARY KEY, place kms.context GENERATED ALWAYS AS
  (kms.row_context('\x000102030405060708090a0b0c0d0e0f'::bytea, id::text)) STORED);
INSERT INTO orders VALUES (42);
SELECT place FROM orders;

-- What is wrong is named, the values are not.
\set SHOW_CONTEXT never
\set VERBOSITY terse
SELECT kms.context('Name', 'value-4111');
SELECT kms.context('', 'value-4111');
SELECT kms.context('a', '1', 'a', 'value-4111');
SELECT kms.context('a', '1', 'b');
SELECT kms.context(VARIADIC array_fill('a'::text, ARRAY[34]));
SELECT kms.context('a', repeat('v', 4097));
SELECT kms.context('a', repeat('v', 4096), 'b', repeat('v', 4096));
SELECT kms.context('a', NULL);
SELECT kms.context(VARIADIC '{{a,b},{c,d}}'::text[]);
SELECT kms.row_context('\x00'::bytea, '42');
SELECT kms.row_context('\x000102030405060708090a0b0c0d0e0f'::bytea, VARIADIC '{}');
SELECT kms.with_entry(kms.context('a', '1'), 'a', '\x00');
-- The domain takes canonical form only.
SELECT '\x0001'::bytea::kms.context;
SELECT '\x000000'::bytea::kms.context;
SELECT '\x0002000162000000000001610000000000'::bytea::kms.context;
