-- What DBAs ask for in SQL, and `fieldkms rotation serve` carries out. SQL only asks: a request is a
-- line of kms.requests, and its answer comes into the same line. No line ever has a value of a row.
--
-- Who may ask: whoever may INSERT into kms.requests (role kms_admin), for tables that are theirs. Who
-- asks is written by defaults, which an INSERT of theirs cannot give otherwise: the login
-- (session_user), and the role it acts as, so that a function of somebody else's, called in the
-- session of the owner of a table, asks for no more than that function's own role may.

-- A request is of the database that it was made in: a copy of it (CREATE DATABASE … TEMPLATE, a
-- restored dump) has the line, too, and must not have it done.
CREATE FUNCTION kms.this_database() RETURNS oid
  LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
  AS 'SELECT oid FROM pg_database WHERE datname = current_database()';
COMMENT ON FUNCTION kms.this_database() IS 'The number of this database.';

CREATE TABLE kms.requests (
  request_id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  action text NOT NULL CHECK (action IN (
    'protect', 'unprotect', 'fill', 'close', 'reopen', 'switch', 'abandon', 'drop_plaintext',
    'drop_ciphertext', 'create_key', 'rotate_key', 'create_job', 'start_job', 'pause_job',
    'resume_job', 'cancel_job', 'await_job')),
  -- The table and the column by their numbers, so that renaming does no harm meanwhile; NULL of what
  -- is about keys and jobs.
  relation regclass,
  relation_oid oid,
  attribute name,
  attribute_number int2,
  -- Whose keys; NULL: of whichever tenant the worker is.
  tenant text,
  -- As given; the procedures have the names.
  options jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(options) = 'object'),
  dry_run boolean NOT NULL DEFAULT false,
  database_oid oid NOT NULL DEFAULT kms.this_database(),
  requested_by name NOT NULL DEFAULT session_user,
  requested_as name NOT NULL DEFAULT current_user,
  requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Nobody takes it after that.
  expires_at timestamptz NOT NULL DEFAULT clock_timestamp() + interval '1 hour',
  state text NOT NULL DEFAULT 'queued'
    CHECK (state IN ('queued', 'running', 'done', 'failed', 'withdrawn')),
  -- Who has it, for how long without a word, and the fence that it writes with.
  worker text,
  -- Of queued ones: nobody takes it before that.
  lease_until timestamptz,
  fence int8 NOT NULL DEFAULT 0,
  -- How many workers were lost over it.
  lost int4 NOT NULL DEFAULT 0,
  progress text,
  -- The job that it waits for.
  job_id text,
  ended_at timestamptz,
  -- The answer: for people, and for programs.
  answer text,
  result jsonb,
  -- Of failed ones: the reason and the option at fault, as everywhere in FieldKMS.
  reason text,
  field text,
  message text,
  CHECK ((relation IS NULL) = (relation_oid IS NULL)),
  CHECK ((attribute IS NULL) = (attribute_number IS NULL)),
  CHECK ((relation IS NULL) = (attribute IS NULL)),
  CHECK (state <> 'running' OR (worker IS NOT NULL AND lease_until IS NOT NULL)),
  CHECK ((state IN ('done', 'failed', 'withdrawn')) = (ended_at IS NOT NULL))
);
CREATE INDEX requests_open ON kms.requests (request_id) WHERE state IN ('queued', 'running');
COMMENT ON TABLE kms.requests IS
  'What was asked of FieldKMS in SQL, by whom, and what came of it. Never a value.';

-- Who looks for requests. A line that is older than half a minute is of one that is gone.
CREATE TABLE kms.request_workers (
  worker text PRIMARY KEY,
  tenant text NOT NULL,
  data_source text NOT NULL,
  allows text[] NOT NULL,
  seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE kms.request_workers IS 'Workers of FieldKMS that carry out kms.requests.';

-- What workers may be told not to do (`fieldkms rotation serve --allow`).
CREATE FUNCTION kms.kind_of(action text) RETURNS text
  LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN action = 'create_key' THEN 'create-key'
      WHEN action ~ '_(key|job)$' THEN 'rotate'
      WHEN action = 'unprotect' THEN 'unprotect' ELSE 'convert' END
  $$;
COMMENT ON FUNCTION kms.kind_of(text) IS 'Which kind of request an action is.';

-- Whether a login that acts as a role may have the table changed. To be a member is enough for the
-- login, which could SET ROLE; the role must have the owner's rights. A role or table that is gone:
-- false.
CREATE FUNCTION kms.may_change(relation oid, login name, acting_as name) RETURNS boolean
  LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
  AS $$
    SELECT coalesce((SELECT pg_has_role(l.oid, c.relowner, 'MEMBER')
                       AND pg_has_role(a.oid, c.relowner, 'USAGE')
                     FROM pg_class c, pg_roles l, pg_roles a
                     WHERE c.oid = relation AND l.rolname = login AND a.rolname = acting_as), false)
  $$;
COMMENT ON FUNCTION kms.may_change(oid, name, name) IS
  'Whether a login that acts as a role has the rights of the owner of a table.';

-- The same of a key: every table of the registry that has a column under it. A key that no column is
-- under is the superusers'.
CREATE FUNCTION kms.may_rotate(tenant text, key text, login name, acting_as name) RETURNS boolean
  LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
  AS $$
    SELECT coalesce(
      (SELECT bool_and(kms.may_change(c.oid, login, acting_as))
       FROM kms.protected_columns p JOIN pg_class c ON c.oid = p.relation
       WHERE p.tenant = may_rotate.tenant AND may_rotate.key IN (p.key_name, p.index_key_name)),
      (SELECT l.rolsuper AND a.rolsuper FROM pg_roles l, pg_roles a
       WHERE l.rolname = login AND a.rolname = acting_as), false)
  $$;
COMMENT ON FUNCTION kms.may_rotate(text, text, name, name) IS
  'Whether a login that acts as a role has the rights of the owners of all tables under a key.';

-- Whether a column of theirs may be registered under it: that gives a say in its rotation, and takes
-- it from nobody.
CREATE FUNCTION kms.may_share_key(tenant text, key text, login name, acting_as name) RETURNS boolean
  LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
  AS $$
    SELECT coalesce(bool_and(kms.may_change(c.oid, login, acting_as)), true)
    FROM kms.protected_columns p JOIN pg_class c ON c.oid = p.relation
    WHERE p.tenant = may_share_key.tenant AND may_share_key.key IN (p.key_name, p.index_key_name)
  $$;
COMMENT ON FUNCTION kms.may_share_key(text, text, name, name) IS
  'Whether all columns of the registry that are under a key are of tables that are theirs.';

REVOKE ALL ON FUNCTION kms.this_database(), kms.kind_of(text), kms.may_change(oid, name, name),
  kms.may_rotate(text, text, name, name), kms.may_share_key(text, text, name, name) FROM PUBLIC;
