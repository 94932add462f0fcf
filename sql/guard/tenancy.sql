-- Isolation of tenants by row-level security. The context is a setting that anybody can write, so it
-- carries a MAC that only set_tenant_context makes, for this role, this backend and this
-- transaction: what is written by hand, or left over in a pooled session, shows no rows.

\ir core.sql
SELECT guard.register_module('tenancy', 1);

-- Both halves of the MAC's key, each combined with its pad already.
CREATE TABLE IF NOT EXISTS guard.tenant_secret (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  inner_pad bytea NOT NULL,
  outer_pad bytea NOT NULL
);
REVOKE ALL ON guard.tenant_secret FROM PUBLIC;
-- gen_random_uuid is of the server's strong random numbers: 122 bits of them each.
INSERT INTO guard.tenant_secret (inner_pad, outer_pad)
  SELECT guard.hmac_pad(key, 54), guard.hmac_pad(key, 92)
  FROM (SELECT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) ||
                      uuid_send(gen_random_uuid())) AS key OFFSET 0) k
  ON CONFLICT DO NOTHING;

-- Which login role may act for which tenant. By name: dumps carry it along.
CREATE TABLE IF NOT EXISTS guard.tenant_roles (
  role_name name NOT NULL,
  tenant uuid NOT NULL,
  PRIMARY KEY (role_name, tenant)
);
REVOKE ALL ON guard.tenant_roles FROM PUBLIC;

-- The tables that enable_rls has taken.
CREATE TABLE IF NOT EXISTS guard.tenant_tables (
  relation regclass PRIMARY KEY,
  tenant_column name NOT NULL
);
REVOKE ALL ON guard.tenant_tables FROM PUBLIC;

-- Roles are the cluster's, so another database may have made them. They can do nothing but what
-- enable_rls grants; nobody logs in as one.
DO $$
DECLARE
  wanted name;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['app_read_only', 'app_read_write', 'app_admin']::name[] LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
    ELSIF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted
                  AND (rolsuper OR rolbypassrls OR rolcreaterole)) THEN
      RAISE EXCEPTION 'role % is there and stands above row-level security', wanted
        USING ERRCODE = 'insufficient_privilege';
    END IF;
  END LOOP;
END $$;
GRANT USAGE ON SCHEMA guard TO app_read_only, app_read_write, app_admin;

-- When the transaction began is part of it: settings made for a session outlive a transaction.
CREATE OR REPLACE FUNCTION guard.tenant_mac(tenant uuid) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT encode(sha256(s.outer_pad || sha256(s.inner_pad ||
    uuid_send(tenant) || int4send(pg_backend_pid()) || timestamptz_send(a.backend_start) ||
    timestamptz_send(now()) || convert_to(session_user, 'UTF8'))), 'hex')
  FROM guard.tenant_secret s, pg_stat_get_activity(pg_backend_pid()) a
$$;
REVOKE ALL ON FUNCTION guard.tenant_mac(uuid) FROM PUBLIC;

CREATE OR REPLACE FUNCTION guard.verify_tenant_access(tenant uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM guard.tenant_roles r
    WHERE r.role_name = session_user AND r.tenant = verify_tenant_access.tenant)
$$;
REVOKE ALL ON FUNCTION guard.verify_tenant_access(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION guard.verify_tenant_access(uuid) TO app_read_only, app_read_write, app_admin;

-- Until the end of the transaction, so that poolers may give the session to somebody else then.
CREATE OR REPLACE FUNCTION guard.set_tenant_context(tenant uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  mac text := guard.tenant_mac(tenant);
BEGIN
  IF tenant IS NULL OR NOT guard.verify_tenant_access(tenant) THEN
    RAISE EXCEPTION 'tenant: not one of this role' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF mac IS NULL THEN
    RAISE EXCEPTION 'the owner of schema guard cannot see when sessions began'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  PERFORM set_config('guard.tenant', tenant::text || ':' || mac, true);
END $$;
REVOKE ALL ON FUNCTION guard.set_tenant_context(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION guard.set_tenant_context(uuid) TO app_read_only, app_read_write, app_admin;

-- NULL unless the setting is what set_tenant_context wrote in this transaction. Not for parallel
-- workers: they have other process ids. Policies call it once a statement, in the leader.
CREATE OR REPLACE FUNCTION guard.get_tenant_context() RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  setting text := current_setting('guard.tenant', true);
  tenant uuid;
BEGIN
  IF setting IS NULL OR setting !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:[0-9a-f]{64}$' THEN
    RETURN NULL;
  END IF;
  tenant := left(setting, 36)::uuid;
  -- Hashes are compared, so that how long it takes says nothing of the MAC.
  IF sha256(convert_to(substr(setting, 38), 'UTF8')) = sha256(convert_to(guard.tenant_mac(tenant), 'UTF8')) THEN
    RETURN tenant;
  END IF;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION guard.get_tenant_context() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION guard.get_tenant_context() TO app_read_only, app_read_write, app_admin;

-- Why enable_rls does not take a table, or NULL.
CREATE OR REPLACE FUNCTION guard.rls_refusal(relation regclass, tenant_column name) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
    WHEN c.relkind = 'f' THEN 'foreign tables have no row-level security'
    WHEN a.attname IS NULL THEN 'no tenant column'
    WHEN a.atttypid <> 'uuid'::regtype THEN 'the tenant column is no uuid'
    -- Permissive policies add up: another one shows what ours hides.
    WHEN EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive
                 AND p.polname NOT LIKE 'guard\_tenant\_%') THEN 'it has permissive policies of its own'
  END
  FROM pg_class c LEFT JOIN pg_attribute a
    ON a.attrelid = c.oid AND a.attname = tenant_column AND a.attnum > 0 AND NOT a.attisdropped
  WHERE c.oid = relation
$$;
REVOKE ALL ON FUNCTION guard.rls_refusal(regclass, name) FROM PUBLIC;

CREATE OR REPLACE FUNCTION guard.has_tenant_index(relation regclass, tenant_column name) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = relation AND a.attname = tenant_column AND i.indpred IS NULL AND i.indisvalid)
$$;
REVOKE ALL ON FUNCTION guard.has_tenant_index(regclass, name) FROM PUBLIC;

-- What enable_rls does to a table. The subquery makes the context an InitPlan: verified once a
-- statement, and compared by the index.
CREATE OR REPLACE FUNCTION guard.rls_statements(relation regclass, tenant_column name) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own text := format('(%I = (SELECT guard.get_tenant_context()))', tenant_column);
  made text[] := '{}';
  action text;
  part boolean := (SELECT relispartition FROM pg_class WHERE oid = relation);
BEGIN
  FOREACH action IN ARRAY ARRAY['select', 'insert', 'update', 'delete'] LOOP
    made := made || format('DROP POLICY IF EXISTS guard_tenant_%s ON %s', action, relation)
      || format('CREATE POLICY guard_tenant_%s ON %s FOR %s %s', action, relation, upper(action),
           CASE action WHEN 'insert' THEN 'WITH CHECK ' || own
                       WHEN 'update' THEN 'USING ' || own || ' WITH CHECK ' || own
                       ELSE 'USING ' || own END);
  END LOOP;
  made := made || format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', relation);
  -- Partitions get theirs with the parent's, and are reached by their parents alone.
  IF NOT part THEN
    made := made || format('GRANT SELECT ON %s TO app_read_only', relation)
      || format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO app_read_write, app_admin', relation);
    IF NOT guard.has_tenant_index(relation, tenant_column) THEN
      made := made || format('CREATE INDEX ON %s (%I)', relation, tenant_column);
    END IF;
  END IF;
  RETURN made;
END $$;
REVOKE ALL ON FUNCTION guard.rls_statements(regclass, name) FROM PUBLIC;

-- Partitions are taken, too: who reads one directly is held by its policies, not by the parent's.
CREATE OR REPLACE FUNCTION guard.enable_rls(in_schema name, tenant_column name DEFAULT 'tenant_id', dry_run boolean DEFAULT false)
RETURNS TABLE (relation text, status text, reason text, statements text[])
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found regclass;
  statement text;
BEGIN
  IF to_regnamespace(quote_ident(in_schema)) IS NULL OR in_schema IN ('guard', 'audit', 'pg_catalog', 'information_schema') THEN
    RAISE EXCEPTION 'in_schema: no schema of tables of tenants' USING ERRCODE = 'invalid_schema_name';
  END IF;
  FOR found IN SELECT c.oid::regclass FROM pg_class c
      WHERE c.relnamespace = to_regnamespace(quote_ident(in_schema)) AND c.relkind IN ('r', 'p', 'f')
      ORDER BY c.relispartition, c.relname LOOP
    relation := found::text;
    reason := guard.rls_refusal(found, tenant_column);
    status := CASE WHEN reason IS NOT NULL THEN 'refused' WHEN dry_run THEN 'would protect' ELSE 'protected' END;
    statements := CASE WHEN reason IS NULL THEN guard.rls_statements(found, tenant_column) ELSE '{}' END;
    IF status = 'protected' THEN
      FOREACH statement IN ARRAY statements LOOP EXECUTE statement; END LOOP;
      INSERT INTO guard.tenant_tables AS t VALUES (found, tenant_column)
        ON CONFLICT ON CONSTRAINT tenant_tables_pkey DO UPDATE SET tenant_column = EXCLUDED.tenant_column;
    END IF;
    RETURN NEXT;
  END LOOP;
  IF NOT dry_run THEN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO app_read_only, app_read_write, app_admin', in_schema);
  END IF;
END $$;
REVOKE ALL ON FUNCTION guard.enable_rls(name, name, boolean) FROM PUBLIC;

-- Takes back the policies; indexes stay, and so do policies of others and what they need.
CREATE OR REPLACE FUNCTION guard.disable_rls(in_schema name, dry_run boolean DEFAULT false)
RETURNS TABLE (relation text, status text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found regclass;
  action text;
BEGIN
  FOR found IN SELECT t.relation FROM guard.tenant_tables t JOIN pg_class c ON c.oid = t.relation
      WHERE c.relnamespace = to_regnamespace(quote_ident(in_schema)) ORDER BY c.relname LOOP
    relation := found::text;
    status := CASE WHEN dry_run THEN 'would open' ELSE 'open' END;
    IF NOT dry_run THEN
      FOREACH action IN ARRAY ARRAY['select', 'insert', 'update', 'delete'] LOOP
        EXECUTE format('DROP POLICY IF EXISTS guard_tenant_%s ON %s', action, found);
      END LOOP;
      IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = found) THEN
        EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY', found);
      END IF;
      -- They saw what a tenant's policies left; without these they would see everybody's.
      EXECUTE format('REVOKE ALL ON %s FROM app_read_only, app_read_write, app_admin', found);
      DELETE FROM guard.tenant_tables t WHERE t.relation = found;
    END IF;
    RETURN NEXT;
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION guard.disable_rls(name, boolean) FROM PUBLIC;

-- Tables that enable_rls has taken, and those with a column tenant_id that it has not.
CREATE OR REPLACE FUNCTION guard.check_rls_status()
RETURNS TABLE (relation text, protected boolean, violations text[])
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.oid::regclass::text, cardinality(v.violations) = 0, v.violations
  FROM pg_class c
  LEFT JOIN guard.tenant_tables t ON t.relation = c.oid
  CROSS JOIN LATERAL (SELECT
    count(*) FILTER (WHERE p.polname LIKE 'guard\_tenant\_%' AND p.polpermissive
      AND coalesce(pg_get_expr(p.polqual, c.oid) = o.own, p.polcmd = 'a')
      AND coalesce(pg_get_expr(p.polwithcheck, c.oid) = o.own, p.polcmd IN ('r', 'd'))) AS own,
    count(*) FILTER (WHERE p.polname NOT LIKE 'guard\_tenant\_%' AND p.polpermissive) AS others
    FROM (SELECT format('(%I = ( SELECT guard.get_tenant_context() AS get_tenant_context))', coalesce(t.tenant_column, 'tenant_id')) AS own) o
    LEFT JOIN pg_policy p ON p.polrelid = c.oid) n
  CROSS JOIN LATERAL (SELECT array_remove(ARRAY[
    CASE WHEN t.relation IS NULL THEN 'not under enable_rls' END,
    CASE WHEN NOT c.relrowsecurity THEN 'row-level security is off' END,
    CASE WHEN NOT c.relforcerowsecurity THEN 'its owner is not held by policies' END,
    CASE WHEN t.relation IS NOT NULL AND n.own <> 4 THEN 'a policy is gone or was changed' END,
    CASE WHEN n.others > 0 THEN 'another permissive policy shows more' END,
    CASE WHEN t.relation IS NOT NULL AND NOT guard.has_tenant_index(c.oid, t.tenant_column) THEN 'no index on the tenant column' END
    ], NULL) AS violations) v
  WHERE c.relkind IN ('r', 'p') AND (t.relation IS NOT NULL OR (
    c.relnamespace NOT IN ('guard'::regnamespace, 'pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    AND c.relpersistence <> 't'
    AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)))
  ORDER BY 1
$$;
REVOKE ALL ON FUNCTION guard.check_rls_status() FROM PUBLIC;

CREATE OR REPLACE VIEW guard.vw_rls_violations AS
  SELECT s.relation, v.violation FROM guard.check_rls_status() s, unnest(s.violations) AS v(violation);
REVOKE ALL ON guard.vw_rls_violations FROM PUBLIC;
