-- The registry of protected columns, in the application's own database: which columns hold
-- ciphertexts, and what these are bound to. It is what rotation jobs and SQL functions read, and
-- what a person reads who finds ciphertexts in a dump. Nothing in it is secret.
--
-- Dumps carry it along with the tables: `relation` is written as a name. Columns are found by their
-- numbers, so that renaming them does no harm, as long as `relation` is still the table of
-- `relation_oid`; in a restored copy, where numbers may be others, they are found by their names.

CREATE TABLE kms.protected_columns (
  -- `b` of every ciphertext's context (crypto/FORMAT.md): 16 random bytes, minted once. Renaming
  -- table or column, moving them to another schema, or copying the database leaves it as it is.
  binding_id bytea PRIMARY KEY CHECK (octet_length(binding_id) = 16),
  -- The table, or the root of its partitions.
  relation regclass NOT NULL,
  -- The number of the table that numbers of columns are of.
  relation_oid oid NOT NULL,
  attribute name NOT NULL,
  attribute_number int2 NOT NULL,
  tenant text NOT NULL CHECK (tenant <> ''),
  -- The key that seals it; where it has a field (a policy of the service), that of the field.
  key_name text NOT NULL CHECK (key_name <> ''),
  field_name text CHECK (field_name <> ''),
  -- `f` of the context: the id of the field.
  field_id bytea CHECK (octet_length(field_id) = 8),
  shape text NOT NULL
    CHECK (shape IN ('bytea', 'text', 'bytea[]', 'text[]', 'json', 'jsonb', 'fpe')),
  -- Columns whose values, in this order, are `pk` of the context; empty: not bound to a row.
  key_attributes name[] NOT NULL,
  key_numbers int2[] NOT NULL,
  -- Columns whose values are further entries of the context, by their names here ...
  context_names text[] NOT NULL DEFAULT '{}',
  -- ... and in the table.
  context_attributes name[] NOT NULL DEFAULT '{}',
  context_numbers int2[] NOT NULL DEFAULT '{}',
  -- The column of blind indexes that goes with it, if there is one, and the key that makes them.
  index_attribute name,
  index_number int2,
  index_key_name text CHECK (index_key_name <> ''),
  -- Of shape fpe: the column with the version of the key that made the text.
  version_attribute name,
  version_number int2,
  -- The column of the same values in plaintext, while they are being encrypted or decrypted, and
  -- how far that is (docs/rotation.md). The trigger that keeps the two in step is of this table.
  plain_attribute name,
  plain_number int2,
  -- 'rewriting': it was dropped, and files of the table still hold what it held.
  conversion text CHECK (conversion IN ('protect', 'protect_closed', 'protected', 'rewriting',
                                        'unprotect', 'unprotect_closed', 'unprotected')),
  -- Which of the columns the conversion has made: they go again where it is taken back.
  made text[] NOT NULL DEFAULT '{}' CHECK (made <@ '{column,index,version,plain}'::text[]),
  created_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((field_name IS NULL) = (field_id IS NULL)),
  CHECK (cardinality(key_attributes) = cardinality(key_numbers)),
  CHECK (cardinality(context_names) = cardinality(context_attributes)),
  CHECK (cardinality(context_names) = cardinality(context_numbers)),
  CHECK ((index_attribute IS NULL) = (index_number IS NULL)),
  CHECK (index_key_name IS NULL OR index_attribute IS NOT NULL),
  CHECK ((version_attribute IS NULL) = (version_number IS NULL)),
  CHECK ((version_attribute IS NOT NULL) = (shape = 'fpe')),
  CHECK ((plain_attribute IS NULL) = (plain_number IS NULL)),
  CHECK ((plain_attribute IS NULL) = (conversion IS NULL OR conversion = 'rewriting')),
  UNIQUE (relation, attribute)
);
COMMENT ON TABLE kms.protected_columns IS
  'Columns that FieldKMS keeps encrypted. Do not edit: ciphertexts are bound to what it says.';

-- Tables and partitions whose files still hold a column of plaintext that was dropped: DROP COLUMN
-- takes it out of the catalog only. One that has another file by now was rewritten, unless it has
-- another tablespace, too: to be moved there it is copied as it is.
CREATE TABLE kms.pending_rewrites (
  binding_id bytea NOT NULL REFERENCES kms.protected_columns ON DELETE CASCADE,
  relation_oid oid NOT NULL,
  file_node oid NOT NULL,
  tablespace oid NOT NULL,
  PRIMARY KEY (binding_id, relation_oid)
);
COMMENT ON TABLE kms.pending_rewrites IS
  'Tables of which fieldkms column drop-plaintext has yet to rewrite the files.';
