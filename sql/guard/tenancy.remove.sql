-- Takes away tenancy.sql. It refuses while tables are under its policies: they would be open, and
-- guard.disable_rls is to be asked for that. Its roles stay: other databases may grant to them.
DO $$
BEGIN
  IF EXISTS (SELECT FROM guard.tenant_tables t JOIN pg_catalog.pg_class c ON c.oid = t.relation) THEN
    RAISE EXCEPTION 'tables are under enable_rls: guard.disable_rls first'
      USING ERRCODE = 'dependent_objects_still_exist';
  END IF;
  DROP VIEW guard.vw_rls_violations;
  DROP FUNCTION guard.check_rls_status(), guard.disable_rls(name, boolean), guard.enable_rls(name, name, boolean),
    guard.rls_statements(regclass, name), guard.has_tenant_index(regclass, name), guard.rls_refusal(regclass, name),
    guard.get_tenant_context(), guard.set_tenant_context(uuid), guard.verify_tenant_access(uuid), guard.tenant_mac(uuid);
  DROP TABLE guard.tenant_tables, guard.tenant_roles, guard.tenant_secret;
  REVOKE ALL ON SCHEMA guard FROM app_read_only, app_read_write, app_admin;
  DELETE FROM guard.modules WHERE name = 'tenancy';
END $$;
