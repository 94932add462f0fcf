-- Vaulted tokens, and their sealed values. Run after 0004, with the rules of 0002.
--
-- Millions of rows, each written once: they fill their pages (the default fillfactor), and the
-- order of the columns leaves no gaps. No foreign keys: each row would look for its tenant, which
-- a call does once. A lookup has one convergent token, or any number of others. Autovacuum
-- comes long before a fifth of them is gone, since what is erased lies there until then.
CREATE TABLE fieldkms_store.tokens (
  field_id bigint NOT NULL CHECK (field_id <> 0),
  create_time timestamptz NOT NULL CHECK (isfinite(create_time)),
  expire_time timestamptz CHECK (isfinite(expire_time)),
  convergent boolean NOT NULL,
  single_use boolean NOT NULL,
  tenant text COLLATE "C" NOT NULL CHECK (tenant <> ''),
  token bytea NOT NULL CHECK (octet_length(token) BETWEEN 1 AND 1024),
  lookup bytea CHECK (octet_length(lookup) BETWEEN 1 AND 64),
  sealed bytea NOT NULL CHECK (octet_length(sealed) > 0),
  metadata bytea NOT NULL CHECK (octet_length(metadata) <= 4096),
  PRIMARY KEY (tenant, field_id, token),
  CHECK (NOT convergent OR (lookup IS NOT NULL AND NOT single_use))
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 100,
        toast.autovacuum_vacuum_scale_factor = 0.01, toast.autovacuum_vacuum_threshold = 100);
-- What is sealed is as random: no use to look for a shorter form.
ALTER TABLE fieldkms_store.tokens ALTER COLUMN sealed SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX tokens_convergent ON fieldkms_store.tokens (tenant, field_id, lookup)
  WHERE convergent;
CREATE INDEX tokens_of_lookup ON fieldkms_store.tokens (tenant, field_id, lookup)
  WHERE NOT convergent AND lookup IS NOT NULL;
CREATE INDEX tokens_end ON fieldkms_store.tokens (expire_time) WHERE expire_time IS NOT NULL;

COMMENT ON TABLE fieldkms_store.tokens IS 'Vaulted tokens of fields, with the values that they stand for, sealed. After erasure, VACUUM soon: leave autovacuum on.';
COMMENT ON COLUMN fieldkms_store.tokens.lookup IS 'What finds the tokens of a value: an index under a key, no hash that anybody could try values with.';
COMMENT ON COLUMN fieldkms_store.tokens.convergent IS 'Whether it is the one token of its lookup.';
COMMENT ON COLUMN fieldkms_store.tokens.expire_time IS 'From then on it is not there, swept or not.';

-- What a token stands for has no UPDATE.
REVOKE ALL ON fieldkms_store.tokens FROM PUBLIC;
GRANT SELECT, INSERT, DELETE, UPDATE (expire_time) ON fieldkms_store.tokens TO fieldkms_service;

ALTER TABLE fieldkms_store.tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE fieldkms_store.tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_reads ON fieldkms_store.tokens FOR SELECT TO fieldkms_owner USING (true);
CREATE POLICY tenant_selects ON fieldkms_store.tokens FOR SELECT TO fieldkms_service
  USING (tenant = pg_catalog.current_setting('fieldkms.tenant', true));
CREATE POLICY tenant_inserts ON fieldkms_store.tokens FOR INSERT TO fieldkms_service
  WITH CHECK (tenant = pg_catalog.current_setting('fieldkms.tenant', true));
CREATE POLICY tenant_updates ON fieldkms_store.tokens FOR UPDATE TO fieldkms_service
  USING (tenant = pg_catalog.current_setting('fieldkms.tenant', true))
  WITH CHECK (tenant = pg_catalog.current_setting('fieldkms.tenant', true));
CREATE POLICY tenant_deletes ON fieldkms_store.tokens FOR DELETE TO fieldkms_service
  USING (tenant = pg_catalog.current_setting('fieldkms.tenant', true));

CREATE FUNCTION fieldkms_store.expired_tokens(by_time timestamptz, most bigint)
RETURNS TABLE (tenant text, field_id bigint, token bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT t.tenant, t.field_id, t.token FROM fieldkms_store.tokens t
  WHERE t.expire_time <= by_time ORDER BY t.expire_time LIMIT most
$$;
COMMENT ON FUNCTION fieldkms_store.expired_tokens IS 'Tokens that have expired by a time, longest expired first.';

CREATE FUNCTION fieldkms_store.has_tokens()
RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT EXISTS (SELECT FROM fieldkms_store.tokens) $$;
COMMENT ON FUNCTION fieldkms_store.has_tokens IS 'Whether there is any token of any tenant.';

REVOKE ALL ON FUNCTION fieldkms_store.expired_tokens, fieldkms_store.has_tokens FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fieldkms_store.expired_tokens, fieldkms_store.has_tokens
  TO fieldkms_service;
