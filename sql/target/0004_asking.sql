-- How a request is made and waited for.
--
-- Procedures that COMMIT can neither be SECURITY DEFINER nor have their search_path pinned, so they
-- do nothing but call functions by their whole names: all that looks up operators is in functions
-- that have.

-- Checks a request and writes it down. One that is open and asks for the same is taken instead: who
-- was cut off while waiting asks again, and waits on.
CREATE FUNCTION kms.ask(action text, relation regclass, attribute name, options jsonb,
                        dry_run boolean, wait interval) RETURNS int8
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  wanted CONSTANT jsonb := jsonb_strip_nulls(options) - 'tenant';
  number int2;
  of_tenant text;
  found int8;
BEGIN
  -- A COMMIT within a transaction block fails with less to say.
  IF wait IS NOT NULL AND (pg_current_xact_id_if_assigned() IS NOT NULL
                           OR statement_timestamp() > now() + interval '1 second') THEN
    RAISE EXCEPTION 'a request cannot be waited for within a transaction block'
      USING ERRCODE = 'active_sql_transaction',
        HINT = 'CALL it outside of one, or with wait => NULL, which only asks: '
               'kms.await_request waits later.';
  END IF;
  IF wait < interval '0' OR wait > interval '30 days' THEN
    RAISE EXCEPTION 'wait must be between 0 and 30 days' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF relation IS NOT NULL THEN
    number := kms.check_column(relation, attribute);
  END IF;
  of_tenant := kms.tenant_for(options ->> 'tenant', options ->> 'job_id', relation, number);
  SELECT r.request_id INTO found FROM kms.requests r
    WHERE r.state IN ('queued', 'running') AND r.expires_at > clock_timestamp()
      AND r.action = ask.action AND r.options = wanted AND r.dry_run = ask.dry_run
      AND r.relation IS NOT DISTINCT FROM ask.relation
      AND r.attribute_number IS NOT DISTINCT FROM number
      AND r.tenant IS NOT DISTINCT FROM of_tenant
      AND r.database_oid = kms.this_database()
      AND r.requested_by = session_user AND r.requested_as = current_user
    ORDER BY r.request_id DESC LIMIT 1;
  IF found IS NULL THEN
    INSERT INTO kms.requests (action, relation, relation_oid, attribute, attribute_number, tenant,
                              options, dry_run)
      VALUES (ask.action, ask.relation, ask.relation, ask.attribute, number, of_tenant, wanted,
              ask.dry_run)
      RETURNING request_id INTO found;
  END IF;
  IF wait IS NULL THEN
    RAISE NOTICE 'request % is made: CALL kms.await_request(%) waits for it', found, found;
  END IF;
  RETURN found;
END $$;
COMMENT ON FUNCTION kms.ask(text, regclass, name, jsonb, boolean, interval) IS
  'Makes a request of FieldKMS. The procedures of this schema call it.';

-- Returns the number of a column that the caller may have changed.
CREATE FUNCTION kms.check_column(relation regclass, attribute name) RETURNS int2
  LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  number int2;
BEGIN
  IF attribute IS NULL THEN
    RAISE EXCEPTION 'a column is needed' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = relation) THEN
    RAISE EXCEPTION 'there is no such table' USING ERRCODE = 'undefined_table';
  END IF;
  IF NOT kms.may_change(relation, session_user, current_user) THEN
    RAISE EXCEPTION 'must be owner of table %', relation USING ERRCODE = 'insufficient_privilege';
  END IF;
  SELECT a.attnum INTO number FROM pg_attribute a
    WHERE a.attrelid = relation AND a.attname = check_column.attribute AND a.attnum > 0
      AND NOT a.attisdropped;
  IF number IS NULL THEN
    RAISE EXCEPTION 'column % of table % does not exist', quote_ident(attribute), relation
      USING ERRCODE = 'undefined_column';
  END IF;
  RETURN number;
END $$;
COMMENT ON FUNCTION kms.check_column(regclass, name) IS
  'The number of a column of a table that the caller owns.';

-- Whose keys a request is about: as given; or as the registry has it of the column, or the job; or
-- that of the only workers there are. NULL: of whichever worker takes it.
CREATE FUNCTION kms.tenant_for(given text, job_id text, relation regclass, number int2) RETURNS text
  LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  tenants text[];
BEGIN
  IF given IS NOT NULL THEN
    RETURN given;
  END IF;
  SELECT array_agg(DISTINCT p.tenant) INTO tenants FROM kms.protected_columns p
    WHERE p.relation = tenant_for.relation AND number IN (p.attribute_number, p.plain_number);
  IF tenants IS NULL THEN
    SELECT array_agg(j.tenant) INTO tenants FROM kms.rotation_jobs j
      WHERE j.job_id = tenant_for.job_id;
  END IF;
  IF tenants IS NULL THEN
    SELECT array_agg(DISTINCT w.tenant) INTO tenants FROM kms.request_workers w
      WHERE w.seen_at > clock_timestamp() - interval '30 seconds';
  END IF;
  IF cardinality(tenants) > 1 THEN
    RAISE EXCEPTION 'there are workers of several tenants'
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Say tenant => ''...''.';
  END IF;
  RETURN tenants[1];
END $$;
COMMENT ON FUNCTION kms.tenant_for(text, text, regclass, int2) IS
  'Whose keys a request is about, where it does not say so.';

-- Takes back a request of the caller's that nobody has begun.
CREATE FUNCTION kms.withdraw_request(request_id int8) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE kms.requests r SET state = 'withdrawn', ended_at = clock_timestamp()
    WHERE r.request_id = withdraw_request.request_id AND r.state = 'queued'
      AND r.requested_by = session_user;
  RETURN FOUND;
END $$;
COMMENT ON FUNCTION kms.withdraw_request(int8) IS
  'Takes back a request of one''s own, if nobody has begun with it.';

CREATE FUNCTION kms.sqlstate_of(reason text) RETURNS text
  LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE
      WHEN reason = 'INVALID_FIELD' THEN '22023'
      WHEN reason LIKE '%\_NOT\_FOUND' THEN '42704'
      WHEN reason LIKE '%\_EXISTS' THEN '42710'
      WHEN reason IN ('PERMISSION_DENIED', 'UNAUTHENTICATED') THEN '42501'
      WHEN reason = 'DATABASE_BUSY' THEN '55P03'
      ELSE '55000' END
  $$;
COMMENT ON FUNCTION kms.sqlstate_of(text) IS 'The SQLSTATE of a reason of FieldKMS.';

-- What there is to say of a request that is waited for since then: whether it has ended, with what it
-- came to or why it failed; or how far it is.
CREATE FUNCTION kms.request_news(request_id int8, since timestamptz, wait interval, OUT ended boolean,
    OUT notice text, OUT result jsonb, OUT failure text, OUT detail text, OUT hint text,
    OUT code text)
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  r kms.requests;
  waited CONSTANT interval := clock_timestamp() - since;
  waits_for text;
BEGIN
  SELECT * INTO r FROM kms.requests q WHERE q.request_id = request_news.request_id;
  -- Of workers of the tenant: one that does such things, one that may not, or none.
  SELECT CASE WHEN bool_or(kms.kind_of(r.action) = ANY (w.allows)) THEN 'its turn'
      WHEN count(*) > 0 THEN 'allowed' ELSE 'nothing' END
    INTO waits_for FROM kms.request_workers w
    WHERE w.seen_at > clock_timestamp() - interval '30 seconds'
      AND (r.tenant IS NULL OR w.tenant = r.tenant);
  ended := coalesce(r.state NOT IN ('queued', 'running'), true);
  CASE
    WHEN r.request_id IS NULL THEN
      failure := 'there is no request ' || request_id;
      code := '42704';
    WHEN r.state = 'done' THEN
      notice := r.answer;
      result := r.result;
    WHEN r.state = 'failed' THEN
      failure := r.message;
      detail := 'Request ' || request_id || ', reason ' || r.reason
        || coalesce(', option ' || r.field, '') || '.';
      hint := CASE r.reason WHEN 'DATABASE_BUSY' THEN 'Others were in the way: CALL it again.' END;
      code := kms.sqlstate_of(r.reason);
    WHEN r.state = 'withdrawn' THEN
      failure := 'request ' || request_id || ' was withdrawn';
      code := '57014';
    WHEN r.state = 'queued' AND waits_for IN ('nothing', 'allowed')
         AND (waited > interval '3 seconds' OR waited >= wait OR waits_for = 'allowed') THEN
      ended := kms.withdraw_request(request_id);
      IF ended AND waits_for = 'allowed' THEN
        failure := 'workers here were not told that they may do that';
        code := '42501';
      ELSIF ended THEN
        failure := 'no worker is there to carry out the request';
        code := '55000';
      END IF;
      hint := 'What carries it out, where the service can be reached: fieldkms rotation serve '
        '--data-source NAME --tenant TENANT --conninfo-file FILE --allow ' || kms.kind_of(r.action);
    WHEN waited >= wait THEN
      ended := true;
      failure := 'request ' || request_id || ' is '
        || CASE r.state WHEN 'queued' THEN 'not begun yet' ELSE 'not done yet' END;
      detail := coalesce(r.progress, 'A worker is at it.');
      hint := 'It goes on: CALL kms.await_request(' || request_id || ', wait => ''10 minutes'')';
      code := '57014';
    ELSE
      notice := r.progress;
  END CASE;
  detail := coalesce(detail, 'Request ' || request_id || '.');
  hint := coalesce(hint, 'SELECT * FROM kms.requests WHERE request_id = ' || request_id);
END $$;
COMMENT ON FUNCTION kms.request_news(int8, timestamptz, interval) IS
  'What kms.await_request has to say of a request.';

-- Its name is what PostgreSQL says where a COMMIT is not to be had.
CREATE PROCEDURE kms.commit_outside_of_a_transaction_block() LANGUAGE plpgsql AS $$
BEGIN
  COMMIT;
END $$;
COMMENT ON PROCEDURE kms.commit_outside_of_a_transaction_block() IS
  'CALL what waits for requests outside of transaction blocks, or with wait => NULL.';

-- No lock and no snapshot is held while it waits.
CREATE PROCEDURE kms.await_request(request_id int8, wait interval DEFAULT '1 minute',
                                   INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
DECLARE
  since CONSTANT timestamptz := pg_catalog.clock_timestamp();
  shown text;
  news record;
BEGIN
  IF wait IS NULL THEN
    RETURN;
  END IF;
  LOOP
    CALL kms.commit_outside_of_a_transaction_block();
    SELECT n.* INTO news FROM kms.request_news(request_id, since, wait) n;
    IF news.failure IS NOT NULL THEN
      CALL kms.commit_outside_of_a_transaction_block();
      RAISE EXCEPTION USING MESSAGE = news.failure, ERRCODE = news.code,
        DETAIL = news.detail, HINT = news.hint;
    END IF;
    IF kms.is_news(news.notice, shown) THEN
      RAISE NOTICE '%', news.notice;
      shown := news.notice;
    END IF;
    EXIT WHEN news.ended;
    PERFORM pg_catalog.pg_sleep(0.1);
  END LOOP;
  result := news.result;
END $$;
COMMENT ON PROCEDURE kms.await_request(int8, interval, jsonb) IS
  'Waits until a request is carried out; an error where it failed, or was not within that time.';

CREATE FUNCTION kms.is_news(said text, before text) RETURNS boolean
  LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
  AS 'SELECT said IS NOT NULL AND said IS DISTINCT FROM before';
COMMENT ON FUNCTION kms.is_news(text, text) IS 'Whether there is something new to say.';

REVOKE ALL ON FUNCTION kms.ask(text, regclass, name, jsonb, boolean, interval),
  kms.check_column(regclass, name), kms.tenant_for(text, text, regclass, int2),
  kms.withdraw_request(int8), kms.sqlstate_of(text),
  kms.request_news(int8, timestamptz, interval), kms.is_news(text, text) FROM PUBLIC;
REVOKE ALL ON PROCEDURE kms.commit_outside_of_a_transaction_block(),
  kms.await_request(int8, interval, jsonb) FROM PUBLIC;
