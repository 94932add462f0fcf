-- Without a shim: what calls nobody works, what calls says so, and no value is in what it says.
\set SHOW_CONTEXT never
\pset null NULL
SET search_path = public, pg_temp;
SELECT kms.encrypt('k', NULL::text, kms.context()), kms.encrypt('k', 'x', NULL), kms.protect('f', NULL, kms.context());
SELECT kms.encrypt_many('k', '{}'::text[], '{}'), kms.encrypt_many('k', '{NULL,NULL}'::text[], '{NULL,NULL}'),
       kms.encrypt_many('k', NULL::text[], '{}'), kms.mask_many('f', '[3:4]={NULL,NULL}');
SELECT kms.tokenize_many('f', '{NULL}', NULL), kms.blind_index_terms_many('f', '{NULL,NULL}');
\set VERBOSITY sqlstate
-- Arrays of more dimensions or other lengths, and NULLs beside values.
SELECT kms.mask_many('f', '{{a,b},{c,d}}');
SELECT kms.encrypt_many('k', '{a,b}'::text[], ARRAY[kms.context()]);
SELECT kms.encrypt_many('k', '{a}'::text[], ARRAY[NULL]::kms.context[]);
SELECT kms.protect_many('f', '{a,b}', ARRAY[kms.context(), kms.context()], '{{x,y}}');
SELECT kms.reveal_fpe('f', '4111', -1);
SELECT kms.rewrap('\x00', NULL);
-- No tenant is named; then one is.
SELECT kms.mask('f', '4');
SET fieldkms.tenant = 'acme';
SELECT kms.mask(repeat('f', 70000), '4');
-- The shim is not there.
SELECT kms.encrypt('k', 'x', kms.context());
SELECT kms.mask_many('f', '{a,NULL}');
SELECT kms.row_context('public.customers', 'card', '1');
DO $$
BEGIN
  PERFORM kms.mask('f', '4111-canary');
EXCEPTION WHEN connection_failure THEN
  RAISE NOTICE 'caught: %', SQLERRM LIKE '%canary%';
END $$;
-- Prepared and not executed, or explained: nothing is called.
PREPARE masked AS SELECT kms.mask('f', $1);
EXPLAIN (COSTS off) EXECUTE masked('4111-canary');
EXPLAIN (COSTS off) SELECT kms.mask('f', '4111'), kms.decrypt('\x00', '\x0000');
-- A query that could go parallel keeps its calls in the leader.
CREATE TEMP TABLE many AS SELECT i FROM generate_series(1, 10) i;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS off) SELECT kms.mask('f', relname) FROM pg_class WHERE kms.envelope(relname::text) IS NULL;
