-- Columns that hold what another tool has encrypted (pgcrypto, pgsodium, Vault) become protected
-- columns as columns of plaintext do. What opens them is not here: workers were given it, by a name.

ALTER TABLE kms.protected_columns
  -- What plain_attribute holds, where that is no plaintext.
  ADD COLUMN source text
    CHECK (source IN ('pgcrypto_pgp', 'pgcrypto_raw', 'pgsodium', 'vault_transit')),
  -- The name of the key in the files of --source-keys.
  ADD COLUMN source_key text CHECK (source_key <> ''),
  -- Columns that the source needs beside it, in the order that the key says.
  ADD COLUMN source_attributes name[] NOT NULL DEFAULT '{}',
  ADD COLUMN source_numbers int2[] NOT NULL DEFAULT '{}',
  ADD CHECK ((source IS NULL) = (source_key IS NULL)),
  ADD CHECK (source IS NULL OR plain_attribute IS NOT NULL),
  ADD CHECK (source IS NOT NULL OR cardinality(source_attributes) = 0),
  ADD CHECK (cardinality(source_attributes) = cardinality(source_numbers));

ALTER TABLE kms.requests DROP CONSTRAINT requests_action_check;
ALTER TABLE kms.requests ADD CONSTRAINT requests_action_check CHECK (action IN (
  'protect', 'migrate', 'unprotect', 'fill', 'close', 'reopen', 'switch', 'abandon',
  'drop_plaintext', 'drop_ciphertext', 'create_key', 'rotate_key', 'create_job', 'start_job',
  'pause_job', 'resume_job', 'cancel_job', 'await_job'));

CREATE OR REPLACE FUNCTION kms.kind_of(action text) RETURNS text
  LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN action = 'create_key' THEN 'create-key'
      WHEN action ~ '_(key|job)$' THEN 'rotate'
      WHEN action IN ('unprotect', 'migrate') THEN action ELSE 'convert' END
  $$;

-- As it was, and with a source.
DROP PROCEDURE kms.protect_column(regclass, name, text, text, text, name[], jsonb, name, text, name,
                                  boolean, bytea, boolean, boolean, interval, jsonb);
CREATE PROCEDURE kms.protect_column(
    relation regclass, attribute name, field text DEFAULT NULL, key text DEFAULT NULL,
    tenant text DEFAULT NULL, row_key name[] DEFAULT NULL, context jsonb DEFAULT NULL,
    index_column name DEFAULT NULL, index_key text DEFAULT NULL, into_column name DEFAULT NULL,
    as_text boolean DEFAULT NULL, binding_id bytea DEFAULT NULL, fill boolean DEFAULT true,
    dry_run boolean DEFAULT false, wait interval DEFAULT '1 minute',
    INOUT result jsonb DEFAULT NULL, source text DEFAULT NULL, source_key text DEFAULT NULL,
    source_columns name[] DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask(kms.protect_action(source, source_key, source_columns), relation,
      attribute, pg_catalog.jsonb_build_object(
      'field', field, 'key', key, 'tenant', tenant, 'row_key', row_key, 'context', context,
      'index_column', index_column, 'index_key', index_key, 'into_column', into_column,
      'as_text', as_text, 'binding_id', pg_catalog.encode(binding_id, 'hex'), 'fill', fill,
      'source', source, 'source_key', source_key, 'source_columns', source_columns),
      dry_run, wait), wait, result);
END $$;
COMMENT ON PROCEDURE kms.protect_column(regclass, name, text, text, text, name[], jsonb, name, text,
    name, boolean, bytea, boolean, boolean, interval, jsonb, text, text, name[]) IS
  'Begins to make ciphertexts of a column of plaintext, or of what another tool has encrypted.';

CREATE FUNCTION kms.protect_action(source text, source_key text, source_columns name[]) RETURNS text
  LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
  AS 'SELECT CASE WHEN num_nonnulls(source, source_key, source_columns) = 0 THEN ''protect''
        ELSE ''migrate'' END';
COMMENT ON FUNCTION kms.protect_action(text, text, name[]) IS
  'What a worker must be allowed to do for kms.protect_column.';

REVOKE ALL ON FUNCTION kms.protect_action(text, text, name[]) FROM PUBLIC;
REVOKE ALL ON PROCEDURE kms.protect_column(regclass, name, text, text, text, name[], jsonb, name,
  text, name, boolean, bytea, boolean, boolean, interval, jsonb, text, text, name[]) FROM PUBLIC;

CREATE OR REPLACE VIEW kms.encryption_status AS
  SELECT p.relation::regclass AS relation,
    kms.name_now(p.relation, p.attribute, p.attribute_number, p.relation = p.relation_oid)
      AS attribute,
    p.tenant, p.field_name, p.key_name, p.shape,
    coalesce(p.conversion, 'encrypted') AS stage,
    s.estimated_rows,
    -- Of the values that were sampled: the share that is a ciphertext.
    round(s.ciphertexts::numeric / nullif(s.ciphertexts + s.plaintexts, 0), 4) AS coverage,
    s.sampled_rows, s.sampled_at, s.versions,
    k.primary_version, now() - k.created_at AS key_age, now() - k.primary_since AS version_age,
    k.heard_at AS key_heard_at,
    -- Of the ciphertexts that were sampled: the share that is not under the key's newest version.
    CASE WHEN k.key_id IS NOT NULL THEN (
      SELECT round(coalesce(sum(v.n) FILTER (
               WHERE v.version <> k.key_id || '/' || k.primary_version
                 AND v.version <> '-/' || k.primary_version), 0) / nullif(sum(v.n), 0), 4)
      FROM (SELECT e.key AS version, e.value::numeric AS n FROM jsonb_each_text(s.versions) e) v) END
      AS rotation_debt,
    j.job_id AS last_job, j.phase AS last_job_phase, j.verified_at AS last_job_verified_at,
    j.quarantined AS last_job_quarantined,
    -- What leads, or waits to be dropped, where that is no plaintext.
    p.source
  FROM kms.protected_columns p
    LEFT JOIN kms.column_samples s USING (binding_id)
    LEFT JOIN kms.key_facts k ON k.tenant = p.tenant AND k.key_name = p.key_name
    LEFT JOIN LATERAL (
      SELECT o.job_id, o.phase, o.verified_at, (
          SELECT count(*) FROM kms.rotation_quarantine q
          WHERE q.job_id = o.job_id AND q.table_no = t.table_no) AS quarantined
      FROM kms.rotation_tables t JOIN kms.rotation_jobs o USING (job_id)
      WHERE o.tenant = p.tenant
        AND t.relation IN (SELECT l.relid FROM kms.tables_of(p.relation) l)
      ORDER BY o.created_at DESC, t.table_no LIMIT 1) j ON true;
CREATE OR REPLACE VIEW kms.vw_encryption_status AS SELECT * FROM kms.encryption_status;

-- As it was, with what is new here.
CREATE OR REPLACE FUNCTION kms.grant_admin_rights() RETURNS boolean
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF to_regrole('kms_admin') IS NULL THEN
    BEGIN
      CREATE ROLE kms_admin NOLOGIN;
    EXCEPTION
      WHEN duplicate_object OR unique_violation THEN NULL;  -- another database was faster
      WHEN insufficient_privilege THEN
        RAISE NOTICE 'CREATE ROLE kms_admin NOLOGIN takes an administrator'
          USING HINT = 'When it is there: SELECT kms.grant_admin_rights()';
        RETURN false;
    END;
  END IF;
  GRANT USAGE ON SCHEMA kms TO kms_admin;
  GRANT SELECT ON kms.protected_columns, kms.pending_rewrites, kms.rotation_jobs, kms.rotation_tables,
    kms.rotation_ranges, kms.rotation_quarantine, kms.requests, kms.request_workers, kms.key_facts,
    kms.column_samples, kms.encryption_status, kms.vw_encryption_status TO kms_admin;
  -- Not who asks, nor when, nor the answer.
  GRANT INSERT (action, relation, relation_oid, attribute, attribute_number, tenant, options, dry_run)
    ON kms.requests TO kms_admin;
  GRANT INSERT, UPDATE ON kms.column_samples TO kms_admin;
  GRANT EXECUTE ON FUNCTION kms.this_database(), kms.kind_of(text),
    kms.protect_action(text, text, name[]),
    kms.may_change(oid, name, name),
    kms.may_rotate(text, text, name, name), kms.may_share_key(text, text, name, name),
    kms.ask(text, regclass, name, jsonb, boolean, interval), kms.check_column(regclass, name),
    kms.tenant_for(text, text, regclass, int2), kms.withdraw_request(int8), kms.sqlstate_of(text),
    kms.request_news(int8, timestamptz, interval), kms.is_news(text, text), kms.registered_keys(),
    kms.version_of(bytea), kms.version_of(text), kms.versions_sql(text, name, name),
    kms.tables_of(regclass), kms.sample_share(regclass, int8),
    kms.sample_column(kms.protected_columns, int8),
    kms.name_now(oid, name, int2, boolean), kms.sample_columns(int8, bytea), kms.is_pan(text),
    kms.is_ssn(text), kms.suspects_in(text), kms.readable_columns(text[]),
    kms.plaintext_suspects(text[], int), kms.suspects_sql(regclass, name[], float8, int)
    TO kms_admin;
  GRANT EXECUTE ON PROCEDURE kms.commit_outside_of_a_transaction_block(),
    kms.await_request(int8, interval, jsonb),
    kms.protect_column(regclass, name, text, text, text, name[], jsonb, name, text, name, boolean,
                       bytea, boolean, boolean, interval, jsonb, text, text, name[]),
    kms.unprotect_column(regclass, name, name, text, boolean, boolean, interval, jsonb),
    kms.fill_column(regclass, name, interval, jsonb),
    kms.close_column(regclass, name, boolean, interval, jsonb),
    kms.reopen_column(regclass, name, boolean, interval, jsonb),
    kms.switch_column(regclass, name, name, boolean, boolean, interval, jsonb),
    kms.abandon_column(regclass, name, boolean, interval, jsonb),
    kms.drop_plaintext(regclass, name, boolean, boolean, interval, jsonb),
    kms.drop_ciphertext(regclass, name, boolean, interval, jsonb),
    kms.ask_create_key(text, text, text, interval, jsonb), kms.ask_rotate_key(text, boolean, text, interval, jsonb),
    kms.ask_create_job(text, boolean, text, interval, jsonb),
    kms.ask_start_job(text, interval, jsonb), kms.ask_pause_job(text, interval, jsonb),
    kms.ask_resume_job(text, interval, jsonb), kms.ask_cancel_job(text, interval, jsonb),
    kms.await_rotation_job(text, interval, jsonb),
    kms.ask_rotate_keys(text, interval)
    TO kms_admin;
  RETURN true;
END $$;
SELECT kms.grant_admin_rights();
