-- How far the protected columns of this database are: what samples and the service have said last.
-- Views only read; kms.sample_columns looks at tables, a worker (`fieldkms rotation serve`) does so
-- now and then, and writes down what it hears of keys.

CREATE TABLE kms.key_facts (
  tenant text NOT NULL,
  key_name text NOT NULL,
  -- As in envelopes, 16 hex digits.
  key_id text NOT NULL,
  purpose text NOT NULL,
  primary_version int8 NOT NULL,
  created_at timestamptz NOT NULL,
  primary_since timestamptz NOT NULL,
  heard_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant, key_name)
);
COMMENT ON TABLE kms.key_facts IS 'What a worker last heard of the keys of kms.protected_columns.';

CREATE TABLE kms.column_samples (
  binding_id bytea PRIMARY KEY REFERENCES kms.protected_columns ON DELETE CASCADE,
  sampled_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  estimated_rows int8 NOT NULL,
  sampled_rows int8 NOT NULL,
  -- Of the sampled rows: those with a ciphertext, and those with a plaintext beside it and none.
  ciphertexts int8 NOT NULL,
  plaintexts int8 NOT NULL,
  -- How many envelopes under each version, as {"0123456789abcdef/2": 990}; "-" in the place of the
  -- key's id: of texts in their own format; "?": no envelope.
  versions jsonb NOT NULL
);
COMMENT ON TABLE kms.column_samples IS
  'What kms.sample_columns saw last: counts, and versions of keys. Never a value.';

-- Key and version of an envelope by its first bytes (crypto/FORMAT.md), "?" for what is none.
CREATE FUNCTION kms.version_of(envelope bytea) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN octet_length(envelope) < 13 OR get_byte(envelope, 0) NOT IN (17, 18, 19) THEN '?'
      ELSE encode(substring(envelope FROM 2 FOR 8), 'hex') || '/'
        || (((get_byte(envelope, 9)::int8 * 256 + get_byte(envelope, 10)) * 256
             + get_byte(envelope, 11)) * 256 + get_byte(envelope, 12)) END
  $$;
COMMENT ON FUNCTION kms.version_of(bytea) IS 'Which version of which key sealed an envelope.';
-- The same of the text form: 24 digits of its Base64 are its first 18 bytes.
CREATE FUNCTION kms.version_of(envelope text) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN envelope ~ '^fk1\.[A-Za-z0-9_-]{24}'
      THEN kms.version_of(decode(translate(substr(envelope, 5, 24), '-_', '+/'), 'base64'))
      ELSE '?' END
  $$;
COMMENT ON FUNCTION kms.version_of(text) IS
  'Which version of which key sealed an envelope in text form.';

-- The expression that has the versions in a column of a shape, as a set.
CREATE FUNCTION kms.versions_sql(shape text, attribute name, version_attribute name) RETURNS text
  LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format(CASE shape
      WHEN 'bytea' THEN 'SELECT kms.version_of(substring(t.%1$I FROM 1 FOR 13))'
      WHEN 'text' THEN 'SELECT kms.version_of(left(t.%1$I::text, 28))'
      WHEN 'bytea[]' THEN 'SELECT kms.version_of(substring(e FROM 1 FOR 13)) FROM unnest(t.%1$I) e'
      WHEN 'text[]' THEN 'SELECT kms.version_of(left(e, 28)) FROM unnest(t.%1$I::text[]) e'
      WHEN 'fpe' THEN 'SELECT ''-/'' || coalesce(t.%2$I::text, ''?'') WHERE t.%1$I IS NOT NULL'
      ELSE 'SELECT kms.version_of(m[1]) FROM regexp_matches(t.%1$I::text, '
           '''"(fk1\.[A-Za-z0-9_-]{24})'', ''g'') m'
      END, attribute, version_attribute)
  $$;
COMMENT ON FUNCTION kms.versions_sql(text, name, name) IS 'Internal to kms.sample_columns.';

-- A table and all of its partitions.
CREATE FUNCTION kms.tables_of(relation regclass) RETURNS TABLE (relid regclass)
  LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT relation UNION SELECT t.relid FROM pg_partition_tree(relation) t
  $$;
COMMENT ON FUNCTION kms.tables_of(regclass) IS 'A table and all of its partitions.';

-- How much of a table TABLESAMPLE SYSTEM must read, in percent, for about so many rows, and how many
-- rows it has, by what is known of all of its partitions.
CREATE FUNCTION kms.sample_share(relation regclass, sample_rows int8, OUT share float8,
                                 OUT estimated_rows int8)
  LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH known AS (
      SELECT sum(CASE WHEN c.reltuples >= 0 AND c.relpages > 0
                   THEN c.reltuples / c.relpages * pg_relation_size(c.oid) / b.block_size
                   ELSE pg_relation_size(c.oid) / 100.0 END) AS tuples
      FROM kms.tables_of(relation) t JOIN pg_class c ON c.oid = t.relid,
        (SELECT current_setting('block_size')::float8 AS block_size) b
      WHERE c.relkind IN ('r', 'm'))
    SELECT CASE WHEN coalesce(tuples, 0) <= 2 * sample_rows THEN 100
             ELSE greatest(150.0 * sample_rows / tuples, 0.0001) END,
      coalesce(tuples, 0)::int8
    FROM known
  $$;
COMMENT ON FUNCTION kms.sample_share(regclass, int8) IS
  'How much of a table to read for a sample, in percent, and how many rows it has, about.';

-- Looks at one column. With the rights of whoever calls it.
CREATE FUNCTION kms.sample_column(p kms.protected_columns, sample_rows int8,
                                  OUT saw kms.column_samples)
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
  -- Columns by their numbers, as long as these are of this table.
  same CONSTANT boolean := p.relation = p.relation_oid;
  cipher CONSTANT name := kms.name_now(p.relation, p.attribute, p.attribute_number, same);
  plain CONSTANT name := kms.name_now(p.relation, p.plain_attribute, p.plain_number, same);
  version CONSTANT name := kms.name_now(p.relation, p.version_attribute, p.version_number, same);
  share record;
BEGIN
  SELECT * INTO share FROM kms.sample_share(p.relation, sample_rows);
  EXECUTE format(
      'WITH t AS MATERIALIZED (SELECT %I AS c, %s FROM %s TABLESAMPLE SYSTEM (%s) LIMIT %s), '
      'v AS (SELECT x.version, count(*) AS n FROM t, LATERAL (%s) x (version) '
      '      WHERE x.version IS NOT NULL GROUP BY 1) '
      'SELECT count(*), count(t.c), count(*) FILTER (WHERE t.c IS NULL AND t.p), '
      '  coalesce((SELECT jsonb_object_agg(version, n) FROM v), ''{}'') FROM t',
      cipher,
      CASE WHEN plain IS NULL THEN 'false AS p' ELSE format('%I IS NOT NULL AS p', plain) END
        || CASE WHEN version IS NULL THEN '' ELSE format(', %I AS v', version) END,
      p.relation, share.share, sample_rows, kms.versions_sql(p.shape, 'c', 'v'))
    INTO saw.sampled_rows, saw.ciphertexts, saw.plaintexts, saw.versions;
  saw.binding_id := p.binding_id;
  saw.estimated_rows := CASE WHEN share.share = 100 AND saw.sampled_rows < sample_rows
                             THEN saw.sampled_rows ELSE share.estimated_rows END;
  saw.sampled_at := clock_timestamp();
END $$;
COMMENT ON FUNCTION kms.sample_column(kms.protected_columns, int8) IS
  'Looks at some rows of a column: how many have a ciphertext, under which versions.';

CREATE FUNCTION kms.name_now(relation oid, attribute name, number int2, same boolean) RETURNS name
  LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((SELECT a.attname FROM pg_attribute a
                     WHERE same AND a.attrelid = relation AND a.attnum = number
                       AND NOT a.attisdropped), attribute)
  $$;
COMMENT ON FUNCTION kms.name_now(oid, name, int2, boolean) IS
  'What a column of the registry is called now.';

-- A table that cannot be read is said so, and the others are looked at. only_binding: one column.
CREATE FUNCTION kms.sample_columns(sample_rows int8 DEFAULT 1000, only_binding bytea DEFAULT NULL)
  RETURNS TABLE (relation regclass, attribute name, sampled_rows int8, skipped text)
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  p kms.protected_columns;
  saw kms.column_samples;
BEGIN
  IF sample_rows IS NULL OR sample_rows NOT BETWEEN 1 AND 1000000 THEN
    RAISE EXCEPTION 'sample_rows must be 1 to 1,000,000' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  FOR p IN SELECT r.* FROM kms.protected_columns r JOIN pg_class c ON c.oid = r.relation
           WHERE only_binding IS NULL OR r.binding_id = only_binding
           ORDER BY r.relation, r.attribute LOOP
    relation := p.relation;
    attribute := p.attribute;
    sampled_rows := NULL;
    skipped := NULL;
    BEGIN
      SELECT * INTO saw FROM kms.sample_column(p, sample_columns.sample_rows);
      INSERT INTO kms.column_samples SELECT saw.*
        ON CONFLICT (binding_id) DO UPDATE SET sampled_at = EXCLUDED.sampled_at,
          estimated_rows = EXCLUDED.estimated_rows, sampled_rows = EXCLUDED.sampled_rows,
          ciphertexts = EXCLUDED.ciphertexts, plaintexts = EXCLUDED.plaintexts,
          versions = EXCLUDED.versions;
      sampled_rows := saw.sampled_rows;
    EXCEPTION
      WHEN insufficient_privilege THEN skipped := 'no right to read it, or row security hides rows';
      WHEN undefined_column OR undefined_table THEN skipped := 'it is not what the registry says';
      WHEN lock_not_available THEN skipped := 'it is locked';
    END;
    RETURN NEXT;
  END LOOP;
END $$;
COMMENT ON FUNCTION kms.sample_columns(int8, bytea) IS
  'Looks at some rows of each protected column, for kms.encryption_status.';

CREATE VIEW kms.encryption_status AS
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
    j.quarantined AS last_job_quarantined
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
COMMENT ON VIEW kms.encryption_status IS
  'Of each protected column: its stage, how much is encrypted, under which versions of its key.';
CREATE VIEW kms.vw_encryption_status AS SELECT * FROM kms.encryption_status;
COMMENT ON VIEW kms.vw_encryption_status IS 'kms.encryption_status.';

REVOKE ALL ON FUNCTION kms.version_of(bytea), kms.version_of(text),
  kms.versions_sql(text, name, name), kms.tables_of(regclass), kms.sample_share(regclass, int8),
  kms.sample_column(kms.protected_columns, int8), kms.name_now(oid, name, int2, boolean),
  kms.sample_columns(int8, bytea) FROM PUBLIC;
