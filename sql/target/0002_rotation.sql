-- Checkpoints of rotation jobs. They are written in the transactions that write the rows, so they
-- can neither be ahead of them nor behind. docs/rotation.md has the protocol.

-- A fence is given out once: what takes a range gets a higher one than whoever had it before.
CREATE SEQUENCE kms.rotation_fence AS int8;

-- A job as it runs here, since it was last started.
CREATE TABLE kms.rotation_jobs (
  job_id text PRIMARY KEY CHECK (job_id ~ '^[0-9a-f]{32}$'),
  tenant text NOT NULL,
  -- When the service says that it was started, in seconds, a point and nanoseconds: a job that is
  -- started again begins anew.
  started text NOT NULL,
  -- What rows are brought to: key ids, eight bytes each, and a version.
  source_key_id bytea NOT NULL CHECK (octet_length(source_key_id) = 8),
  target_key_id bytea NOT NULL CHECK (octet_length(target_key_id) = 8),
  target_version int8 NOT NULL CHECK (target_version > 0),
  phase text NOT NULL DEFAULT 'sweep'
    CHECK (phase IN ('sweep', 'barrier', 'final_sweep', 'verify', 'complete')),
  pass int4 NOT NULL DEFAULT 1,
  -- Transactions that were open when the service's barrier was passed: virtual ids of running ones
  -- and names of prepared ones. The phase `barrier` ends when none of them is left.
  open_transactions text[],
  prepared_transactions text[],
  barrier_at timestamptz,
  verified_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The tables of a job: each leaf of a partitioned one by itself. A pass over a table is carved into
-- ranges as it goes: `frontier` is how far, in the order of its key.
CREATE TABLE kms.rotation_tables (
  job_id text NOT NULL REFERENCES kms.rotation_jobs ON DELETE CASCADE,
  table_no int4 NOT NULL,
  relation regclass NOT NULL,
  -- What the columns were when the job began (rotation/table_plan.h), as JSON: a table that has
  -- changed since is told from one that has not.
  plan jsonb NOT NULL,
  estimated_rows int8 NOT NULL,
  pass int4 NOT NULL DEFAULT 1,
  ranges int4 NOT NULL DEFAULT 0,
  frontier text[],
  -- The last key when the pass began; the pass ends there, whatever is inserted meanwhile.
  upper text[],
  begun boolean NOT NULL DEFAULT false,
  carved boolean NOT NULL DEFAULT false,
  PRIMARY KEY (job_id, table_no)
);

-- A range is worked on by one worker at a time, the one with its `fence`; a transaction of one that
-- lost it changes nothing. Keys are texts of the key's columns, exclusive
-- below and inclusive above; null: the end of the table.
CREATE TABLE kms.rotation_ranges (
  job_id text NOT NULL,
  table_no int4 NOT NULL,
  pass int4 NOT NULL,
  range_no int4 NOT NULL,
  lower text[],
  upper text[],
  -- All up to here is done.
  reached text[],
  done boolean NOT NULL DEFAULT false,
  worker text,
  fence int8 NOT NULL DEFAULT 0,
  lease_until timestamptz,
  seen int8 NOT NULL DEFAULT 0,
  changed int8 NOT NULL DEFAULT 0,
  conflicts int8 NOT NULL DEFAULT 0,
  quarantined int8 NOT NULL DEFAULT 0,
  verified int8 NOT NULL DEFAULT 0,
  opened int8 NOT NULL DEFAULT 0,
  PRIMARY KEY (job_id, table_no, pass, range_no),
  FOREIGN KEY (job_id, table_no) REFERENCES kms.rotation_tables ON DELETE CASCADE
);
CREATE INDEX rotation_ranges_open ON kms.rotation_ranges (job_id, pass) WHERE NOT done;

-- Values that do not open, each named by its row and what it is, never by what it holds. A value
-- that has changed since counts as another.
CREATE TABLE kms.rotation_quarantine (
  job_id text NOT NULL,
  table_no int4 NOT NULL,
  attribute name NOT NULL,
  row_key text[] NOT NULL,
  -- SHA-256 of the cell.
  digest bytea NOT NULL CHECK (octet_length(digest) = 32),
  reason text NOT NULL,
  found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (job_id, table_no, attribute, row_key, digest),
  FOREIGN KEY (job_id, table_no) REFERENCES kms.rotation_tables ON DELETE CASCADE
);

COMMENT ON TABLE kms.rotation_jobs IS
  'Jobs of FieldKMS that re-encrypt rows of this database. Written by its workers only.';
COMMENT ON TABLE kms.rotation_tables IS 'The tables of kms.rotation_jobs, and how far each is.';
COMMENT ON TABLE kms.rotation_ranges IS
  'Parts of the tables of kms.rotation_jobs: who works on which, up to where.';
COMMENT ON TABLE kms.rotation_quarantine IS
  'Values that FieldKMS could not open, by the keys of their rows. Nothing of a value is here.';
