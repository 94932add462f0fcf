-- The few things that the service asks about all tenants. Each runs as the owner, who
-- may read and not write; none returns wrapped bytes.
CREATE FUNCTION fieldkms_store.list_tenants(after_tenant text, most bigint)
RETURNS SETOF fieldkms_store.tenants
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT * FROM fieldkms_store.tenants t
  WHERE t.tenant > after_tenant COLLATE "C" ORDER BY t.tenant LIMIT most
$$;
COMMENT ON FUNCTION fieldkms_store.list_tenants IS 'Tenants after one, in byte order.';

CREATE FUNCTION fieldkms_store.tenant_of_key(id bigint)
RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT k.tenant FROM fieldkms_store.keys k WHERE k.key_id = id $$;
COMMENT ON FUNCTION fieldkms_store.tenant_of_key IS 'Whose key an id is; null: nobody''s.';

-- Records of one change stay together, so that a reader can go on after its number:
-- there may be more than `most`.
CREATE FUNCTION fieldkms_store.read_changes(after_number bigint, most bigint)
RETURNS TABLE (number bigint, tenant text, name text, key_id bigint, is_alias boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT c.number, c.tenant, c.name, c.key_id, c.is_alias FROM (
    (SELECT t.change AS number, t.tenant, '' AS name, 0::bigint AS key_id, false AS is_alias
     FROM fieldkms_store.tenants t WHERE t.change > after_number
     ORDER BY t.change FETCH FIRST (most) ROWS WITH TIES)
    UNION ALL
    (SELECT k.change, k.tenant, k.name, k.key_id, false
     FROM fieldkms_store.keys k WHERE k.change > after_number
     ORDER BY k.change FETCH FIRST (most) ROWS WITH TIES)
    UNION ALL
    (SELECT a.change, a.tenant, a.alias, coalesce(a.key_id, 0), true
     FROM fieldkms_store.aliases a WHERE a.change > after_number
     ORDER BY a.change FETCH FIRST (most) ROWS WITH TIES)) c
  ORDER BY c.number FETCH FIRST (most) ROWS WITH TIES
$$;
COMMENT ON FUNCTION fieldkms_store.read_changes IS 'Names of what has changed after a number, oldest change first.';

-- What is due is named here, and read tenant by tenant.
CREATE FUNCTION fieldkms_store.due_rotations(due_by timestamptz, most bigint)
RETURNS TABLE (tenant text, key_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT k.tenant, k.key_id FROM fieldkms_store.keys k
  WHERE k.next_rotation <= due_by ORDER BY k.next_rotation, k.key_id LIMIT most
$$;
COMMENT ON FUNCTION fieldkms_store.due_rotations IS 'Keys to be rotated by a time, longest due first.';

CREATE FUNCTION fieldkms_store.due_destructions(due_by timestamptz, most bigint)
RETURNS TABLE (tenant text, key_id bigint, version bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT v.tenant, v.key_id, v.version FROM fieldkms_store.key_versions v
  WHERE v.state = 3 AND v.destroy_time <= due_by
  ORDER BY v.destroy_time, v.key_id, v.version LIMIT most
$$;
COMMENT ON FUNCTION fieldkms_store.due_destructions IS 'Versions to be destroyed by a time, longest due first.';

CREATE FUNCTION fieldkms_store.staged_key_of_other(of_tenant text, by_import bytea)
RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT s.key_id FROM fieldkms_store.staged_keys s
  JOIN fieldkms_store.keys k ON k.key_id = s.key_id
  WHERE s.tenant = of_tenant AND s.import = by_import AND k.tenant <> of_tenant LIMIT 1
$$;
COMMENT ON FUNCTION fieldkms_store.staged_key_of_other IS 'An id of a key that an import staged for a tenant and another tenant has; null: none.';

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA fieldkms_store FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA fieldkms_store TO fieldkms_service;
