-- A trail of changes to rows, partitioned by month. Writers take no lock for it: each row carries the
-- hash of its own content, and audit.seal() chains what has been committed, later and in one place.
-- Owners can rewrite tables, so evidence is a seal's hash that was noted elsewhere: audit.note_anchor.

\ir core.sql
SELECT guard.register_module('audit', 1);

DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'audit' AND pg_catalog.pg_get_userbyid(nspowner) <> current_user) THEN
    RAISE EXCEPTION 'schema audit belongs to another role' USING ERRCODE = 'insufficient_privilege';
  END IF;
END $$;
CREATE SCHEMA IF NOT EXISTS audit;
REVOKE ALL ON SCHEMA audit FROM PUBLIC;

CREATE SEQUENCE IF NOT EXISTS audit.log_ids AS bigint;
CREATE TABLE IF NOT EXISTS audit.logs (
  id bigint NOT NULL DEFAULT nextval('audit.log_ids'),
  logged_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
  table_name text NOT NULL,
  record_id text,
  tenant text,
  user_name text NOT NULL DEFAULT session_user,
  action text NOT NULL,
  row_data jsonb,
  changed_fields jsonb,
  query text,
  client_address inet DEFAULT inet_client_addr(),
  application text DEFAULT current_setting('application_name'),
  leaf bytea NOT NULL
) PARTITION BY RANGE (logged_at);
CREATE TABLE IF NOT EXISTS audit.logs_default PARTITION OF audit.logs DEFAULT;
CREATE INDEX IF NOT EXISTS logs_logged_at ON audit.logs USING brin (logged_at);
CREATE INDEX IF NOT EXISTS logs_transaction_id ON audit.logs (transaction_id, id);
REVOKE ALL ON audit.logs, audit.logs_default FROM PUBLIC;

-- Each seal covers the rows of transactions from `after_xid` on and before `before_xid`.
CREATE TABLE IF NOT EXISTS audit.seals (
  seal_id bigint PRIMARY KEY,
  after_xid xid8 NOT NULL,
  before_xid xid8 NOT NULL,
  rows bigint NOT NULL,
  content bytea NOT NULL,
  hash bytea NOT NULL,
  sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (after_xid < before_xid)
);
CREATE TABLE IF NOT EXISTS audit.anchors (
  seal_id bigint NOT NULL REFERENCES audit.seals,
  kept_at text NOT NULL CHECK (kept_at <> ''),
  hash bytea NOT NULL,
  noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (seal_id, kept_at)
);
CREATE TABLE IF NOT EXISTS audit.table_options (
  relation regclass PRIMARY KEY,
  masked_columns name[] NOT NULL DEFAULT '{}',
  tenant_column name,
  with_query boolean NOT NULL DEFAULT false
);
REVOKE ALL ON audit.seals, audit.anchors, audit.table_options, audit.log_ids FROM PUBLIC;

-- Times as microseconds: texts of them depend on the session's time zone.
CREATE OR REPLACE FUNCTION audit.leaf(l audit.logs) RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT sha256(guard.canonical(l.id::text, encode(timestamptz_send(l.logged_at), 'hex'), l.transaction_id::text, l.table_name,
    l.record_id, l.tenant, l.user_name, l.action, l.row_data::text, l.changed_fields::text, l.query, l.client_address::text, l.application))
$$;
REVOKE ALL ON FUNCTION audit.leaf(audit.logs) FROM PUBLIC;

-- The one way into the trail.
CREATE OR REPLACE FUNCTION audit.append(l audit.logs) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  l.id := nextval('audit.log_ids');
  l.logged_at := clock_timestamp();
  l.transaction_id := pg_current_xact_id();
  l.user_name := session_user;
  l.client_address := inet_client_addr();
  l.application := current_setting('application_name');
  l.leaf := audit.leaf(l);
  INSERT INTO audit.logs SELECT l.*;
END $$;
REVOKE ALL ON FUNCTION audit.append(audit.logs) FROM PUBLIC;

-- A trail is read by others than the table: what is hidden from them is there as '***', unless it is NULL.
CREATE OR REPLACE FUNCTION audit.masked(data jsonb, hidden name[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT data || coalesce((SELECT jsonb_object_agg(h, '***') FROM unnest(hidden) h WHERE data -> h::text <> 'null'), '{}')
$$;
REVOKE ALL ON FUNCTION audit.masked(jsonb, name[]) FROM PUBLIC;

-- The trigger, with the table's key columns as arguments. Of a partition it is the partition's name
-- that is logged, and the options of the table that audit_table was asked for, which is the first argument.
CREATE OR REPLACE FUNCTION audit.log_change() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  l audit.logs;
  o audit.table_options;
  was jsonb;
  becomes jsonb;
  shown jsonb;
BEGIN
  SELECT * INTO o FROM audit.table_options t WHERE t.relation = TG_ARGV[0]::oid;
  l.table_name := format('%I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME);
  l.action := TG_OP;
  IF o.with_query THEN l.query := current_query(); END IF;
  IF TG_OP <> 'TRUNCATE' THEN
    IF TG_OP <> 'INSERT' THEN was := to_jsonb(OLD); END IF;
    IF TG_OP <> 'DELETE' THEN becomes := to_jsonb(NEW); END IF;
    shown := coalesce(becomes, was);
    l.tenant := shown ->> o.tenant_column::text;
    l.record_id := (SELECT jsonb_agg(shown -> k ORDER BY n) FROM unnest(TG_ARGV[1:]) WITH ORDINALITY AS u(k, n))::text;
    l.row_data := audit.masked(coalesce(was, becomes), o.masked_columns);
    IF TG_OP = 'UPDATE' THEN
      -- Compared before they are masked: that a hidden value changed is shown.
      l.changed_fields := audit.masked((SELECT coalesce(jsonb_object_agg(n.key, n.value), '{}') FROM jsonb_each(becomes) n
        WHERE was -> n.key IS DISTINCT FROM n.value), (SELECT array_agg(h) FROM unnest(o.masked_columns) h
        WHERE was -> h::text IS DISTINCT FROM becomes -> h::text));
    END IF;
  END IF;
  PERFORM audit.append(l);
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION audit.log_change() FROM PUBLIC;

-- ALWAYS: session_replication_role does not mute it.
CREATE OR REPLACE FUNCTION audit.audit_table(relation regclass, masked_columns name[] DEFAULT '{}', tenant_column name DEFAULT NULL,
  with_query boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  unknown name;
  keys text := (SELECT string_agg(', ' || quote_literal(a.attname), '' ORDER BY array_position(i.indkey, a.attnum))
    FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
    WHERE i.indrelid = relation AND i.indisprimary);
  part regclass;
BEGIN
  IF (SELECT relkind NOT IN ('r', 'p') OR relispartition OR relnamespace IN ('audit'::regnamespace, 'guard'::regnamespace)
      FROM pg_class WHERE oid = relation) THEN
    RAISE EXCEPTION 'relation: no table that can be audited, or a partition' USING ERRCODE = 'wrong_object_type';
  END IF;
  SELECT c INTO unknown FROM unnest(masked_columns || tenant_column) c WHERE c IS NOT NULL AND NOT EXISTS
    (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = c AND a.attnum > 0 AND NOT a.attisdropped);
  IF unknown IS NOT NULL THEN
    RAISE EXCEPTION 'no such column: %', unknown USING ERRCODE = 'undefined_column';
  END IF;
  INSERT INTO audit.table_options AS t VALUES (relation, masked_columns, tenant_column, with_query)
    ON CONFLICT ON CONSTRAINT table_options_pkey DO UPDATE SET masked_columns = EXCLUDED.masked_columns,
      tenant_column = EXCLUDED.tenant_column, with_query = EXCLUDED.with_query;
  EXECUTE format('DROP TRIGGER IF EXISTS guard_audit ON %s', relation);
  EXECUTE format('CREATE TRIGGER guard_audit AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION audit.log_change(%L%s)',
    relation, relation::oid, coalesce(keys, ''));
  FOR part IN SELECT relid FROM pg_partition_tree(relation) UNION SELECT relation LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER guard_audit', part);
    EXECUTE format('DROP TRIGGER IF EXISTS guard_audit_truncate ON %s', part);
    EXECUTE format('CREATE TRIGGER guard_audit_truncate AFTER TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION audit.log_change(%L)',
      part, relation::oid);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER guard_audit_truncate', part);
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION audit.audit_table(regclass, name[], name, boolean) FROM PUBLIC;

CREATE OR REPLACE FUNCTION audit.unaudit_table(relation regclass) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  part regclass;
BEGIN
  EXECUTE format('DROP TRIGGER IF EXISTS guard_audit ON %s', relation);
  FOR part IN SELECT relid FROM pg_partition_tree(relation) UNION SELECT relation LOOP
    EXECUTE format('DROP TRIGGER IF EXISTS guard_audit_truncate ON %s', part);
  END LOOP;
  DELETE FROM audit.table_options t WHERE t.relation = unaudit_table.relation;
END $$;
REVOKE ALL ON FUNCTION audit.unaudit_table(regclass) FROM PUBLIC;

-- Months from this one on, made ahead; what falls outside is in logs_default.
CREATE OR REPLACE FUNCTION audit.make_partitions(months int DEFAULT 3) RETURNS int
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  month timestamptz;
  made int := 0;
BEGIN
  IF months IS NULL OR months NOT BETWEEN 1 AND 120 THEN
    RAISE EXCEPTION 'months: 1 to 120' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  FOR i IN 0..months - 1 LOOP
    month := date_trunc('month', now()) + make_interval(months => i);
    CONTINUE WHEN to_regclass('audit.logs_' || to_char(month, 'YYYY_MM')) IS NOT NULL
      OR EXISTS (SELECT FROM audit.logs_default d WHERE d.logged_at >= month AND d.logged_at < month + interval '1 month');
    EXECUTE format('CREATE TABLE audit.%I PARTITION OF audit.logs FOR VALUES FROM (%L) TO (%L)',
      'logs_' || to_char(month, 'YYYY_MM'), month, month + interval '1 month');
    EXECUTE format('REVOKE ALL ON audit.%I FROM PUBLIC', 'logs_' || to_char(month, 'YYYY_MM'));
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;
REVOKE ALL ON FUNCTION audit.make_partitions(int) FROM PUBLIC;
SELECT audit.make_partitions();

-- What a seal says of its rows. Computed from the rows, not from what `leaf` says of them.
CREATE OR REPLACE FUNCTION audit.content(after_xid xid8, before_xid xid8, OUT rows bigint, OUT content bytea)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT count(*), sha256(coalesce(string_agg(audit.leaf(l), ''::bytea ORDER BY l.transaction_id, l.id), ''::bytea))
  FROM audit.logs l WHERE l.transaction_id >= after_xid AND l.transaction_id < before_xid
$$;
REVOKE ALL ON FUNCTION audit.content(xid8, xid8) FROM PUBLIC;

CREATE OR REPLACE FUNCTION audit.seal_hash(previous bytea, seal_id bigint, after_xid xid8, before_xid xid8, rows bigint, content bytea)
RETURNS bytea LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT sha256(guard.canonical(encode(previous, 'hex'), seal_id::text, after_xid::text, before_xid::text, rows::text, encode(content, 'hex')))
$$;
REVOKE ALL ON FUNCTION audit.seal_hash(bytea, bigint, xid8, xid8, bigint, bytea) FROM PUBLIC;

-- Seals the rows of all transactions that have ended, and returns the seal; NULL where there are
-- none. By transactions, not by ids: a lower id may be committed after a higher one. Transactions
-- below xmin are over and cannot add rows. Call it at READ COMMITTED, so that the snapshot is newer than the lock.
CREATE OR REPLACE FUNCTION audit.seal() RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  last audit.seals;
  horizon xid8;
  made record;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'audit.seal is for READ COMMITTED' USING ERRCODE = 'active_sql_transaction';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('guard'), hashtext('audit.seal'));
  SELECT * INTO last FROM audit.seals ORDER BY seal_id DESC LIMIT 1;
  horizon := pg_snapshot_xmin(pg_current_snapshot());
  IF horizon <= last.before_xid THEN RETURN NULL; END IF;
  SELECT * INTO made FROM audit.content(coalesce(last.before_xid, '0'::xid8), horizon);
  IF made.rows = 0 THEN RETURN NULL; END IF;
  INSERT INTO audit.seals (seal_id, after_xid, before_xid, rows, content, hash)
    VALUES (coalesce(last.seal_id, 0) + 1, coalesce(last.before_xid, '0'::xid8), horizon, made.rows, made.content,
      audit.seal_hash(last.hash, coalesce(last.seal_id, 0) + 1, coalesce(last.before_xid, '0'::xid8), horizon, made.rows, made.content));
  RETURN coalesce(last.seal_id, 0) + 1;
END $$;
REVOKE ALL ON FUNCTION audit.seal() FROM PUBLIC;

-- Notes that a seal's hash is kept elsewhere, and returns it: that hash is what to keep.
CREATE OR REPLACE FUNCTION audit.note_anchor(seal_id bigint, kept_at text) RETURNS bytea
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  sealed bytea := (SELECT s.hash FROM audit.seals s WHERE s.seal_id = note_anchor.seal_id);
BEGIN
  IF sealed IS NULL THEN
    RAISE EXCEPTION 'seal_id: no such seal' USING ERRCODE = 'no_data_found';
  END IF;
  INSERT INTO audit.anchors (seal_id, kept_at, hash) VALUES (note_anchor.seal_id, note_anchor.kept_at, sealed);
  RETURN sealed;
END $$;
REVOKE ALL ON FUNCTION audit.note_anchor(bigint, text) FROM PUBLIC;

-- What is wrong with the trail: no row, nothing. With a seal's id and hash from where they were
-- kept, also that the trail has been rewritten or cut off below it.
CREATE OR REPLACE FUNCTION audit.verify_trail_integrity(anchor_seal bigint DEFAULT NULL, anchor_hash bytea DEFAULT NULL)
RETURNS TABLE (seal_id bigint, problem text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH chain AS (
    SELECT s.*, lag(s.hash) OVER w AS previous, coalesce(lag(s.seal_id) OVER w, 0) + 1 AS next_id,
      coalesce(lag(s.before_xid) OVER w, '0'::xid8) AS starts
    FROM audit.seals s WINDOW w AS (ORDER BY s.seal_id))
  SELECT c.seal_id, p.problem FROM chain c
  CROSS JOIN LATERAL audit.content(c.after_xid, c.before_xid) n
  CROSS JOIN LATERAL (VALUES
    (c.seal_id <> c.next_id OR c.after_xid <> c.starts, 'a seal before it is gone'),
    (c.hash <> audit.seal_hash(c.previous, c.seal_id, c.after_xid, c.before_xid, c.rows, c.content), 'the seal was changed'),
    (n.rows < c.rows, 'rows are gone'), (n.rows > c.rows, 'rows were added behind it'),
    (n.rows = c.rows AND n.content <> c.content, 'rows were changed')) p(is_so, problem)
  WHERE p.is_so
  UNION ALL
  SELECT a.seal_id, 'the seal is not the one that was anchored'
  FROM (SELECT x.seal_id, x.hash FROM audit.anchors x UNION SELECT anchor_seal, anchor_hash WHERE anchor_seal IS NOT NULL) a
  WHERE NOT EXISTS (SELECT FROM audit.seals s WHERE s.seal_id = a.seal_id AND s.hash = a.hash)
  UNION ALL
  SELECT NULL, 'a row that is not sealed yet was changed'
  FROM audit.logs l WHERE l.leaf <> audit.leaf(l)
    AND l.transaction_id >= coalesce((SELECT s.before_xid FROM audit.seals s ORDER BY s.seal_id DESC LIMIT 1), '0'::xid8)
$$;
REVOKE ALL ON FUNCTION audit.verify_trail_integrity(bigint, bytea) FROM PUBLIC;

CREATE OR REPLACE FUNCTION guard.verify_audit_trail_integrity(anchor_seal bigint DEFAULT NULL, anchor_hash bytea DEFAULT NULL)
RETURNS TABLE (seal_id bigint, problem text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT * FROM audit.verify_trail_integrity(anchor_seal, anchor_hash)
$$;
REVOKE ALL ON FUNCTION guard.verify_audit_trail_integrity(bigint, bytea) FROM PUBLIC;

CREATE OR REPLACE FUNCTION audit.audit_coverage() RETURNS TABLE (relation text, audited boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.oid::regclass::text, 2 = (SELECT count(*) FROM pg_trigger t WHERE t.tgrelid = c.oid
    AND t.tgfoid = 'audit.log_change()'::regprocedure AND t.tgenabled = 'A')
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('audit', 'guard', 'pg_catalog', 'information_schema') AND n.nspname !~ '^pg_toast'
  ORDER BY 1
$$;
REVOKE ALL ON FUNCTION audit.audit_coverage() FROM PUBLIC;
