-- Keys and rotation jobs, asked for in SQL. A key is rotated by whoever owns all tables with columns
-- under it. Names of the sources that FieldKMS was specified by are kept as wrappers.

CREATE PROCEDURE kms.create_key(key text, purpose text DEFAULT 'ENCRYPT',
                                tenant text DEFAULT NULL, wait interval DEFAULT '1 minute', INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask('create_key', NULL, NULL, pg_catalog.jsonb_build_object(
      'key', key, 'purpose', purpose, 'tenant', tenant), false, wait), wait, result);
END $$;
COMMENT ON PROCEDURE kms.create_key(text, text, text, interval, jsonb) IS
  'Makes a key. Workers do it only where they were told that they may.';

CREATE PROCEDURE kms.rotate_key(key text, with_job boolean DEFAULT false,
                                tenant text DEFAULT NULL, wait interval DEFAULT '1 minute', INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask('rotate_key', NULL, NULL, pg_catalog.jsonb_build_object(
      'key', key, 'with_job', with_job, 'tenant', tenant), false, wait), wait, result);
END $$;
COMMENT ON PROCEDURE kms.rotate_key(text, boolean, text, interval, jsonb) IS
  'Gives a key a new version; with_job: and has a job bring the rows of this database to it.';

CREATE PROCEDURE kms.create_rotation_job(key text, start boolean DEFAULT true,
                                         tenant text DEFAULT NULL,
                                         wait interval DEFAULT '1 minute',
                                         INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask('create_job', NULL, NULL, pg_catalog.jsonb_build_object(
      'key', key, 'start', start, 'tenant', tenant), false, wait), wait, result);
END $$;
COMMENT ON PROCEDURE kms.create_rotation_job(text, boolean, text, interval, jsonb) IS
  'Makes the job that brings all values under a key in this database to its newest version.';

CREATE PROCEDURE kms.start_rotation_job(job_id text, wait interval DEFAULT '1 minute',
                                        INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask('start_job', NULL, NULL, pg_catalog.jsonb_build_object(
      'job_id', job_id), false, wait), wait, result);
END $$;
COMMENT ON PROCEDURE kms.start_rotation_job(text, interval, jsonb) IS
  'Lets workers begin with a job, or begin again with one that failed.';

CREATE PROCEDURE kms.pause_rotation_job(job_id text, wait interval DEFAULT '1 minute',
                                        INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask('pause_job', NULL, NULL, pg_catalog.jsonb_build_object(
      'job_id', job_id), false, wait), wait, result);
END $$;
COMMENT ON PROCEDURE kms.pause_rotation_job(text, interval, jsonb) IS
  'Stops the workers of a job after the batches that they are at.';

CREATE PROCEDURE kms.resume_rotation_job(job_id text, wait interval DEFAULT '1 minute',
                                         INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask('resume_job', NULL, NULL, pg_catalog.jsonb_build_object(
      'job_id', job_id), false, wait), wait, result);
END $$;
COMMENT ON PROCEDURE kms.resume_rotation_job(text, interval, jsonb) IS 'Lets a paused job go on.';

CREATE PROCEDURE kms.cancel_rotation_job(job_id text, wait interval DEFAULT '1 minute',
                                         INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask('cancel_job', NULL, NULL, pg_catalog.jsonb_build_object(
      'job_id', job_id), false, wait), wait, result);
END $$;
COMMENT ON PROCEDURE kms.cancel_rotation_job(text, interval, jsonb) IS
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

-- Names of the sources.

CREATE PROCEDURE kms.generate_encryption_key(key text, wait interval DEFAULT '1 minute',
                                             INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.create_key(key, 'ENCRYPT', NULL, wait, result);
END $$;
COMMENT ON PROCEDURE kms.generate_encryption_key(text, interval, jsonb) IS 'kms.create_key.';

-- ENCRYPT keys only: blind indexes and formats have jobs of their own.
CREATE FUNCTION kms.registered_keys() RETURNS text[]
  LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
  AS $$
    SELECT coalesce(array_agg(DISTINCT key_name), '{}') FROM kms.protected_columns
    WHERE shape <> 'fpe' AND kms.may_rotate(tenant, key_name, session_user, current_user)
  $$;
COMMENT ON FUNCTION kms.registered_keys() IS
  'The keys that seal columns of this database and that the caller may rotate.';

CREATE PROCEDURE kms.rotate_encryption_keys(key text DEFAULT NULL, wait interval DEFAULT '1 minute')
  LANGUAGE plpgsql AS $$
DECLARE
  each text;
  result jsonb;
BEGIN
  IF key IS NOT NULL THEN
    CALL kms.rotate_key(key, true, NULL, wait, result);
    RETURN;
  END IF;
  FOREACH each IN ARRAY kms.registered_keys() LOOP
    CALL kms.rotate_key(each, true, NULL, wait, result);
  END LOOP;
END $$;
COMMENT ON PROCEDURE kms.rotate_encryption_keys(text, interval) IS
  'kms.rotate_key with a job, of one key or of all that the caller may rotate.';

REVOKE ALL ON FUNCTION kms.registered_keys() FROM PUBLIC;
REVOKE ALL ON PROCEDURE
  kms.create_key(text, text, text, interval, jsonb), kms.rotate_key(text, boolean, text, interval, jsonb),
  kms.create_rotation_job(text, boolean, text, interval, jsonb),
  kms.start_rotation_job(text, interval, jsonb), kms.pause_rotation_job(text, interval, jsonb),
  kms.resume_rotation_job(text, interval, jsonb), kms.cancel_rotation_job(text, interval, jsonb),
  kms.await_rotation_job(text, interval, jsonb),
  kms.generate_encryption_key(text, interval, jsonb), kms.rotate_encryption_keys(text, interval)
  FROM PUBLIC;
