-- What role kms_admin may do here. Roles are of the whole cluster: who installs the schema may not be
-- allowed to make one. Then an administrator makes it, and the owner of the schema calls this again.
CREATE FUNCTION kms.grant_admin_rights() RETURNS boolean
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
                       bytea, boolean, boolean, interval, jsonb),
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
COMMENT ON FUNCTION kms.grant_admin_rights() IS
  'Makes role kms_admin if it is not there, and grants it what it may do in this schema.';
REVOKE ALL ON FUNCTION kms.grant_admin_rights() FROM PUBLIC;
SELECT kms.grant_admin_rights();
