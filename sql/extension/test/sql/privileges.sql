-- Who may do what, and what functions are labelled as.
SET search_path = public, pg_temp;
SET client_min_messages = warning;
\set VERBOSITY terse

-- Nothing is everybody's, and nothing runs with the rights of whoever made it.
SELECT p.oid::regprocedure AS everybodys FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass
JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass AND e.extname = 'fieldkms'
WHERE has_function_privilege('public', p.oid, 'EXECUTE') OR p.prosecdef;
SELECT t.typname AS everybodys FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
WHERE nspname = 'kms' AND typname IN ('context', 'envelope_header', 'protected_value', 'validation')
  AND has_type_privilege('public', t.oid, 'USAGE');

-- Each function: volatile where it calls, leakproof nowhere, and for whom.
SELECT p.oid::regprocedure AS function, provolatile AS v, proparallel AS p, proleakproof AS l, procost AS cost,
  concat_ws(' ', CASE WHEN has_function_privilege('kms_user', p.oid, 'EXECUTE') THEN 'user' END,
    CASE WHEN has_function_privilege('kms_reader', p.oid, 'EXECUTE') THEN 'reader' END,
    CASE WHEN has_function_privilege('kms_admin', p.oid, 'EXECUTE') THEN 'admin' END) AS roles
FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass
JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass AND e.extname = 'fieldkms'
ORDER BY p.oid::regprocedure::text COLLATE "C";

-- The schema is not the extension's: it goes without it, and what else is in it stays.
SELECT count(*) AS schema_members FROM pg_depend
WHERE classid = 'pg_namespace'::regclass AND refclassid = 'pg_extension'::regclass AND deptype = 'e';

CREATE ROLE regress_nobody; CREATE ROLE regress_sealer IN ROLE kms_user; CREATE ROLE regress_opener IN ROLE kms_reader;
SET ROLE regress_nobody;
SELECT kms.context();
SELECT kms.encrypt('k', 'x', '\x0000');
RESET ROLE;
SET ROLE regress_sealer;
SELECT kms.context();
SELECT kms.decrypt('\x00', '\x0000');
SELECT kms.reveal('f', '\x00', '\x0000');
SELECT kms.detokenize('f', 't', 'full');
SELECT kms.bind_columns('pg_class');
RESET ROLE;
SET ROLE regress_opener;
SELECT kms.encrypt('k', 'x', '\x0000');
SELECT kms.tokenize('f', 'x');
-- Where the shim is, is not for everybody to say, nor to know.
SET fieldkms.socket = '/nowhere';
\set VERBOSITY sqlstate
SHOW fieldkms.socket;
\set VERBOSITY terse
SET fieldkms.shim_user = 'postgres';
SET fieldkms.tenant = 'acme';
SHOW fieldkms.tenant;
SET fieldkms.timeout = '2s';
\set VERBOSITY sqlstate
SET fieldkms.timeout = 0;
\set VERBOSITY terse
-- PostgreSQL 13 and 14 take settings that nobody knows.
DO $$
BEGIN
  SET fieldkms.token = 'secret';
  IF current_setting('server_version_num')::int >= 150000 THEN RAISE EXCEPTION 'it was taken'; END IF;
EXCEPTION
  WHEN invalid_name THEN NULL;
END $$;
RESET ROLE;
SET fieldkms.socket = '/nowhere';
DROP ROLE regress_nobody, regress_sealer, regress_opener;

-- Functions, operators and casts of somebody else's come before PostgreSQL's own in the path: they are
-- not what runs.
CREATE SCHEMA hostile;
CREATE FUNCTION hostile.format(text, regclass) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'taken over'; END $$;
CREATE FUNCTION hostile.taken(text, text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE 'taken over'; END $$;
CREATE OPERATOR hostile.= (LEFTARG = text, RIGHTARG = text, FUNCTION = hostile.taken);
CREATE FUNCTION hostile.taken_name(name, name) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE 'taken over'; END $$;
CREATE OPERATOR hostile.= (LEFTARG = name, RIGHTARG = name, FUNCTION = hostile.taken_name);
CREATE TABLE hostile.protected_columns (relation int);
SET search_path = hostile, kms, pg_catalog, public;
SELECT 'a'::text = 'b'::text;
SELECT format('%s', 'pg_class'::regclass);
SELECT context('a', 'b'), envelope('\x11'::bytea) IS NULL AS none, row_context('\x000102030405060708090a0b0c0d0e0f'::bytea, '1') IS NULL AS none;
SELECT row_context('pg_class', 'relname', '1');
SELECT bind_columns('hostile.protected_columns');
SELECT unbind_columns('hostile.protected_columns');
RESET search_path;
DROP SCHEMA hostile CASCADE;

-- A schema in which everybody may create is no place for these functions.
CREATE DATABASE regress_open_schema;
\connect regress_open_schema
CREATE SCHEMA kms; GRANT CREATE ON SCHEMA kms TO PUBLIC;
CREATE EXTENSION fieldkms;
REVOKE CREATE ON SCHEMA kms FROM PUBLIC;
CREATE TABLE kms.mine (id int);
CREATE EXTENSION fieldkms;
DROP EXTENSION fieldkms;
SELECT relname FROM pg_class WHERE relnamespace = 'kms'::regnamespace;
\connect contrib_regression
DROP DATABASE regress_open_schema;
