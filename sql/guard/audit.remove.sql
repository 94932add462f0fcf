-- Takes away audit.sql. It refuses while there is a trail or a table that writes one: what is
-- evidence is dropped by hand, by who has decided so.
DO $$
BEGIN
  IF EXISTS (SELECT FROM audit.logs) OR EXISTS (SELECT FROM audit.table_options t JOIN pg_catalog.pg_class c ON c.oid = t.relation) THEN
    RAISE EXCEPTION 'the trail has rows, or tables are audited: audit.unaudit_table and TRUNCATE audit.logs first'
      USING ERRCODE = 'dependent_objects_still_exist';
  END IF;
  DROP FUNCTION guard.verify_audit_trail_integrity(bigint, bytea), audit.audit_coverage(), audit.verify_trail_integrity(bigint, bytea),
    audit.note_anchor(bigint, text), audit.seal(), audit.seal_hash(bytea, bigint, xid8, xid8, bigint, bytea), audit.content(xid8, xid8),
    audit.make_partitions(int), audit.unaudit_table(regclass), audit.audit_table(regclass, name[], name, boolean), audit.log_change(),
    audit.masked(jsonb, name[]), audit.append(audit.logs), audit.leaf(audit.logs);
  DROP TABLE audit.table_options, audit.anchors, audit.seals, audit.logs;
  DROP SEQUENCE audit.log_ids;
  DROP SCHEMA audit;
  DELETE FROM guard.modules WHERE name = 'audit';
END $$;
