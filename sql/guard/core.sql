-- What every module of the guard kit stands on: the schema, the list of what is installed, and a
-- few functions. sql/guard/README.md has the conventions.

-- Who owns the schema can replace what is in it: one that somebody else has made is not taken over.
-- An older core does not replace a newer one.
DO $$
DECLARE
  owner name := (SELECT pg_catalog.pg_get_userbyid(nspowner) FROM pg_catalog.pg_namespace WHERE nspname = 'guard');
  present int;
BEGIN
  IF owner IS NOT NULL AND owner <> current_user THEN
    RAISE EXCEPTION 'schema guard belongs to another role' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF pg_catalog.to_regclass('guard.modules') IS NOT NULL THEN
    SELECT version INTO present FROM guard.modules WHERE name = 'core';
    IF present > 1 THEN
      RAISE EXCEPTION 'module core: version % is installed, which is newer than 1', present
        USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
  END IF;
END $$;

CREATE SCHEMA IF NOT EXISTS guard;
REVOKE ALL ON SCHEMA guard FROM PUBLIC;
COMMENT ON SCHEMA guard IS 'The guard kit of FieldKMS.';

CREATE TABLE IF NOT EXISTS guard.modules (
  name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z_]*$'),
  version int NOT NULL CHECK (version > 0),
  installed_at timestamptz NOT NULL DEFAULT now(),
  installed_by name NOT NULL DEFAULT current_user
);
REVOKE ALL ON guard.modules FROM PUBLIC;

-- Called by each module before it makes anything: a downgrade ends there.
CREATE OR REPLACE FUNCTION guard.register_module(name text, version int) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  present int := (SELECT m.version FROM guard.modules m WHERE m.name = register_module.name);
BEGIN
  IF present > register_module.version THEN
    RAISE EXCEPTION 'module %: version % is installed, which is newer than %', name, present, register_module.version
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  INSERT INTO guard.modules AS m (name, version) VALUES (register_module.name, register_module.version)
    ON CONFLICT ON CONSTRAINT modules_pkey DO UPDATE
    SET version = EXCLUDED.version, installed_at = now(), installed_by = current_user;
END $$;
REVOKE ALL ON FUNCTION guard.register_module(text, int) FROM PUBLIC;

CREATE OR REPLACE FUNCTION guard.version_at_least(major int) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT current_setting('server_version_num')::int >= major * 10000
$$;
REVOKE ALL ON FUNCTION guard.version_at_least(int) FROM PUBLIC;

-- Bytes to be hashed: the number of values, then each behind its length, so that no two lists of
-- values give the same bytes. NULL has the length -1.
CREATE OR REPLACE FUNCTION guard.canonical(VARIADIC parts text[]) RETURNS bytea
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT int4send(cardinality(parts)) || coalesce(string_agg(
    CASE WHEN part IS NULL THEN int4send(-1)
         ELSE int4send(octet_length(convert_to(part, 'UTF8'))) || convert_to(part, 'UTF8') END,
    ''::bytea ORDER BY place), ''::bytea)
  FROM unnest(parts) WITH ORDINALITY AS u(part, place)
$$;
REVOKE ALL ON FUNCTION guard.canonical(text[]) FROM PUBLIC;

-- The key of an HMAC, combined with `pad` (0x36 inside, 0x5c outside; RFC 2104). What makes many
-- of them with one key keeps both.
CREATE OR REPLACE FUNCTION guard.hmac_pad(key bytea, pad int) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  block bytea := CASE WHEN octet_length(key) > 64 THEN sha256(key) ELSE key END;
BEGIN
  block := block || decode(repeat('00', 64 - octet_length(block)), 'hex');
  FOR i IN 0..63 LOOP
    block := set_byte(block, i, get_byte(block, i) # pad);
  END LOOP;
  RETURN block;
END $$;
REVOKE ALL ON FUNCTION guard.hmac_pad(bytea, int) FROM PUBLIC;

CREATE OR REPLACE FUNCTION guard.hmac_sha256(key bytea, message bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
  SELECT sha256(guard.hmac_pad(key, 92) || sha256(guard.hmac_pad(key, 54) || message))
$$;
REVOKE ALL ON FUNCTION guard.hmac_sha256(bytea, bytea) FROM PUBLIC;

SELECT guard.register_module('core', 1);
