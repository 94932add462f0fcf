-- Keys and rotation jobs, asked for in SQL. A key is rotated by whoever owns all tables with columns
-- under it. kms.create_key and its like, without "ask", are functions of the extension: one name may not
-- be a procedure here and a function there, or a CALL finds both.

CREATE PROCEDURE kms.ask_create_key(key text, purpose text DEFAULT 'ENCRYPT',
                                    tenant text DEFAULT NULL, wait interval DEFAULT '1 minute',
                                    INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask('create_key', NULL, NULL, pg_catalog.jsonb_build_object(
      'key', key, 'purpose', purpose, 'tenant', tenant), false, wait), wait, result);
END $$;
COMMENT ON PROCEDURE kms.ask_create_key(text, text, text, interval, jsonb) IS
  'Makes a key. Workers do it only where they were told that they may.';

CREATE PROCEDURE kms.ask_rotate_key(key text, with_job boolean DEFAULT false,
                                    tenant text DEFAULT NULL, wait interval DEFAULT '1 minute',
                                    INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask('rotate_key', NULL, NULL, pg_catalog.jsonb_build_object(
      'key', key, 'with_job', with_job, 'tenant', tenant), false, wait), wait, result);
END $$;
COMMENT ON PROCEDURE kms.ask_rotate_key(text, boolean, text, interval, jsonb) IS
  'Gives a key a new version; with_job: and has a job bring the rows of this database to it.';

CREATE PROCEDURE kms.ask_create_job(key text, start boolean DEFAULT true,
                                         tenant text DEFAULT NULL,
                                         wait interval DEFAULT '1 minute',
                                         INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask('create_job', NULL, NULL, pg_catalog.jsonb_build_object(
      'key', key, 'start', start, 'tenant', tenant), false, wait), wait, result);
END $$;
COMMENT ON PROCEDURE kms.ask_create_job(text, boolean, text, interval, jsonb) IS
  'Makes the job that brings all values under a key in this database to its newest version.';

CREATE PROCEDURE kms.ask_start_job(job_id text, wait interval DEFAULT '1 minute',
                                        INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask('start_job', NULL, NULL, pg_catalog.jsonb_build_object(
      'job_id', job_id), false, wait), wait, result);
END $$;
COMMENT ON PROCEDURE kms.ask_start_job(text, interval, jsonb) IS
  'Lets workers begin with a job, or begin again with one that failed.';

CREATE PROCEDURE kms.ask_pause_job(job_id text, wait interval DEFAULT '1 minute',
                                        INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask('pause_job', NULL, NULL, pg_catalog.jsonb_build_object(
      'job_id', job_id), false, wait), wait, result);
END $$;
COMMENT ON PROCEDURE kms.ask_pause_job(text, interval, jsonb) IS
  'Stops the workers of a job after the batches that they are at.';

CREATE PROCEDURE kms.ask_resume_job(job_id text, wait interval DEFAULT '1 minute',
                                         INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask('resume_job', NULL, NULL, pg_catalog.jsonb_build_object(
      'job_id', job_id), false, wait), wait, result);
END $$;
COMMENT ON PROCEDURE kms.ask_resume_job(text, interval, jsonb) IS 'Lets a paused job go on.';

CREATE PROCEDURE kms.ask_cancel_job(job_id text, wait interval DEFAULT '1 minute',
                                         INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask('cancel_job', NULL, NULL, pg_catalog.jsonb_build_object(
      'job_id', job_id), false, wait), wait, result);
END $$;
COMMENT ON PROCEDURE kms.ask_cancel_job(text, interval, jsonb) IS
  'Ends a job. What it has done stays done.';

CREATE PROCEDURE kms.await_rotation_job(job_id text, wait interval DEFAULT '1 hour',
                                        INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask('await_job', NULL, NULL, pg_catalog.jsonb_build_object(
      'job_id', job_id), false, wait), wait, result);
END $$;
COMMENT ON PROCEDURE kms.await_rotation_job(text, interval, jsonb) IS
  'Waits until a job is done; an error where it failed.';

-- ENCRYPT keys only: blind indexes and formats have jobs of their own.
CREATE FUNCTION kms.registered_keys() RETURNS text[]
  LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
  AS $$
    SELECT coalesce(array_agg(DISTINCT key_name), '{}') FROM kms.protected_columns
    WHERE shape <> 'fpe' AND kms.may_rotate(tenant, key_name, session_user, current_user)
  $$;
COMMENT ON FUNCTION kms.registered_keys() IS
  'The keys that seal columns of this database and that the caller may rotate.';

CREATE PROCEDURE kms.ask_rotate_keys(key text DEFAULT NULL, wait interval DEFAULT '1 minute')
  LANGUAGE plpgsql AS $$
DECLARE
  each text;
  result jsonb;
BEGIN
  IF key IS NOT NULL THEN
    CALL kms.ask_rotate_key(key, true, NULL, wait, result);
    RETURN;
  END IF;
  FOREACH each IN ARRAY kms.registered_keys() LOOP
    CALL kms.ask_rotate_key(each, true, NULL, wait, result);
  END LOOP;
END $$;
COMMENT ON PROCEDURE kms.ask_rotate_keys(text, interval) IS
  'kms.ask_rotate_key with a job, of one key or of all that the caller may rotate.';

REVOKE ALL ON FUNCTION kms.registered_keys() FROM PUBLIC;
REVOKE ALL ON PROCEDURE
  kms.ask_create_key(text, text, text, interval, jsonb), kms.ask_rotate_key(text, boolean, text, interval, jsonb),
  kms.ask_create_job(text, boolean, text, interval, jsonb),
  kms.ask_start_job(text, interval, jsonb), kms.ask_pause_job(text, interval, jsonb),
  kms.ask_resume_job(text, interval, jsonb), kms.ask_cancel_job(text, interval, jsonb),
  kms.await_rotation_job(text, interval, jsonb),
  kms.ask_rotate_keys(text, interval)
  FROM PUBLIC;
