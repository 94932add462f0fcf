-- The same of the JSON API: what no shim ever answers. Each line is an error with its state, and after
-- it the connection is as good as new.
\set SHOW_CONTEXT never
\set QUIET on
SET fieldkms.tenant = 'acme';
CREATE FUNCTION pg_temp.try(name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text; hint text; answer jsonb;
BEGIN
  answer := kms.rotate_key(name);
  RETURN 'result: ' || answer::text;
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''), nullif(hint, '')) ||
    CASE WHEN concat(SQLERRM, detail, hint) LIKE '%canary%' THEN ' LEAK' ELSE '' END ||
    CASE WHEN kms.rotate_key('after') ->> 'name' = 'after' AND kms.mask('echo', 'after') = 'after' THEN '' ELSE ' LOST' END;
END $$;
\set QUIET off
\pset format unaligned
\pset tuples_only on
SELECT name || ' -> ' || pg_temp.try(name) FROM unnest('{
  echo, cut_head, cut_body, close, garbage, endless_head, no_length, two_lengths, chunked, oversized, continue, unasked, empty,
  status_200_text, status_400, status_403, status_413, status_500, status_503, slow, close_after, echo, close_said, echo,
  json_none, json_array, json_cut, json_zero, json_no_utf8, json_deep, json_no_code, json_bad_code, json_bad_details, json_odd_details,
  code_-1, code_0, code_1, code_2, code_3, code_4, code_5, code_6, code_7, code_8, code_9, code_10, code_11, code_14, code_15, code_16,
  code_99}'::text[]) name;
-- Closed while nobody looked: repeated once, as a request that has an id may be.
SELECT kms.rotate_key('close_first') ->> 'name';
-- Time, of the statement and of the extension: at once.
SET fieldkms.timeout = '100ms';
SELECT pg_temp.try('hang');
SET fieldkms.timeout = '1h';
SET statement_timeout = '100ms';
SELECT kms.rotate_key('hang');
\echo :LAST_ERROR_SQLSTATE
RESET statement_timeout;
SELECT kms.rotate_key('after') ->> 'name';

-- Pages of a foreign table; the tenant says what is wrong with them.
CREATE FOREIGN TABLE faulty (name text, primary_version int4, create_time timestamptz) SERVER fieldkms OPTIONS (object 'keys');
CREATE FUNCTION pg_temp.try_page(fault text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  answer text;
BEGIN
  PERFORM set_config('fieldkms.tenant', fault, false);
  SELECT string_agg(concat_ws(' ', name, primary_version), ', ') INTO answer FROM faulty;
  RETURN 'result: ' || coalesce(answer, 'nothing');
EXCEPTION WHEN OTHERS OR query_canceled THEN
  RETURN concat_ws(' | ', SQLSTATE, SQLERRM) || CASE WHEN kms.mask('echo', 'after') = 'after' THEN '' ELSE ' LOST' END;
END $$;
RESET fieldkms.timeout;
SELECT name || ' -> ' || pg_temp.try_page(name) FROM unnest('{
  page_empty, page_null, page_itself, page_no_array, page_odd_item, page_odd_text, page_odd_number, page_fraction, page_huge_number,
  page_odd_time, page_odd_token, page_long_token, page_then_close, json_none, close, code_7, code_14}'::text[]) name;
DROP FOREIGN TABLE faulty;
