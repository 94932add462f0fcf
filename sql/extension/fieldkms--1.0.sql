/* CREATE EXTENSION fieldkms runs this. */
\echo Use "CREATE EXTENSION fieldkms" to load this file. \quit

-- Schema kms is made by CREATE EXTENSION where it is not there, and is not the extension's: the
-- registry of protected columns (`fieldkms column init`) lives in it, too, before or after, and a
-- DROP EXTENSION must not take it along. Whoever may create in it could give functions that are taken
-- for ours: that has to be as few as possible.
DO $$
BEGIN
  IF pg_catalog.has_schema_privilege('public', 'kms', 'CREATE') THEN
    RAISE EXCEPTION 'schema kms lets everybody create in it'
      USING HINT = 'REVOKE CREATE ON SCHEMA kms FROM PUBLIC';
  END IF;
END $$;

-- Roles are of the whole cluster: those that another database has made are taken as they are.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['kms_user', 'kms_reader', 'kms_admin'] LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = name) THEN
      EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', name);
    END IF;
  END LOOP;
END $$;

CREATE FUNCTION kms.library_version() RETURNS text
  LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'fieldkms_library_version';
COMMENT ON FUNCTION kms.library_version() IS
  'The release that the library of this session is of. The version of the extension is that of its SQL.';

-- Contexts: where a value belongs, in the canonical form of crypto/FORMAT.md.

CREATE FUNCTION kms.is_context(bytea) RETURNS bool
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fieldkms_is_context';
CREATE DOMAIN kms.context AS bytea CONSTRAINT canonical CHECK (kms.is_context(VALUE));
COMMENT ON DOMAIN kms.context IS
  'Where a value belongs: it opens there only. Made by kms.row_context and kms.context.';

CREATE FUNCTION kms.context(VARIADIC names_and_values text[]) RETURNS kms.context
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fieldkms_context';
COMMENT ON FUNCTION kms.context(text[]) IS 'A context of entries: name, value, name, value, ...';
CREATE FUNCTION kms.context() RETURNS kms.context
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fieldkms_context';
COMMENT ON FUNCTION kms.context() IS
  'The context of no entries: such a value opens wherever it is put.';
CREATE FUNCTION kms.with_entry(context kms.context, name text, value bytea) RETURNS kms.context
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fieldkms_with_entry';
COMMENT ON FUNCTION kms.with_entry(kms.context, text, bytea) IS
  'A context with one entry more, whose value is bytes.';
CREATE FUNCTION kms.row_context(binding_id bytea, VARIADIC key text[]) RETURNS kms.context
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fieldkms_row_context';
COMMENT ON FUNCTION kms.row_context(bytea, text[]) IS
  'Of a value in the row with this primary key, of the column with this binding id.';
CREATE FUNCTION kms.row_context(relation text, attribute text, VARIADIC row_values text[])
  RETURNS kms.context
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fieldkms_registered_row_context';
COMMENT ON FUNCTION kms.row_context(text, text, text[]) IS
  'The same of a column in kms.protected_columns; values in the order in which it has them there.';
CREATE FUNCTION kms.new_row_context(relation text, attribute text) RETURNS kms.context
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fieldkms_new_row_context';
COMMENT ON FUNCTION kms.new_row_context(text, text) IS
  'Of a row whose key is not known yet: the trigger of kms.bind_columns binds the value to it.';

-- What a ciphertext shows without any call. Fit for indexes and CHECK constraints.

CREATE TYPE kms.envelope_header AS (key_id text, version int8, suite int2, subject bytea);
CREATE FUNCTION kms.envelope(bytea) RETURNS kms.envelope_header
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fieldkms_envelope_of_bytes';
COMMENT ON FUNCTION kms.envelope(bytea) IS
  'Key, version and suite of a ciphertext; NULL of what is none.';
CREATE FUNCTION kms.envelope(text) RETURNS kms.envelope_header
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fieldkms_envelope_of_text';
COMMENT ON FUNCTION kms.envelope(text) IS 'The same of the text form, "fk1. ...".';
CREATE FUNCTION kms.to_text(envelope bytea) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fieldkms_to_text';
COMMENT ON FUNCTION kms.to_text(bytea) IS 'The text form of an envelope, for columns of text.';
CREATE FUNCTION kms.from_text(envelope text) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fieldkms_from_text';
COMMENT ON FUNCTION kms.from_text(text) IS 'The envelope of a text form.';

-- What calls the service. VOLATILE, so that each call is made once, is audited once, and never while a
-- query is planned; RESTRICTED, since a parallel worker would call as often as it likes.

CREATE TYPE kms.protected_value AS (
  ciphertext bytea, document text, mask text, blind_index bytea, fpe_text text, fpe_version int4,
  token text);
COMMENT ON TYPE kms.protected_value IS
  'All that was made of a value. Which of it there is, the policy of the field says.';
CREATE TYPE kms.validation AS (valid bool, rule text, message text);

CREATE FUNCTION kms.encrypt(key text, value bytea, context kms.context)
  RETURNS bytea LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 1000
  AS 'MODULE_PATHNAME', 'fieldkms_encrypt_bytes';
CREATE FUNCTION kms.encrypt_many(key text, plaintexts bytea[], contexts kms.context[])
  RETURNS bytea[] LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 10000
  AS 'MODULE_PATHNAME', 'fieldkms_encrypt_bytes_many';
COMMENT ON FUNCTION kms.encrypt(text, bytea, kms.context) IS
  'Seals a value under a key: an envelope, which opens in this context only.';

CREATE FUNCTION kms.encrypt(key text, value text, context kms.context)
  RETURNS bytea LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 1000
  AS 'MODULE_PATHNAME', 'fieldkms_encrypt_text';
CREATE FUNCTION kms.encrypt_many(key text, plaintexts text[], contexts kms.context[])
  RETURNS bytea[] LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 10000
  AS 'MODULE_PATHNAME', 'fieldkms_encrypt_text_many';
COMMENT ON FUNCTION kms.encrypt(text, text, kms.context) IS
  'Seals a text, in UTF-8, under a key.';

CREATE FUNCTION kms.decrypt(envelope bytea, context kms.context, key text DEFAULT '')
  RETURNS bytea LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 1000
  AS 'MODULE_PATHNAME', 'fieldkms_decrypt_bytes';
CREATE FUNCTION kms.decrypt_many(envelopes bytea[], contexts kms.context[], key text DEFAULT '')
  RETURNS bytea[] LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 10000
  AS 'MODULE_PATHNAME', 'fieldkms_decrypt_bytes_many';
COMMENT ON FUNCTION kms.decrypt(bytea, kms.context, text) IS
  'Opens an envelope. With a key: only of that one.';

CREATE FUNCTION kms.decrypt_text(envelope bytea, context kms.context, key text DEFAULT '')
  RETURNS text LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 1000
  AS 'MODULE_PATHNAME', 'fieldkms_decrypt_text';
CREATE FUNCTION kms.decrypt_text_many(envelopes bytea[], contexts kms.context[], key text DEFAULT '')
  RETURNS text[] LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 10000
  AS 'MODULE_PATHNAME', 'fieldkms_decrypt_text_many';
COMMENT ON FUNCTION kms.decrypt_text(bytea, kms.context, text) IS
  'Opens an envelope of a text.';

CREATE FUNCTION kms.rewrap(envelope bytea, context kms.context, key text DEFAULT '', to_context kms.context DEFAULT NULL)
  RETURNS bytea LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 1000
  AS 'MODULE_PATHNAME', 'fieldkms_rewrap';
CREATE FUNCTION kms.rewrap_many(envelopes bytea[], contexts kms.context[], key text DEFAULT '', to_contexts kms.context[] DEFAULT NULL)
  RETURNS bytea[] LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 10000
  AS 'MODULE_PATHNAME', 'fieldkms_rewrap_many';
COMMENT ON FUNCTION kms.rewrap(bytea, kms.context, text, kms.context) IS
  'Seals anew under the newest version of the same or another key, for the same or another context. The value is not seen here.';

CREATE FUNCTION kms.protect(field text, value text, context kms.context, subject text DEFAULT NULL)
  RETURNS kms.protected_value LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 1000
  AS 'MODULE_PATHNAME', 'fieldkms_protect';
CREATE FUNCTION kms.protect_many(field text, plaintexts text[], contexts kms.context[], subjects text[] DEFAULT NULL)
  RETURNS kms.protected_value[] LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 10000
  AS 'MODULE_PATHNAME', 'fieldkms_protect_many';
COMMENT ON FUNCTION kms.protect(text, text, kms.context, text) IS
  'Checks a value, and makes all that the field''s policy says.';

CREATE FUNCTION kms.reveal(field text, ciphertext bytea, context kms.context, view text DEFAULT 'masked')
  RETURNS text LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 1000
  AS 'MODULE_PATHNAME', 'fieldkms_reveal';
CREATE FUNCTION kms.reveal_many(field text, ciphertexts bytea[], contexts kms.context[], view text DEFAULT 'masked')
  RETURNS text[] LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 10000
  AS 'MODULE_PATHNAME', 'fieldkms_reveal_many';
COMMENT ON FUNCTION kms.reveal(text, bytea, kms.context, text) IS
  'Opens what kms.protect has sealed: ''masked'', ''bin_last4'' or ''full''.';

CREATE FUNCTION kms.reveal_document(field text, document text, context kms.context, view text DEFAULT 'masked')
  RETURNS text LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 1000
  AS 'MODULE_PATHNAME', 'fieldkms_reveal_document';
CREATE FUNCTION kms.reveal_document_many(field text, documents text[], contexts kms.context[], view text DEFAULT 'masked')
  RETURNS text[] LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 10000
  AS 'MODULE_PATHNAME', 'fieldkms_reveal_document_many';
COMMENT ON FUNCTION kms.reveal_document(text, text, kms.context, text) IS
  'Opens the members of a JSON document that kms.protect has sealed.';

CREATE FUNCTION kms.reveal_fpe(field text, fpe_text text, fpe_version int4, view text DEFAULT 'masked')
  RETURNS text LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 1000
  AS 'MODULE_PATHNAME', 'fieldkms_reveal_fpe';
CREATE FUNCTION kms.reveal_fpe_many(field text, fpe_texts text[], fpe_versions int4[], view text DEFAULT 'masked')
  RETURNS text[] LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 10000
  AS 'MODULE_PATHNAME', 'fieldkms_reveal_fpe_many';
COMMENT ON FUNCTION kms.reveal_fpe(text, text, int4, text) IS
  'Reads format-preserving text that kms.protect has made.';

CREATE FUNCTION kms.mask(field text, value text)
  RETURNS text LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 1000
  AS 'MODULE_PATHNAME', 'fieldkms_mask';
CREATE FUNCTION kms.mask_many(field text, plaintexts text[])
  RETURNS text[] LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 10000
  AS 'MODULE_PATHNAME', 'fieldkms_mask_many';
COMMENT ON FUNCTION kms.mask(text, text) IS
  'A value as it is shown to whoever may not see it.';

CREATE FUNCTION kms.tokenize(field text, value text, subject text DEFAULT NULL)
  RETURNS text LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 1000
  AS 'MODULE_PATHNAME', 'fieldkms_tokenize';
CREATE FUNCTION kms.tokenize_many(field text, plaintexts text[], subjects text[] DEFAULT NULL)
  RETURNS text[] LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 10000
  AS 'MODULE_PATHNAME', 'fieldkms_tokenize_many';
COMMENT ON FUNCTION kms.tokenize(text, text, text) IS
  'Keeps a value in the service, and returns a token that stands for it.';

CREATE FUNCTION kms.detokenize(field text, token text, view text)
  RETURNS text LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 1000
  AS 'MODULE_PATHNAME', 'fieldkms_detokenize';
CREATE FUNCTION kms.detokenize_many(field text, tokens text[], view text)
  RETURNS text[] LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 10000
  AS 'MODULE_PATHNAME', 'fieldkms_detokenize_many';
COMMENT ON FUNCTION kms.detokenize(text, text, text) IS
  'The value of a token. A single-use token is gone then, whatever the view.';

CREATE FUNCTION kms.blind_index(field text, value text)
  RETURNS bytea LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 1000
  AS 'MODULE_PATHNAME', 'fieldkms_blind_index';
CREATE FUNCTION kms.blind_index_many(field text, plaintexts text[])
  RETURNS bytea[] LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 10000
  AS 'MODULE_PATHNAME', 'fieldkms_blind_index_many';
COMMENT ON FUNCTION kms.blind_index(text, text) IS
  'What rows with this value are found by: to be stored.';

CREATE FUNCTION kms.blind_index_terms(field text, value text)
  RETURNS bytea[] LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 1000
  AS 'MODULE_PATHNAME', 'fieldkms_blind_index_terms';
CREATE FUNCTION kms.blind_index_terms_many(field text, plaintexts text[])
  RETURNS bytea[] LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 10000
  AS 'MODULE_PATHNAME', 'fieldkms_blind_index_terms_many';
COMMENT ON FUNCTION kms.blind_index_terms(text, text) IS
  'All that rows with this value may be found by, older versions of the index included: for = ANY.';

CREATE FUNCTION kms.validate(field text, value text)
  RETURNS kms.validation LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 1000
  AS 'MODULE_PATHNAME', 'fieldkms_validate';
CREATE FUNCTION kms.validate_many(field text, plaintexts text[])
  RETURNS kms.validation[] LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 10000
  AS 'MODULE_PATHNAME', 'fieldkms_validate_many';
COMMENT ON FUNCTION kms.validate(text, text) IS
  'Whether a value is legal, and if not, by which rule.';

-- Names that such functions often have, so that code which calls them goes on. Without a context a
-- value opens wherever it is put: give one.

CREATE FUNCTION kms.encrypt_sensitive_data(value text, key text, context kms.context DEFAULT kms.context())
  RETURNS bytea LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 1000
  AS 'MODULE_PATHNAME', 'fieldkms_encrypt_sensitive_data';
COMMENT ON FUNCTION kms.encrypt_sensitive_data(text, text, kms.context) IS
  'kms.encrypt by another name.';
CREATE FUNCTION kms.decrypt_sensitive_data(envelope bytea, context kms.context DEFAULT kms.context())
  RETURNS text LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 1000
  AS 'MODULE_PATHNAME', 'fieldkms_decrypt_sensitive_data';
COMMENT ON FUNCTION kms.decrypt_sensitive_data(bytea, kms.context) IS
  'kms.decrypt_text by another name.';

-- Administration, over the JSON API of the shim. No key material is ever in what these return.

CREATE FUNCTION kms.create_key(
    name text, purpose text DEFAULT 'encrypt', suite text DEFAULT NULL, exportable bool DEFAULT false,
    audit_per_operation bool DEFAULT false, rotation_period interval DEFAULT NULL,
    lease_longest interval DEFAULT NULL, lease_most_messages numeric DEFAULT NULL,
    labels jsonb DEFAULT NULL, request_id text DEFAULT NULL)
  RETURNS jsonb LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 10000
  AS 'MODULE_PATHNAME', 'fieldkms_create_key';
COMMENT ON FUNCTION kms.create_key(text, text, text, bool, bool, interval, interval, numeric, jsonb, text) IS
  'Makes a key in the service, and returns what describes it. With the request id of an earlier call: what that returned.';
CREATE FUNCTION kms.rotate_key(name text, expected_primary int4 DEFAULT NULL, request_id text DEFAULT NULL)
  RETURNS jsonb LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 10000
  AS 'MODULE_PATHNAME', 'fieldkms_rotate_key';
COMMENT ON FUNCTION kms.rotate_key(text, int4, text) IS
  'Gives a key a new version, which seals from now on. What older ones have sealed stays readable.';
CREATE FUNCTION kms.create_rotation_job(
    data_source text, key text, transform text DEFAULT 'reencrypt', destination_key text DEFAULT NULL,
    tables jsonb DEFAULT NULL, limits jsonb DEFAULT NULL, backup_horizon interval DEFAULT NULL,
    verify_sample int4 DEFAULT NULL, accept_triggers bool DEFAULT false, start bool DEFAULT false,
    request_id text DEFAULT NULL)
  RETURNS jsonb LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 10000
  AS 'MODULE_PATHNAME', 'fieldkms_create_rotation_job';
COMMENT ON FUNCTION kms.create_rotation_job(text, text, text, text, jsonb, jsonb, interval, int4, bool, bool, text) IS
  'Makes a job that brings rows to the primary version of their key. Workers do it once it is started.';
CREATE FUNCTION kms.start_rotation_job(job_id text)
  RETURNS jsonb LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 10000
  AS 'MODULE_PATHNAME', 'fieldkms_start_rotation_job';
COMMENT ON FUNCTION kms.start_rotation_job(text) IS 'Lets workers begin, or begin again what has failed.';
CREATE FUNCTION kms.pause_rotation_job(job_id text)
  RETURNS jsonb LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 10000
  AS 'MODULE_PATHNAME', 'fieldkms_pause_rotation_job';
COMMENT ON FUNCTION kms.pause_rotation_job(text) IS 'Stops workers after the batch that they are at.';
CREATE FUNCTION kms.resume_rotation_job(job_id text)
  RETURNS jsonb LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 10000
  AS 'MODULE_PATHNAME', 'fieldkms_resume_rotation_job';
COMMENT ON FUNCTION kms.resume_rotation_job(text) IS 'Lets workers go on.';
CREATE FUNCTION kms.cancel_rotation_job(job_id text)
  RETURNS jsonb LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 10000
  AS 'MODULE_PATHNAME', 'fieldkms_cancel_rotation_job';
COMMENT ON FUNCTION kms.cancel_rotation_job(text) IS 'Ends a job. Rows that were rewritten stay so.';
CREATE FUNCTION kms.service_status()
  RETURNS jsonb LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 10000
  AS 'MODULE_PATHNAME', 'fieldkms_service_status';
COMMENT ON FUNCTION kms.service_status() IS 'The state of the replica of the service that answers.';

-- Names that such functions often have.

CREATE FUNCTION kms.generate_encryption_key(name text DEFAULT NULL, purpose text DEFAULT 'encrypt')
  RETURNS text LANGUAGE sql VOLATILE PARALLEL RESTRICTED COST 10000
  SET search_path = pg_catalog, pg_temp AS $$
  SELECT kms.create_key(coalesce(name, 'generated.' || replace(gen_random_uuid()::text, '-', '')), purpose) ->> 'name'
$$;
COMMENT ON FUNCTION kms.generate_encryption_key(text, text) IS
  'kms.create_key by another name: makes a key in the service, and returns its name. The key itself never leaves the service.';
CREATE FUNCTION kms.rotate_encryption_keys(VARIADIC names text[])
  RETURNS TABLE (name text, primary_version int4)
  LANGUAGE sql VOLATILE PARALLEL RESTRICTED COST 10000 ROWS 10
  SET search_path = pg_catalog, pg_temp AS $$
  SELECT k ->> 'name', (k ->> 'primaryVersion')::int4
  FROM (SELECT kms.rotate_key(n) AS k FROM unnest(names) n OFFSET 0) AS rotated
$$;
COMMENT ON FUNCTION kms.rotate_encryption_keys(text[]) IS
  'kms.rotate_key of several keys. Those that were rotated stay so where a later one fails.';

-- Keys, fields, jobs and health as foreign tables: IMPORT FOREIGN SCHEMA kms FROM SERVER fieldkms INTO ...

CREATE FUNCTION kms.fieldkms_fdw_handler() RETURNS fdw_handler
  LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'fieldkms_fdw_handler';
CREATE FUNCTION kms.fieldkms_fdw_validator(text[], oid) RETURNS void
  LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'fieldkms_fdw_validator';
CREATE FOREIGN DATA WRAPPER fieldkms_fdw
  HANDLER kms.fieldkms_fdw_handler VALIDATOR kms.fieldkms_fdw_validator;
COMMENT ON FOREIGN DATA WRAPPER fieldkms_fdw IS 'What FieldKMS has, read as the session that asks.';
CREATE SERVER fieldkms FOREIGN DATA WRAPPER fieldkms_fdw;
COMMENT ON SERVER fieldkms IS 'The service, through the shim of fieldkms.socket.';

-- Triggers that bind values to their rows.

CREATE FUNCTION kms.bind() RETURNS trigger
  LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 10000 AS 'MODULE_PATHNAME', 'fieldkms_bind';
COMMENT ON FUNCTION kms.bind() IS
  'Binds what is written into protected columns to its row; see kms.bind_columns.';

-- With the rights of whoever calls it, who owns the table.
CREATE FUNCTION kms.bind_columns(relation regclass) RETURNS void
  LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
BEGIN
  PERFORM kms.check_bindable(relation);
  EXECUTE format('DROP TRIGGER IF EXISTS "~fieldkms_zz_bind" ON %s', relation);
  EXECUTE format('CREATE TRIGGER "~fieldkms_zz_bind" BEFORE INSERT OR UPDATE ON %s '
                 'FOR EACH ROW EXECUTE FUNCTION kms.bind()', relation);
END $$;
COMMENT ON FUNCTION kms.bind_columns(regclass) IS
  'Makes the trigger that binds values of the protected columns of a table to their rows.';
CREATE FUNCTION kms.unbind_columns(relation regclass) RETURNS void
  LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
BEGIN
  EXECUTE format('DROP TRIGGER IF EXISTS "~fieldkms_zz_bind" ON %s', relation);
END $$;
COMMENT ON FUNCTION kms.unbind_columns(regclass) IS 'Takes away what kms.bind_columns has made.';
CREATE FUNCTION kms.check_bindable(relation regclass) RETURNS void
  LANGUAGE c VOLATILE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fieldkms_check_bindable';
COMMENT ON FUNCTION kms.check_bindable(regclass) IS
  'Raises what speaks against binding the protected columns of a table by a trigger.';

-- Views that show protected columns masked to most and in full to few, and that are written through.

CREATE FUNCTION kms.key_text(anyelement) RETURNS text
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fieldkms_key_text';
COMMENT ON FUNCTION kms.key_text(anyelement) IS
  'A value of a key as the text that ciphertexts are bound to, whatever the settings of the session.';
-- STABLE, unlike kms.reveal: a query on a view opens those columns only that it asks for, and finds rows
-- by the indexes of the table.
CREATE FUNCTION kms.reveal_by_role(field text, ciphertext bytea, context kms.context, full_role text)
  RETURNS text LANGUAGE c STABLE STRICT PARALLEL RESTRICTED COST 1000
  AS 'MODULE_PATHNAME', 'fieldkms_reveal_by_role';
COMMENT ON FUNCTION kms.reveal_by_role(text, bytea, kms.context, text) IS
  'kms.reveal: ''full'' to who has the privileges of a role, ''masked'' to all others.';

-- The INSTEAD OF trigger of kms.make_view: (table, its key columns, columns). Runs as whoever writes.
-- Values are in no statement that is planned with its parameters, as a plan in the log would show them: only
-- in expressions that PL/pgSQL evaluates by itself, and what is executed gets rows without them.
CREATE FUNCTION kms.write_view() RETURNS trigger
  LANGUAGE plpgsql VOLATILE COST 10000 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  keys CONSTANT text[] := TG_ARGV[1];
  specs CONSTANT jsonb := TG_ARGV[2];
  hidden CONSTANT text[] := ARRAY(SELECT jsonb_object_keys(specs))
    || ARRAY(SELECT value ->> 'index' FROM jsonb_each(specs) WHERE value ? 'index');
  blank CONSTANT jsonb := (SELECT jsonb_object_agg(key, NULL) FROM jsonb_each(specs));
  of_key CONSTANT text := (SELECT string_agg(format('t.%I = ($1).%1$I', k), ' AND ') FROM unnest(keys) k);
  given jsonb;
  before jsonb;
  column_name text;
  names text[];
  sources text[];
  ciphertexts bytea[] := '{}';
  indexes bytea[] := '{}';
  made kms.protected_value;
  spec record;
  old_row record;
  new_row record;
  written jsonb;
BEGIN
  IF TG_OP <> 'INSERT' THEN
    before := to_jsonb(OLD);
    old_row := jsonb_populate_record(OLD, blank);
  END IF;
  IF TG_OP = 'DELETE' THEN
    EXECUTE format('DELETE FROM %s AS t WHERE %s RETURNING ''{}''::jsonb', TG_ARGV[0], of_key) INTO written USING old_row;
    RETURN CASE WHEN written IS NULL THEN NULL ELSE OLD END;
  END IF;
  given := to_jsonb(NEW);
  new_row := jsonb_populate_record(NEW, blank);
  -- A column that is not given, or NULL, gets its default when a row is inserted.
  FOR column_name IN SELECT attname FROM pg_attribute WHERE attrelid = TG_RELID AND attnum > 0 AND attname <> ALL (hidden) LOOP
    CONTINUE WHEN given -> column_name = coalesce(before -> column_name, 'null');
    names := names || format('%I', column_name);
    sources := sources || format('($2).%I', column_name);
  END LOOP;
  FOR spec IN SELECT key AS name, value ->> 'field' AS field, value ->> 'index' AS index, value ->> 'shape' AS shape FROM jsonb_each(specs) LOOP
    CONTINUE WHEN given -> spec.name = coalesce(before -> spec.name, 'null');
    made := kms.protect(spec.field, given ->> spec.name, kms.new_row_context(TG_ARGV[0], spec.name));
    ciphertexts := array_append(ciphertexts, made.ciphertext);
    names := names || format('%I', spec.name);
    sources := sources || format(CASE spec.shape WHEN 'text' THEN 'kms.to_text(($3)[%s])' ELSE '($3)[%s]' END, cardinality(ciphertexts));
    CONTINUE WHEN spec.index IS NULL;
    indexes := array_append(indexes, made.blind_index);
    names := names || format('%I', spec.index);
    sources := sources || format('($4)[%s]', cardinality(indexes));
  END LOOP;
  IF TG_OP = 'INSERT' THEN
    EXECUTE format('INSERT INTO %s AS t %s RETURNING jsonb_build_object(%s)', TG_ARGV[0],
      coalesce(format('(%s) SELECT ', array_to_string(names, ', ')) || array_to_string(sources, ', '), 'DEFAULT VALUES'),
      (SELECT string_agg(format('%L, t.%I', k, k), ', ') FROM unnest(keys) k))
    INTO written USING NULL::text, new_row, ciphertexts, indexes;
    RETURN jsonb_populate_record(NEW, written);
  END IF;
  IF names IS NULL THEN RETURN NEW; END IF;
  EXECUTE format('UPDATE %s AS t SET (%s) = ROW(%s) WHERE %s RETURNING ''{}''::jsonb', TG_ARGV[0], array_to_string(names, ', '),
    array_to_string(sources, ', '), of_key) INTO written USING old_row, new_row, ciphertexts, indexes;
  RETURN CASE WHEN written IS NULL THEN NULL ELSE NEW END;
END $$;
COMMENT ON FUNCTION kms.write_view() IS 'Writes through a view of kms.make_view.';

-- What a column of the registry is called now; NULL stays NULL.
CREATE FUNCTION kms.attribute_now(relation oid, attribute name, number int2, relation_oid oid) RETURNS name
  LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce((SELECT a.attname FROM pg_attribute a
                   WHERE relation = relation_oid AND a.attrelid = relation AND a.attnum = number AND NOT a.attisdropped), attribute)
$$;
COMMENT ON FUNCTION kms.attribute_now(oid, name, int2, oid) IS 'What a column of the registry is called now.';

-- With the rights of whoever calls it, who owns the table.
CREATE FUNCTION kms.make_view(relation regclass, view text, full_role text) RETURNS void
  LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  place text[] := parse_ident(view);
  columns text[] := '{}';
  specs jsonb := '{}';
  keys name[];
  target text;
  sealed text;
  context text;
  c record;
  p record;
BEGIN
  PERFORM kms.check_bindable(relation);
  IF cardinality(place) > 2 THEN
    RAISE EXCEPTION 'fieldkms: a view has a name, or a schema and a name' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = full_role) THEN
    RAISE EXCEPTION 'fieldkms: there is no role "%"', full_role USING ERRCODE = 'undefined_object';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = relation AND tgname = '~fieldkms_zz_bind') THEN
    RAISE EXCEPTION 'fieldkms: nothing binds the protected columns of %', relation
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'First SELECT kms.bind_columns(...).';
  END IF;
  IF NOT (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class r WHERE r.oid = relation) THEN
    RAISE EXCEPTION 'fieldkms: must be owner of table %', relation USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF (SELECT relrowsecurity FROM pg_class r WHERE r.oid = relation) AND NOT row_security_active(relation) THEN
    RAISE EXCEPTION 'fieldkms: row security of % would not hold in its view, which reads it as its owner', relation
      USING ERRCODE = 'object_not_in_prerequisite_state',
        HINT = 'ALTER TABLE ... FORCE ROW LEVEL SECURITY, with policies that are for the owner, too, who must not bypass them.';
  END IF;
  SELECT format('%I.%I', nspname, relname) INTO target FROM pg_class r JOIN pg_namespace n ON n.oid = relnamespace WHERE r.oid = relation;
  IF cardinality(place) = 1 THEN place := (SELECT nspname::text FROM pg_class r JOIN pg_namespace n ON n.oid = relnamespace WHERE r.oid = relation) || place; END IF;
  FOR c IN SELECT attname FROM pg_attribute WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped ORDER BY attnum LOOP
    -- By their numbers, as long as these are of this table: names in the registry grow old.
    SELECT r.field_name, r.shape, r.conversion, r.binding_id, r.context_names,
        named.keys AS key_attributes, named.contexts AS context_attributes, named.index AS index_attribute
      INTO p FROM kms.protected_columns r, LATERAL (SELECT
        ARRAY(SELECT kms.attribute_now(r.relation, k, n, r.relation_oid) FROM unnest(r.key_attributes, r.key_numbers) WITH ORDINALITY AS u(k, n, o) ORDER BY o) AS keys,
        ARRAY(SELECT kms.attribute_now(r.relation, k, n, r.relation_oid) FROM unnest(r.context_attributes, r.context_numbers) WITH ORDINALITY AS u(k, n, o) ORDER BY o) AS contexts,
        kms.attribute_now(r.relation, r.index_attribute, r.index_number, r.relation_oid) AS index) AS named
      WHERE r.relation = make_view.relation
        AND kms.attribute_now(r.relation, r.attribute, r.attribute_number, r.relation_oid) = c.attname;
    IF NOT FOUND THEN
      columns := columns || format('t.%I', c.attname);
      CONTINUE;
    END IF;
    IF p.field_name IS NULL OR p.shape NOT IN ('bytea', 'text') OR p.conversion IS NOT NULL OR cardinality(p.key_attributes) = 0 THEN
      RAISE EXCEPTION 'fieldkms: column "%" cannot be shown by a view', c.attname USING ERRCODE = 'object_not_in_prerequisite_state',
        HINT = 'It needs a field, a key, type bytea or text, and no column of plaintext beside it.';
    END IF;
    keys := p.key_attributes;
    context := format('kms.row_context(%L::bytea, VARIADIC ARRAY[%s])', p.binding_id,
      (SELECT string_agg(format('kms.key_text(t.%I)', k), ', ' ORDER BY o) FROM unnest(p.key_attributes) WITH ORDINALITY AS u(k, o)));
    FOR i IN 1 .. cardinality(p.context_names) LOOP
      context := format('kms.with_entry(%s, %L, convert_to(kms.key_text(t.%I), ''UTF8''))', context, p.context_names[i], p.context_attributes[i]);
    END LOOP;
    sealed := format(CASE p.shape WHEN 'text' THEN 'kms.from_text(t.%I)' ELSE 't.%I' END, c.attname);
    columns := columns || format('kms.reveal_by_role(%L, %s, %s, %L) AS %I', p.field_name, sealed, context, full_role, c.attname);
    specs := specs || jsonb_build_object(c.attname, jsonb_strip_nulls(jsonb_build_object('field', p.field_name, 'shape', p.shape, 'index', p.index_attribute)));
  END LOOP;
  IF specs = '{}' THEN
    RAISE EXCEPTION 'fieldkms: % has no protected columns', relation USING ERRCODE = 'undefined_object';
  END IF;
  EXECUTE format('CREATE VIEW %I.%I AS SELECT %s FROM %s AS t', place[1], place[2], array_to_string(columns, ', '), target);
  EXECUTE format('CREATE TRIGGER fieldkms_write INSTEAD OF INSERT OR UPDATE OR DELETE ON %I.%I FOR EACH ROW EXECUTE FUNCTION kms.write_view(%L, %L, %L)',
    place[1], place[2], target, keys, specs);
END $$;
COMMENT ON FUNCTION kms.make_view(regclass, text, text) IS
  'Makes a view of a table: protected columns in full to who has the privileges of a role, masked to all others; written through.';

-- Rights. kms_user seals and searches; kms_reader opens; kms_admin does both, prepares tables, and
-- manages keys and jobs. What they may do at the service is another matter: the shim has rules for roles.

REVOKE ALL ON FUNCTION
  kms.library_version(),
  kms.is_context(bytea),
  kms.context(text[]),
  kms.context(),
  kms.with_entry(kms.context, text, bytea),
  kms.row_context(bytea, text[]),
  kms.row_context(text, text, text[]),
  kms.new_row_context(text, text),
  kms.envelope(bytea),
  kms.envelope(text),
  kms.to_text(bytea),
  kms.from_text(text),
  kms.encrypt(text, bytea, kms.context),
  kms.encrypt_many(text, bytea[], kms.context[]),
  kms.encrypt(text, text, kms.context),
  kms.encrypt_many(text, text[], kms.context[]),
  kms.rewrap(bytea, kms.context, text, kms.context),
  kms.rewrap_many(bytea[], kms.context[], text, kms.context[]),
  kms.protect(text, text, kms.context, text),
  kms.protect_many(text, text[], kms.context[], text[]),
  kms.mask(text, text),
  kms.mask_many(text, text[]),
  kms.tokenize(text, text, text),
  kms.tokenize_many(text, text[], text[]),
  kms.blind_index(text, text),
  kms.blind_index_many(text, text[]),
  kms.blind_index_terms(text, text),
  kms.blind_index_terms_many(text, text[]),
  kms.validate(text, text),
  kms.validate_many(text, text[]),
  kms.decrypt(bytea, kms.context, text),
  kms.decrypt_many(bytea[], kms.context[], text),
  kms.decrypt_text(bytea, kms.context, text),
  kms.decrypt_text_many(bytea[], kms.context[], text),
  kms.reveal(text, bytea, kms.context, text),
  kms.reveal_many(text, bytea[], kms.context[], text),
  kms.reveal_document(text, text, kms.context, text),
  kms.reveal_document_many(text, text[], kms.context[], text),
  kms.reveal_fpe(text, text, int4, text),
  kms.reveal_fpe_many(text, text[], int4[], text),
  kms.detokenize(text, text, text),
  kms.detokenize_many(text, text[], text),
  kms.encrypt_sensitive_data(text, text, kms.context),
  kms.decrypt_sensitive_data(bytea, kms.context),
  kms.create_key(text, text, text, bool, bool, interval, interval, numeric, jsonb, text),
  kms.rotate_key(text, int4, text),
  kms.create_rotation_job(text, text, text, text, jsonb, jsonb, interval, int4, bool, bool, text),
  kms.start_rotation_job(text),
  kms.pause_rotation_job(text),
  kms.resume_rotation_job(text),
  kms.cancel_rotation_job(text),
  kms.service_status(),
  kms.generate_encryption_key(text, text),
  kms.rotate_encryption_keys(text[]),
  kms.bind(),
  kms.bind_columns(regclass),
  kms.unbind_columns(regclass),
  kms.check_bindable(regclass),
  kms.fieldkms_fdw_handler(),
  kms.fieldkms_fdw_validator(text[], oid),
  kms.key_text(anyelement),
  kms.reveal_by_role(text, bytea, kms.context, text),
  kms.write_view(),
  kms.attribute_now(oid, name, int2, oid),
  kms.make_view(regclass, text, text)
  FROM PUBLIC;
REVOKE USAGE ON TYPE kms.context, kms.envelope_header, kms.protected_value, kms.validation FROM PUBLIC;
GRANT USAGE ON SCHEMA kms TO kms_user, kms_reader, kms_admin;
GRANT USAGE ON TYPE kms.context, kms.envelope_header, kms.protected_value, kms.validation
  TO kms_user, kms_reader, kms_admin;
GRANT EXECUTE ON FUNCTION
  kms.library_version(),
  kms.is_context(bytea),
  kms.context(text[]),
  kms.context(),
  kms.with_entry(kms.context, text, bytea),
  kms.row_context(bytea, text[]),
  kms.row_context(text, text, text[]),
  kms.new_row_context(text, text),
  kms.envelope(bytea),
  kms.envelope(text),
  kms.to_text(bytea),
  kms.from_text(text)
  TO kms_user, kms_reader, kms_admin;
GRANT EXECUTE ON FUNCTION
  kms.encrypt(text, bytea, kms.context),
  kms.encrypt_many(text, bytea[], kms.context[]),
  kms.encrypt(text, text, kms.context),
  kms.encrypt_many(text, text[], kms.context[]),
  kms.rewrap(bytea, kms.context, text, kms.context),
  kms.rewrap_many(bytea[], kms.context[], text, kms.context[]),
  kms.protect(text, text, kms.context, text),
  kms.protect_many(text, text[], kms.context[], text[]),
  kms.mask(text, text),
  kms.mask_many(text, text[]),
  kms.tokenize(text, text, text),
  kms.tokenize_many(text, text[], text[]),
  kms.blind_index(text, text),
  kms.blind_index_many(text, text[]),
  kms.blind_index_terms(text, text),
  kms.blind_index_terms_many(text, text[]),
  kms.validate(text, text),
  kms.validate_many(text, text[]),
  kms.encrypt_sensitive_data(text, text, kms.context)
  TO kms_user, kms_admin;
GRANT EXECUTE ON FUNCTION
  kms.decrypt(bytea, kms.context, text),
  kms.decrypt_many(bytea[], kms.context[], text),
  kms.decrypt_text(bytea, kms.context, text),
  kms.decrypt_text_many(bytea[], kms.context[], text),
  kms.reveal(text, bytea, kms.context, text),
  kms.reveal_many(text, bytea[], kms.context[], text),
  kms.reveal_document(text, text, kms.context, text),
  kms.reveal_document_many(text, text[], kms.context[], text),
  kms.reveal_fpe(text, text, int4, text),
  kms.reveal_fpe_many(text, text[], int4[], text),
  kms.detokenize(text, text, text),
  kms.detokenize_many(text, text[], text),
  kms.decrypt_sensitive_data(bytea, kms.context)
  TO kms_reader, kms_admin;
GRANT EXECUTE ON FUNCTION
  kms.create_key(text, text, text, bool, bool, interval, interval, numeric, jsonb, text),
  kms.rotate_key(text, int4, text),
  kms.create_rotation_job(text, text, text, text, jsonb, jsonb, interval, int4, bool, bool, text),
  kms.start_rotation_job(text),
  kms.pause_rotation_job(text),
  kms.resume_rotation_job(text),
  kms.cancel_rotation_job(text),
  kms.service_status(),
  kms.generate_encryption_key(text, text),
  kms.rotate_encryption_keys(text[]),
  kms.bind(),
  kms.bind_columns(regclass),
  kms.unbind_columns(regclass),
  kms.check_bindable(regclass)
  TO kms_admin;
GRANT USAGE ON FOREIGN SERVER fieldkms TO kms_admin;
GRANT EXECUTE ON FUNCTION kms.key_text(anyelement) TO kms_user, kms_reader, kms_admin;
GRANT EXECUTE ON FUNCTION kms.reveal_by_role(text, bytea, kms.context, text) TO kms_reader, kms_admin;
GRANT EXECUTE ON FUNCTION kms.write_view(), kms.attribute_now(oid, name, int2, oid), kms.make_view(regclass, text, text) TO kms_admin;
