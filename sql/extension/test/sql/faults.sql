-- What no shim ever does (tests/support/faulty_shim: the name says what). Each line is an error
-- with its state, and after it the connection is as good as new.
\set SHOW_CONTEXT never
\set QUIET on
SET fieldkms.tenant = 'acme';
CREATE FUNCTION pg_temp.try(name text, value text DEFAULT '4111-canary') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text; hint text;
BEGIN
  RETURN 'result: ' || kms.mask(name, value);
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''), nullif(hint, '')) ||
    CASE WHEN concat(SQLERRM, detail, hint) LIKE '%canary%' THEN ' LEAK' ELSE '' END ||
    CASE WHEN kms.mask('echo', 'after') = 'after' THEN '' ELSE ' LOST' END;
END $$;
\set QUIET off
\pset format unaligned
\pset tuples_only on
SELECT name || ' -> ' || pg_temp.try(name) FROM unnest('{
  echo, cut_head, cut_body, close, garbage, endless_head, no_length, two_lengths, chunked, oversized,
  continue, unasked, empty, no_magic, other_op, more_results, fewer_results, false_count, cut_frame,
  long_frame, absent, no_utf8, zero_byte, status_200_text, status_400, status_403, status_413, status_500, status_503,
  kind_0, kind_1, kind_2, kind_3, kind_4, kind_5, kind_6, kind_7, kind_8, kind_10, kind_99,
  slow, close_after, echo, close_said, echo}'::text[]) name;

-- The answer that follows one that nobody has asked for is that to the next call.
SELECT kms.mask('unasked', 'first'), kms.mask('echo', 'second'), kms.mask('unasked', 'third'), kms.mask('echo', 'fourth');

-- Closed while nobody looked: repeated once, but where a token could be lost.
SELECT kms.mask('echo', 'kept');
SELECT kms.mask('close_first', 'again');
SELECT kms.mask('calls', 'close_first') AS calls;
SELECT kms.mask('echo', 'kept');
SELECT kms.tokenize('close', 'once');
\echo :LAST_ERROR_SQLSTATE
-- Above it was called twice, and here once more.
SELECT kms.mask('calls', 'close') AS calls;
-- That a connection was closed while idle is seen before anything is sent.
SELECT kms.tokenize('echo', 'kept');
\! psql -Xqd contrib_regression -o /dev/null -c "SET fieldkms.tenant = 'acme'" -c "SELECT kms.mask('close_others', 'x')"
SELECT kms.tokenize('echo', 'again');

-- An item's failure names its place, and takes the statement with it.
SELECT kms.mask_many('second_fails', '{a,NULL,b,c}');

-- Frames of 10,000 items, in order; and of no more than 8 MiB.
SELECT count(*), bool_and(v = o::text) FROM unnest(kms.mask_many('echo', (SELECT array_agg(i::text) FROM generate_series(1, 34567) i))) WITH ORDINALITY x(v, o);
SELECT count(*), bool_and(length(v) = 1000000) FROM unnest(kms.mask_many('echo', array_fill(repeat('x', 1000000), ARRAY[30]))) v;
SELECT kms.mask_many('cut_frame', (SELECT array_agg(i::text) FROM generate_series(1, 34567) i));
SELECT kms.mask('echo', 'after');

-- Longer than any call may be; the connection does not suffer.
SELECT kms.mask('echo', repeat('x', 9000000));
SELECT kms.mask('echo', 'after');

-- Time: of one answer, and of the statement.
SET fieldkms.timeout = 100;
SELECT kms.mask('hang', 'x');
\echo :LAST_ERROR_SQLSTATE
SELECT kms.mask('echo', 'after');
RESET fieldkms.timeout;
SET statement_timeout = 100;
SELECT kms.mask('hang', 'x');
\echo :LAST_ERROR_SQLSTATE
SELECT kms.mask('echo', 'after');
SELECT kms.mask_many('hang', (SELECT array_agg(repeat('x', 1000)) FROM generate_series(1, 30000) i));
\echo :LAST_ERROR_SQLSTATE
RESET statement_timeout;
SELECT kms.mask('echo', 'after');
SELECT kms.mask('kind_9', 'x');
\echo :LAST_ERROR_SQLSTATE

-- Subtransactions, exceptions and prepared transactions leave the connection usable.
BEGIN;
SAVEPOINT s;
SELECT kms.mask('cut_body', 'x');
ROLLBACK TO s;
SELECT kms.mask('echo', 'after a savepoint');
PREPARE TRANSACTION 'regress_fieldkms';
SELECT kms.mask('echo', 'prepared');
ROLLBACK PREPARED 'regress_fieldkms';
DO $$
BEGIN
  FOR i IN 1..200 LOOP
    BEGIN
      PERFORM kms.mask('cut_body', 'x');
    EXCEPTION WHEN connection_failure THEN NULL;
    END;
  END LOOP;
END $$;
SELECT count(*) FROM pg_ls_dir('/proc/' || pg_backend_pid() || '/fd') HAVING count(*) > 100;
