-- Fields: how each kind of value is protected. Run after 0003, with the rules of 0002.
--
-- A field id is 64 bits in a bigint, as a key id is (0001).
CREATE TABLE fieldkms_store.fields (
  field_id bigint PRIMARY KEY CHECK (field_id <> 0),
  tenant text COLLATE "C" NOT NULL REFERENCES fieldkms_store.tenants,
  name text COLLATE "C" NOT NULL CHECK (name <> ''),
  policy bytea NOT NULL,
  create_time timestamptz NOT NULL CHECK (isfinite(create_time)),
  update_time timestamptz NOT NULL CHECK (isfinite(update_time)),
  change bigint NOT NULL CHECK (change > 0),
  UNIQUE (tenant, name)
);
CREATE INDEX fields_change ON fieldkms_store.fields (change);

CREATE TABLE fieldkms_store.staged_fields (
  import bytea NOT NULL CHECK (octet_length(import) = 16),
  LIKE fieldkms_store.fields INCLUDING CONSTRAINTS, PRIMARY KEY (tenant, import, field_id));

COMMENT ON TABLE fieldkms_store.fields IS 'Fields of tenants: how a kind of value is protected, as a policy that the service writes.';
COMMENT ON TABLE fieldkms_store.staged_fields IS 'Fields of tenants that are being restored or copied. Nothing reads them here.';
COMMENT ON COLUMN fieldkms_store.fields.field_id IS 'The 64 bits of the id as a signed number.';
COMMENT ON COLUMN fieldkms_store.fields.change IS 'The change that last wrote the field: its etag.';

REVOKE ALL ON fieldkms_store.fields, fieldkms_store.staged_fields FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE (policy, update_time, change)
  ON fieldkms_store.fields TO fieldkms_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON fieldkms_store.staged_fields TO fieldkms_service;

DO $policies$
DECLARE
  mine CONSTANT text := 'tenant = pg_catalog.current_setting(''fieldkms.tenant'', true)';
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['fields', 'staged_fields'] LOOP
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

CREATE FUNCTION fieldkms_store.tenant_of_field(id bigint)
RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT f.tenant FROM fieldkms_store.fields f WHERE f.field_id = id $$;
COMMENT ON FUNCTION fieldkms_store.tenant_of_field IS 'Whose field an id is; null: nobody''s.';

CREATE FUNCTION fieldkms_store.staged_field_of_other(of_tenant text, by_import bytea)
RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT s.field_id FROM fieldkms_store.staged_fields s
  JOIN fieldkms_store.fields f ON f.field_id = s.field_id
  WHERE s.tenant = of_tenant AND s.import = by_import AND f.tenant <> of_tenant LIMIT 1
$$;
COMMENT ON FUNCTION fieldkms_store.staged_field_of_other IS 'An id of a field that an import staged for a tenant and another tenant has; null: none.';

-- In the place of read_changes, which stays for replicas of a release before this one that
-- still run when the schema is migrated. Kinds: 0 tenant, 1 key, 2 alias, 3 field.
CREATE FUNCTION fieldkms_store.changes_after(after_number bigint, most bigint)
RETURNS TABLE (number bigint, kind smallint, tenant text, name text, key_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT c.number, c.kind, c.tenant, c.name, c.key_id FROM (
    (SELECT t.change AS number, 0::smallint AS kind, t.tenant, '' AS name, 0::bigint AS key_id
     FROM fieldkms_store.tenants t WHERE t.change > after_number
     ORDER BY t.change FETCH FIRST (most) ROWS WITH TIES)
    UNION ALL
    (SELECT k.change, 1::smallint, k.tenant, k.name, k.key_id
     FROM fieldkms_store.keys k WHERE k.change > after_number
     ORDER BY k.change FETCH FIRST (most) ROWS WITH TIES)
    UNION ALL
    (SELECT a.change, 2::smallint, a.tenant, a.alias, coalesce(a.key_id, 0)
     FROM fieldkms_store.aliases a WHERE a.change > after_number
     ORDER BY a.change FETCH FIRST (most) ROWS WITH TIES)
    UNION ALL
    (SELECT f.change, 3::smallint, f.tenant, f.name, 0
     FROM fieldkms_store.fields f WHERE f.change > after_number
     ORDER BY f.change FETCH FIRST (most) ROWS WITH TIES)) c
  ORDER BY c.number FETCH FIRST (most) ROWS WITH TIES
$$;
COMMENT ON FUNCTION fieldkms_store.changes_after IS 'Names of what has changed after a number, oldest change first.';
COMMENT ON FUNCTION fieldkms_store.read_changes IS 'As changes_after, without fields, for releases before there were any.';

REVOKE ALL ON FUNCTION fieldkms_store.tenant_of_field, fieldkms_store.staged_field_of_other,
  fieldkms_store.changes_after FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fieldkms_store.tenant_of_field, fieldkms_store.staged_field_of_other,
  fieldkms_store.changes_after TO fieldkms_service;
