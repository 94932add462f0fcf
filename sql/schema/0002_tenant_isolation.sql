-- The service may do what it must, and one tenant at a time.
--
-- A transaction says for whom it acts: set_config('fieldkms.tenant', tenant, true).
-- Without that, policies compare with NULL or '', and no row is there. FORCE binds
-- the owner as well, whose only policy is to read: what runs as owner (the functions of
-- 0003) cannot write. Foreign keys are checked past policies, by PostgreSQL itself.
REVOKE ALL ON ALL TABLES IN SCHEMA fieldkms_store FROM PUBLIC;
GRANT USAGE ON SCHEMA fieldkms_store TO fieldkms_service;
GRANT SELECT ON fieldkms_store.schema_migrations TO fieldkms_service;

-- What identifies a record, or was fixed when it was made, has no UPDATE.
GRANT SELECT, UPDATE (change_number, root_binding, frozen)
  ON fieldkms_store.store_state TO fieldkms_service;
GRANT SELECT, INSERT, UPDATE (primary_kek, change) ON fieldkms_store.tenants TO fieldkms_service;
GRANT SELECT, INSERT, UPDATE (wrapped) ON fieldkms_store.keks TO fieldkms_service;
GRANT SELECT, INSERT,
  UPDATE (primary_version, suite, audit_per_operation, min_decrypt_version, rotation_seconds,
          next_rotation, lease_seconds, lease_messages, labels, change)
  ON fieldkms_store.keys TO fieldkms_service;
GRANT SELECT, INSERT, UPDATE (state, kek_version, wrapped, create_time, origin, destroy_time)
  ON fieldkms_store.key_versions TO fieldkms_service;
GRANT SELECT, INSERT, UPDATE (key_id, change) ON fieldkms_store.aliases TO fieldkms_service;
GRANT SELECT, INSERT, DELETE,
  UPDATE (key_id, version, encrypt, principal, create_time, expire_time, most_messages,
          used_messages)
  ON fieldkms_store.leases TO fieldkms_service;
GRANT SELECT, INSERT, DELETE ON fieldkms_store.mutations TO fieldkms_service;
GRANT SELECT, INSERT, UPDATE, DELETE
  ON fieldkms_store.staged_keys, fieldkms_store.staged_key_versions, fieldkms_store.staged_aliases
  TO fieldkms_service;
GRANT SELECT, INSERT,
  UPDATE (kind, tenant, state, "cursor", done, total, error, create_time, update_time, owner,
          owner_until, change)
  ON fieldkms_store.operations TO fieldkms_service;

DO $policies$
DECLARE
  mine CONSTANT text := 'tenant = pg_catalog.current_setting(''fieldkms.tenant'', true)';
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['tenants', 'keks', 'keys', 'key_versions', 'aliases', 'leases',
                              'mutations', 'staged_keys', 'staged_key_versions',
                              'staged_aliases'] LOOP
    EXECUTE format('ALTER TABLE fieldkms_store.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE fieldkms_store.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY owner_reads ON fieldkms_store.%I FOR SELECT
                    TO fieldkms_owner USING (true)', name);
    EXECUTE format('CREATE POLICY tenant_selects ON fieldkms_store.%I FOR SELECT
                    TO fieldkms_service USING (%s)', name, mine);
    EXECUTE format('CREATE POLICY tenant_inserts ON fieldkms_store.%I FOR INSERT
                    TO fieldkms_service WITH CHECK (%s)', name, mine);
    EXECUTE format('CREATE POLICY tenant_updates ON fieldkms_store.%I FOR UPDATE
                    TO fieldkms_service USING (%s) WITH CHECK (%s)', name, mine, mine);
    EXECUTE format('CREATE POLICY tenant_deletes ON fieldkms_store.%I FOR DELETE
                    TO fieldkms_service USING (%s)', name, mine);
  END LOOP;
END
$policies$;

-- Operations are the store's own list of work. Whoever acts for a tenant has no
-- business there.
ALTER TABLE fieldkms_store.operations ENABLE ROW LEVEL SECURITY;
ALTER TABLE fieldkms_store.operations FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_reads ON fieldkms_store.operations FOR SELECT TO fieldkms_owner USING (true);
CREATE POLICY nobody_selects ON fieldkms_store.operations FOR SELECT TO fieldkms_service
  USING (coalesce(current_setting('fieldkms.tenant', true), '') = '');
CREATE POLICY nobody_inserts ON fieldkms_store.operations FOR INSERT TO fieldkms_service
  WITH CHECK (coalesce(current_setting('fieldkms.tenant', true), '') = '');
CREATE POLICY nobody_updates ON fieldkms_store.operations FOR UPDATE TO fieldkms_service
  USING (coalesce(current_setting('fieldkms.tenant', true), '') = '')
  WITH CHECK (coalesce(current_setting('fieldkms.tenant', true), '') = '');
