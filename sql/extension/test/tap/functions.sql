-- Of all that is in schema kms, the extension's and what `fieldkms column init` makes: whose it is, for whom,
-- and what it looks up where. Rules, so that they hold for what comes, too; each function of the extension by
-- itself is in privileges.sql.
\ir setup.psql
SELECT no_plan();

CREATE TEMP VIEW functions AS
SELECT p.oid::regprocedure::text AS name, p.*, l.lanname,
  EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e') AS of_extension,
  ARRAY(SELECT unnest(proconfig) INTERSECT SELECT 'search_path=pg_catalog, pg_temp') <> '{}' AS pinned
FROM pg_proc p JOIN pg_language l ON l.oid = prolang WHERE pronamespace = 'kms'::regnamespace;

SELECT cmp_ok((SELECT count(*) FROM functions WHERE of_extension), '>', 60::bigint, 'the functions of the extension are looked at');
SELECT cmp_ok((SELECT count(*) FROM functions WHERE NOT of_extension), '>', 40::bigint, 'and those of the registry');

-- Whose, and for whom.
SELECT is_empty($$ SELECT name FROM functions WHERE has_function_privilege('public', oid, 'EXECUTE') $$, 'no function is everybody''s');
SELECT is_empty($$ SELECT name FROM functions WHERE proowner <> (SELECT nspowner FROM pg_namespace WHERE nspname = 'kms') $$,
  'all belong to the owner of the schema');
SELECT is_empty($$ SELECT name, grantee FROM functions, aclexplode(proacl)
  WHERE grantee <> proowner AND grantee::regrole::text NOT IN ('kms_user', 'kms_reader', 'kms_admin') $$, 'only roles of ours may call them');
SELECT is_empty($$ SELECT name FROM functions, aclexplode(proacl) WHERE is_grantable AND grantee <> proowner $$, 'nobody may grant them on');
SELECT is_empty($$ SELECT name FROM functions WHERE has_function_privilege('kms_user', oid, 'EXECUTE')
  AND proname ~ '^(decrypt|reveal|detokenize)' $$, 'who seals opens nothing');
SELECT is_empty($$ SELECT name FROM functions WHERE has_function_privilege('kms_reader', oid, 'EXECUTE')
  AND proname ~ '^(encrypt|protect|tokenize|blind_index|rewrap|mask|validate)' $$, 'who opens seals nothing');
SELECT is_empty($$ SELECT name FROM functions WHERE NOT has_function_privilege('kms_admin', oid, 'EXECUTE')
  AND proname NOT IN ('fieldkms_fdw_handler', 'fieldkms_fdw_validator', 'grant_admin_rights') $$, 'kms_admin may call all but three');
SELECT set_eq($$ SELECT nspacl.grantee::regrole::text || ' ' || privilege_type FROM pg_namespace n, aclexplode(nspacl) AS nspacl
  WHERE nspname = 'kms' AND grantee <> nspowner $$, ARRAY['kms_user USAGE', 'kms_reader USAGE', 'kms_admin USAGE'], 'and nobody creates in the schema');
SELECT is_empty($$ SELECT typname FROM pg_type t WHERE typnamespace = 'kms'::regnamespace AND typtype IN ('c', 'd') AND typrelid = 0
  AND has_type_privilege('public', oid, 'USAGE') $$, 'no type is everybody''s');

-- With whose rights, and what names mean there.
SELECT set_eq($$ SELECT name FROM functions WHERE prosecdef $$, ARRAY['kms.withdraw_request(bigint)'], 'one function has rights of its owner');
SELECT is_empty($$ SELECT name FROM functions WHERE prosecdef AND NOT pinned $$, 'and its names are pinned');
SELECT is_empty($$ SELECT name FROM functions WHERE prokind = 'f' AND lanname <> 'c' AND NOT pinned $$, 'names in functions are pinned');
-- Procedures that COMMIT can have no settings: all that they name has to have its schema.
SELECT is_empty($$ SELECT name FROM functions WHERE prokind = 'p' AND (proconfig IS NOT NULL OR prosecdef) $$, 'procedures can commit');
SELECT is_empty($$ SELECT name, called[1] FROM functions, regexp_matches(prosrc, '(?<![.\w])([a-z_]+)\(', 'g') called
  WHERE prokind = 'p' AND called[1] NOT IN ('in', 'and', 'if', 'values', 'coalesce') $$, 'what procedures call has its schema');
SELECT is_empty($$ SELECT name FROM functions WHERE proleakproof $$, 'nothing claims to be leakproof');
SELECT is_empty($$ SELECT name FROM functions WHERE lanname NOT IN ('c', 'sql', 'plpgsql') $$, 'nothing is in an untrusted language but C');
SELECT is_empty($$ SELECT name FROM functions WHERE lanname = 'c' AND probin <> '$libdir/fieldkms' $$, 'all C is in our library');

-- Labels that the planner believes.
SELECT is_empty($$ SELECT name FROM functions WHERE of_extension AND proparallel <> 's' AND provolatile = 'i' $$, 'what is immutable runs anywhere');
SELECT set_eq($$ SELECT DISTINCT proname::text FROM functions WHERE of_extension AND provolatile = 'i' $$,
  ARRAY['is_context', 'context', 'with_entry', 'row_context', 'envelope', 'to_text', 'from_text'], 'only what calls nobody and reads nothing is immutable');
SELECT is_empty($$ SELECT name FROM functions WHERE of_extension AND provolatile <> 'v' AND proname <> 'reveal_by_role'
  AND proname ~ '^(encrypt|decrypt|reveal|protect|mask|tokenize|detokenize|blind_index|rewrap|validate)' $$, 'what calls is volatile');
SELECT is_empty($$ SELECT name FROM functions WHERE of_extension AND proparallel = 's'
  AND proname ~ '^(encrypt|decrypt|reveal|protect|mask|tokenize|detokenize|blind_index|rewrap|validate|.*_key$|.*_job$)' $$, 'and never in a parallel worker');
SELECT is_empty($$ SELECT name FROM functions WHERE of_extension AND proisstrict AND proname ~ '^(rewrap|protect|tokenize)(_many)?$' $$,
  'what has optional arguments takes NULLs');
SELECT is_empty($$ SELECT f.name FROM functions f WHERE f.of_extension AND f.proname ~ '^(encrypt|decrypt|decrypt_text|rewrap|protect|reveal|reveal_document|reveal_fpe|mask|tokenize|detokenize|blind_index|blind_index_terms|validate)$'
  AND NOT EXISTS (SELECT FROM functions m WHERE m.proname = f.proname || '_many' AND m.pronargs = f.pronargs AND m.pronargdefaults = f.pronargdefaults
    AND m.proisstrict = f.proisstrict AND m.proacl::text = f.proacl::text) $$, 'each has a form for arrays, for the same roles');
SELECT is_empty($$ SELECT name FROM functions WHERE of_extension AND obj_description(oid, 'pg_proc') IS NULL
  AND proname NOT IN ('is_context', 'fieldkms_fdw_handler', 'fieldkms_fdw_validator') AND name !~ '_many\(' $$, 'what people call is described');

-- Tables and views.
CREATE TEMP VIEW relations AS SELECT c.oid::regclass::text AS name, c.* FROM pg_class c WHERE relnamespace = 'kms'::regnamespace AND relkind IN ('r', 'v', 'S', 'f', 'm', 'p');
SELECT is_empty($$ SELECT name FROM relations, aclexplode(relacl) WHERE grantee = 0 $$, 'no table is everybody''s');
SELECT is_empty($$ SELECT name, privilege_type FROM relations, aclexplode(relacl)
  WHERE grantee <> relowner AND privilege_type <> 'SELECT' AND (name, privilege_type) NOT IN (('kms.column_samples', 'INSERT'), ('kms.column_samples', 'UPDATE')) $$,
  'tables are only read, but for samples');
SELECT set_eq($$ SELECT attname::text FROM pg_attribute, aclexplode(attacl) WHERE attrelid = 'kms.requests'::regclass AND privilege_type = 'INSERT' $$,
  ARRAY['action', 'relation', 'relation_oid', 'attribute', 'attribute_number', 'tenant', 'options', 'dry_run'], 'a request says what is wanted, not by whom');
SELECT is_empty($$ SELECT name FROM relations, aclexplode(relacl) WHERE grantee IN ('kms_user'::regrole, 'kms_reader'::regrole) $$, 'others than kms_admin read none of them');
SELECT is_empty($$ SELECT name FROM relations c JOIN pg_depend d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e' $$, 'none is the extension''s: DROP EXTENSION leaves them');

SELECT is(kms.library_version() ~ '^\d+\.\d+\.\d+$', true, 'the library says its release');
SELECT * FROM finish();
ROLLBACK;
