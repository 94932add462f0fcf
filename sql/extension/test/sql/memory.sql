-- The memory of a scan, where PostgreSQL shows it (from 14 on), after fdw.sql, which has made the keys.
SET fieldkms.tenant = 'acme';
SET client_min_messages = warning;
CREATE SCHEMA other;
CREATE FOREIGN TABLE other.short (name text, primary_version int4) SERVER fieldkms OPTIONS (object 'keys', page_size '2');
-- A dozen pages later a scan has no more memory than with one.
BEGIN;
DECLARE two CURSOR FOR SELECT name FROM other.short;
FETCH 1 FROM two;
SELECT max(used_bytes) AS one FROM pg_backend_memory_contexts WHERE name = 'fieldkms page' \gset
MOVE 24 FROM two;
SELECT max(used_bytes) < 2 * :one AS no_more, count(*) AS contexts FROM pg_backend_memory_contexts WHERE name = 'fieldkms page';
COMMIT;
DROP SCHEMA other CASCADE;
