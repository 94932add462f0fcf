-- Takes away core.sql, the last of the modules. One statement: all of it or nothing, whoever runs it.
DO $$
DECLARE
  others text;
BEGIN
  SELECT string_agg(name, ', ' ORDER BY name) INTO others FROM guard.modules WHERE name <> 'core';
  IF others IS NOT NULL THEN
    RAISE EXCEPTION 'modules are installed: %', others USING ERRCODE = 'dependent_objects_still_exist';
  END IF;
  DROP FUNCTION guard.hmac_sha256(bytea, bytea);
  DROP FUNCTION guard.hmac_pad(bytea, int);
  DROP FUNCTION guard.canonical(text[]);
  DROP FUNCTION guard.version_at_least(int);
  DROP FUNCTION guard.register_module(text, int);
  DROP TABLE guard.modules;
  -- Without CASCADE: it fails where somebody keeps something else there.
  DROP SCHEMA guard;
END $$;
