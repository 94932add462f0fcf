-- Rotations: the jobs that re-encrypt rows of application databases, the schedules that make
-- them, and which replicas of the service there are. Run after 0006, with the rules of 0002.
--
-- What a job is to do, and how far it is said to be, is written by the service and means nothing
-- here. Of no row of an application is anything in it.
CREATE TABLE fieldkms_store.rotation_jobs (
  create_time timestamptz NOT NULL CHECK (isfinite(create_time)),
  update_time timestamptz NOT NULL CHECK (isfinite(update_time)),
  change bigint NOT NULL CHECK (change > 0),
  state smallint NOT NULL CHECK (state BETWEEN 1 AND 6),
  tenant text COLLATE "C" NOT NULL REFERENCES fieldkms_store.tenants,
  job_id text COLLATE "C" NOT NULL CHECK (job_id ~ '^[0-9a-f]{32}$'),
  data_source text COLLATE "C" NOT NULL CHECK (data_source <> ''),
  error bytea NOT NULL CHECK (octet_length(error) <= 4096),
  spec bytea NOT NULL CHECK (octet_length(spec) <= 262144),
  progress bytea NOT NULL CHECK (octet_length(progress) <= 1048576),
  PRIMARY KEY (tenant, job_id)
);
-- In the order of lists: of all, of a data source, and of those that are not at an end.
CREATE INDEX rotation_jobs_by_time ON fieldkms_store.rotation_jobs (tenant, create_time, job_id);
CREATE INDEX rotation_jobs_of_source
  ON fieldkms_store.rotation_jobs (tenant, data_source, create_time, job_id);
CREATE INDEX rotation_jobs_open
  ON fieldkms_store.rotation_jobs (tenant, create_time, job_id) WHERE state <= 3;

CREATE TABLE fieldkms_store.rotation_schedules (
  next_run timestamptz CHECK (isfinite(next_run)),
  create_time timestamptz NOT NULL CHECK (isfinite(create_time)),
  update_time timestamptz NOT NULL CHECK (isfinite(update_time)),
  change bigint NOT NULL CHECK (change > 0),
  tenant text COLLATE "C" NOT NULL REFERENCES fieldkms_store.tenants,
  schedule_id text COLLATE "C" NOT NULL CHECK (schedule_id ~ '^[0-9a-f]{32}$'),
  spec bytea NOT NULL CHECK (octet_length(spec) <= 262144),
  PRIMARY KEY (tenant, schedule_id)
);
CREATE INDEX rotation_schedules_due
  ON fieldkms_store.rotation_schedules (next_run, schedule_id, tenant) WHERE next_run IS NOT NULL;

-- Few rows, each written every few seconds: room for that in their page, as for store_state.
CREATE TABLE fieldkms_store.replicas (
  seen timestamptz NOT NULL CHECK (isfinite(seen)),
  change bigint NOT NULL CHECK (change >= 0),
  stale_seconds bigint NOT NULL CHECK (stale_seconds >= 0),
  replica_id text COLLATE "C" PRIMARY KEY CHECK (replica_id ~ '^[0-9a-f]{32}$')
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

COMMENT ON TABLE fieldkms_store.rotation_jobs IS 'Jobs that bring rows of application databases to newer versions of keys. Workers do them; this is what they are told, and what they say.';
COMMENT ON COLUMN fieldkms_store.rotation_jobs.state IS '1 planned, 2 running, 3 paused, 4 done, 5 failed, 6 cancelled';
COMMENT ON COLUMN fieldkms_store.rotation_jobs.data_source IS 'The name by which workers know the database.';
COMMENT ON COLUMN fieldkms_store.rotation_jobs.change IS 'The change that last wrote the job: its etag.';
COMMENT ON TABLE fieldkms_store.rotation_schedules IS 'Schedules that make such jobs.';
COMMENT ON COLUMN fieldkms_store.rotation_schedules.next_run IS 'When it makes the next one; null: it is suspended.';
COMMENT ON TABLE fieldkms_store.replicas IS 'Running processes of the service. One that died stays until it is forgotten.';
COMMENT ON COLUMN fieldkms_store.replicas.change IS 'All changes up to this number are in force there.';
COMMENT ON COLUMN fieldkms_store.replicas.stale_seconds IS 'How long it may go on without the store.';

REVOKE ALL ON fieldkms_store.rotation_jobs, fieldkms_store.rotation_schedules,
  fieldkms_store.replicas FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE (state, spec, progress, error, update_time, change)
  ON fieldkms_store.rotation_jobs TO fieldkms_service;
GRANT SELECT, INSERT, DELETE, UPDATE (spec, next_run, update_time, change)
  ON fieldkms_store.rotation_schedules TO fieldkms_service;
GRANT SELECT, INSERT, DELETE, UPDATE (change, seen, stale_seconds)
  ON fieldkms_store.replicas TO fieldkms_service;

DO $policies$
DECLARE
  mine CONSTANT text := 'tenant = pg_catalog.current_setting(''fieldkms.tenant'', true)';
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['rotation_jobs', 'rotation_schedules'] LOOP
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
ALTER TABLE fieldkms_store.replicas ENABLE ROW LEVEL SECURITY;
ALTER TABLE fieldkms_store.replicas FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_reads ON fieldkms_store.replicas FOR SELECT TO fieldkms_owner USING (true);
CREATE POLICY nobody_selects ON fieldkms_store.replicas FOR SELECT TO fieldkms_service
  USING (coalesce(pg_catalog.current_setting('fieldkms.tenant', true), '') = '');
CREATE POLICY nobody_inserts ON fieldkms_store.replicas FOR INSERT TO fieldkms_service
  WITH CHECK (coalesce(pg_catalog.current_setting('fieldkms.tenant', true), '') = '');
CREATE POLICY nobody_updates ON fieldkms_store.replicas FOR UPDATE TO fieldkms_service
  USING (coalesce(pg_catalog.current_setting('fieldkms.tenant', true), '') = '')
  WITH CHECK (coalesce(pg_catalog.current_setting('fieldkms.tenant', true), '') = '');
CREATE POLICY nobody_deletes ON fieldkms_store.replicas FOR DELETE TO fieldkms_service
  USING (coalesce(pg_catalog.current_setting('fieldkms.tenant', true), '') = '');

-- What is due is named here, and read tenant by tenant.
CREATE FUNCTION fieldkms_store.due_rotation_schedules(due_by timestamptz, most bigint)
RETURNS TABLE (tenant text, schedule_id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT s.tenant, s.schedule_id FROM fieldkms_store.rotation_schedules s
  WHERE s.next_run <= due_by ORDER BY s.next_run, s.schedule_id, s.tenant LIMIT most
$$;
COMMENT ON FUNCTION fieldkms_store.due_rotation_schedules IS 'Schedules that are to make a job by a time, longest due first.';

REVOKE ALL ON FUNCTION fieldkms_store.due_rotation_schedules FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fieldkms_store.due_rotation_schedules TO fieldkms_service;
