-- Data subjects: persons whose values are erased as one, and whose tokens are whose. Run after
-- 0005, with the rules of 0002.
--
-- A subject's id is the application's, any bytes; its handle is what tokens and ciphertexts name.
-- Without its secret nothing of it opens: erasing it is deleting that. Autovacuum comes with its
-- next round, since the secret lies there until then: a round looks at the pages that have
-- changed, which are few.
CREATE TABLE fieldkms_store.subjects (
  create_time timestamptz NOT NULL CHECK (isfinite(create_time)),
  hold_time timestamptz CHECK (isfinite(hold_time)),
  tenant text COLLATE "C" NOT NULL CHECK (tenant <> ''),
  subject bytea NOT NULL CHECK (octet_length(subject) BETWEEN 1 AND 256),
  handle bytea NOT NULL CHECK (octet_length(handle) = 16),
  secret bytea NOT NULL CHECK (octet_length(secret) = 32),
  hold_reason bytea CHECK (octet_length(hold_reason) BETWEEN 1 AND 1024),
  PRIMARY KEY (tenant, handle),
  UNIQUE (tenant, subject),
  CHECK ((hold_reason IS NULL) = (hold_time IS NULL))
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 0,
        toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 0);

CREATE TABLE fieldkms_store.subject_fields (
  field_id bigint NOT NULL CHECK (field_id <> 0),
  tenant text COLLATE "C" NOT NULL,
  handle bytea NOT NULL,
  PRIMARY KEY (tenant, handle, field_id),
  FOREIGN KEY (tenant, handle) REFERENCES fieldkms_store.subjects ON DELETE CASCADE
);

CREATE TABLE fieldkms_store.erasure_marks (
  number bigint NOT NULL CHECK (number >= 0),
  log bytea PRIMARY KEY CHECK (octet_length(log) = 16)
);

-- The key keeps a token from outliving its subject, whatever our code does. The index orders the
-- ids of fields as unsigned numbers.
ALTER TABLE fieldkms_store.tokens ADD COLUMN subject bytea CHECK (octet_length(subject) = 16);
ALTER TABLE fieldkms_store.tokens ADD CONSTRAINT tokens_subject
  FOREIGN KEY (tenant, subject) REFERENCES fieldkms_store.subjects ON DELETE CASCADE;
CREATE INDEX tokens_of_subject
  ON fieldkms_store.tokens (tenant, subject, (field_id < 0), field_id, token)
  WHERE subject IS NOT NULL;

COMMENT ON TABLE fieldkms_store.subjects IS 'Data subjects of tenants, with the secret that opens their values. After erasure, VACUUM soon: leave autovacuum on.';
COMMENT ON COLUMN fieldkms_store.subjects.subject IS 'Its id, the application''s own.';
COMMENT ON COLUMN fieldkms_store.subjects.handle IS 'What tokens and ciphertexts name it by: random, and never used again.';
COMMENT ON COLUMN fieldkms_store.subjects.secret IS 'Without it nothing of the subject opens; with it alone, nothing does.';
COMMENT ON COLUMN fieldkms_store.subjects.hold_reason IS 'Why it may not be erased; null: it may.';
COMMENT ON TABLE fieldkms_store.subject_fields IS 'What fields values of a subject were protected as.';
COMMENT ON TABLE fieldkms_store.erasure_marks IS 'Up to which number the erasures of a log outside the store are done here.';
COMMENT ON COLUMN fieldkms_store.tokens.subject IS 'The handle of the data subject that it goes with; null: none.';

-- Fields go with their subject, by the key.
REVOKE ALL ON fieldkms_store.subjects, fieldkms_store.subject_fields,
  fieldkms_store.erasure_marks FROM PUBLIC;
GRANT SELECT, INSERT, DELETE, UPDATE (hold_reason, hold_time)
  ON fieldkms_store.subjects TO fieldkms_service;
GRANT SELECT, INSERT ON fieldkms_store.subject_fields TO fieldkms_service;
GRANT SELECT, INSERT, UPDATE (number) ON fieldkms_store.erasure_marks TO fieldkms_service;

DO $policies$
DECLARE
  mine CONSTANT text := 'tenant = pg_catalog.current_setting(''fieldkms.tenant'', true)';
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['subjects', 'subject_fields'] LOOP
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

-- As for operations (0002): whoever acts for a tenant has no business there.
ALTER TABLE fieldkms_store.erasure_marks ENABLE ROW LEVEL SECURITY;
ALTER TABLE fieldkms_store.erasure_marks FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_reads ON fieldkms_store.erasure_marks FOR SELECT TO fieldkms_owner USING (true);
CREATE POLICY nobody_selects ON fieldkms_store.erasure_marks FOR SELECT TO fieldkms_service
  USING (coalesce(pg_catalog.current_setting('fieldkms.tenant', true), '') = '');
CREATE POLICY nobody_inserts ON fieldkms_store.erasure_marks FOR INSERT TO fieldkms_service
  WITH CHECK (coalesce(pg_catalog.current_setting('fieldkms.tenant', true), '') = '');
CREATE POLICY nobody_updates ON fieldkms_store.erasure_marks FOR UPDATE TO fieldkms_service
  USING (coalesce(pg_catalog.current_setting('fieldkms.tenant', true), '') = '')
  WITH CHECK (coalesce(pg_catalog.current_setting('fieldkms.tenant', true), '') = '');

CREATE FUNCTION fieldkms_store.has_subjects()
RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT EXISTS (SELECT FROM fieldkms_store.subjects) $$;
COMMENT ON FUNCTION fieldkms_store.has_subjects IS 'Whether there is any subject of any tenant.';

REVOKE ALL ON FUNCTION fieldkms_store.has_subjects FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fieldkms_store.has_subjects TO fieldkms_service;
