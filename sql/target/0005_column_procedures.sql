-- The life of a protected column, as procedures: what fieldkms column protect to drop-ciphertext do
-- (docs/dba-columns.md). All wait for their answer, may be repeated, and with dry_run => true change
-- nothing but say what would come of it.

-- Where an option is NULL, it is as the command line has it by default; but that the row key is the
-- primary key, since nothing is sealed yet. row_key => '{}': not bound to a row. context: names of
-- entries and the columns that have their values, as {"name": "column"}.
CREATE PROCEDURE kms.protect_column(
    relation regclass, attribute name, field text DEFAULT NULL, key text DEFAULT NULL,
    tenant text DEFAULT NULL, row_key name[] DEFAULT NULL, context jsonb DEFAULT NULL,
    index_column name DEFAULT NULL, index_key text DEFAULT NULL, into_column name DEFAULT NULL, as_text boolean DEFAULT NULL,
    binding_id bytea DEFAULT NULL, fill boolean DEFAULT true, dry_run boolean DEFAULT false,
    wait interval DEFAULT '1 minute', INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask('protect', relation, attribute, pg_catalog.jsonb_build_object(
      'field', field, 'key', key, 'tenant', tenant, 'row_key', row_key, 'context', context,
      'index_column', index_column, 'index_key', index_key, 'into_column', into_column,
      'as_text', as_text, 'binding_id', pg_catalog.encode(binding_id, 'hex'), 'fill', fill),
      dry_run, wait), wait, result);
END $$;
COMMENT ON PROCEDURE kms.protect_column(regclass, name, text, text, text, name[], jsonb, name, text,
    name, boolean, bytea, boolean, boolean, interval, jsonb) IS
  'Begins to make ciphertexts of a column of plaintext, and starts the job that fills them in.';

CREATE PROCEDURE kms.unprotect_column(
    relation regclass, attribute name, into_column name, type text DEFAULT NULL,
    fill boolean DEFAULT true, dry_run boolean DEFAULT false, wait interval DEFAULT '1 minute',
    INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask('unprotect', relation, attribute, pg_catalog.jsonb_build_object(
      'into_column', into_column, 'type', type, 'fill', fill), dry_run, wait), wait, result);
END $$;
COMMENT ON PROCEDURE kms.unprotect_column(regclass, name, name, text, boolean, boolean, interval,
    jsonb) IS
  'Begins to make plaintext of a protected column, where workers were told that they may.';

CREATE PROCEDURE kms.fill_column(relation regclass, attribute name, wait interval DEFAULT '1 hour',
                                 INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask('fill', relation, attribute, '{}', false, wait), wait, result);
END $$;
COMMENT ON PROCEDURE kms.fill_column(regclass, name, interval, jsonb) IS
  'Has a job fill what is missing of a column that is being converted, and waits for its end.';

CREATE PROCEDURE kms.close_column(relation regclass, attribute name, dry_run boolean DEFAULT false,
                                  wait interval DEFAULT '1 minute', INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask('close', relation, attribute, '{}', dry_run, wait), wait, result);
END $$;
COMMENT ON PROCEDURE kms.close_column(regclass, name, boolean, interval, jsonb) IS
  'Has rows refused that have the one column of a conversion and not the other.';

CREATE PROCEDURE kms.reopen_column(relation regclass, attribute name, dry_run boolean DEFAULT false,
                                   wait interval DEFAULT '1 minute', INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask('reopen', relation, attribute, '{}', dry_run, wait), wait, result);
END $$;
COMMENT ON PROCEDURE kms.reopen_column(regclass, name, boolean, interval, jsonb) IS
  'Takes kms.close_column back.';

CREATE PROCEDURE kms.switch_column(relation regclass, attribute name, old_name name DEFAULT NULL,
                                   keep_names boolean DEFAULT NULL, dry_run boolean DEFAULT false,
                                   wait interval DEFAULT '10 minutes',
                                   INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask('switch', relation, attribute, pg_catalog.jsonb_build_object(
      'old_name', old_name, 'keep_names', keep_names), dry_run, wait), wait, result);
END $$;
COMMENT ON PROCEDURE kms.switch_column(regclass, name, name, boolean, boolean, interval, jsonb) IS
  'Gives the name to the column that was filled, once it is filled whole. No row is touched.';

CREATE PROCEDURE kms.abandon_column(relation regclass, attribute name, dry_run boolean DEFAULT false,
                                    wait interval DEFAULT '10 minutes',
                                    INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask('abandon', relation, attribute, '{}', dry_run, wait), wait, result);
END $$;
COMMENT ON PROCEDURE kms.abandon_column(regclass, name, boolean, interval, jsonb) IS
  'Takes a conversion back before the switch: drops the column that it has made.';

CREATE PROCEDURE kms.drop_plaintext(relation regclass, attribute name, rewrite boolean DEFAULT true,
                                    dry_run boolean DEFAULT false, wait interval DEFAULT '1 hour',
                                    INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask('drop_plaintext', relation, attribute,
      pg_catalog.jsonb_build_object('rewrite', rewrite), dry_run, wait), wait, result);
END $$;
COMMENT ON PROCEDURE kms.drop_plaintext(regclass, name, boolean, boolean, interval, jsonb) IS
  'LOSES DATA: drops the plaintext after the switch, and rewrites the table without it.';

CREATE PROCEDURE kms.drop_ciphertext(relation regclass, attribute name, dry_run boolean DEFAULT false,
                                     wait interval DEFAULT '10 minutes',
                                     INOUT result jsonb DEFAULT NULL)
  LANGUAGE plpgsql AS $$
BEGIN
  CALL kms.await_request(kms.ask('drop_ciphertext', relation, attribute, '{}', dry_run, wait), wait,
                         result);
END $$;
COMMENT ON PROCEDURE kms.drop_ciphertext(regclass, name, boolean, interval, jsonb) IS
  'LOSES DATA: drops the ciphertext after the switch back, and takes the column off the registry.';

REVOKE ALL ON PROCEDURE
  kms.protect_column(regclass, name, text, text, text, name[], jsonb, name, text, name, boolean,
                     bytea, boolean, boolean, interval, jsonb),
  kms.unprotect_column(regclass, name, name, text, boolean, boolean, interval, jsonb),
  kms.fill_column(regclass, name, interval, jsonb),
  kms.close_column(regclass, name, boolean, interval, jsonb),
  kms.reopen_column(regclass, name, boolean, interval, jsonb),
  kms.switch_column(regclass, name, name, boolean, boolean, interval, jsonb),
  kms.abandon_column(regclass, name, boolean, interval, jsonb),
  kms.drop_plaintext(regclass, name, boolean, boolean, interval, jsonb),
  kms.drop_ciphertext(regclass, name, boolean, interval, jsonb)
  FROM PUBLIC;
