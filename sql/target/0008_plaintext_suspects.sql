-- Looks for columns of plaintext that should be protected ones: card numbers, US social security
-- numbers, addresses of e-mail. It tells columns and counts, never a value.
--
-- Reading a table runs no code of its owner's: views, foreign tables and types whose conversion to
-- text is a function are passed over, and row security is off (a table that has it for the caller is
-- skipped, and said so).

-- The Luhn check of 13 to 19 digits, which may have single spaces or hyphens between them. Numbers of
-- cards begin with 2 to 6.
CREATE FUNCTION kms.is_pan(candidate text) RETURNS boolean
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT candidate ~ '^[2-6](?:[ -]?[0-9]){12,18}$' AND (
      SELECT sum(CASE WHEN (length(d.digits) - i) % 2 = 0 THEN n.digit
                      WHEN n.digit > 4 THEN 2 * n.digit - 9 ELSE 2 * n.digit END) % 10 = 0
      FROM (SELECT translate(candidate, ' -', '') AS digits) d,
        generate_series(1, length(d.digits)) i,
        LATERAL (SELECT substr(d.digits, i, 1)::int4 AS digit) n)
  $$;
COMMENT ON FUNCTION kms.is_pan(text) IS 'Whether a text is a card number, as far as its digits tell.';

-- Numbers that were never given out, or were printed in advertisements, are none.
CREATE FUNCTION kms.is_ssn(candidate text) RETURNS boolean
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT candidate ~ '^(?!000|666|9)[0-9]{3}([- ])(?!00)[0-9]{2}\1(?!0000)[0-9]{4}$'
      AND translate(candidate, ' ', '-') NOT IN ('078-05-1120', '219-09-9999')
  $$;
COMMENT ON FUNCTION kms.is_ssn(text) IS 'Whether a text is a social security number of the USA.';

-- The same of what stands somewhere in a text, of which the first 4,000 characters are looked at.
-- {ssn,pan,email}, as far as there are some.
CREATE FUNCTION kms.suspects_in(content text) RETURNS text[]
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_remove(ARRAY[
      CASE WHEN c.head ~ '[0-9]{3}[- ][0-9]{2}[- ][0-9]{4}' AND EXISTS (
        SELECT FROM regexp_matches(c.head,
            '(?<![0-9-])[0-9]{3}[- ][0-9]{2}[- ][0-9]{4}(?![0-9-])', 'g') m
        WHERE kms.is_ssn(m[1])) THEN 'ssn' END,
      CASE WHEN c.head ~ '[2-6](?:[ -]?[0-9]){12}' AND EXISTS (
        SELECT FROM regexp_matches(c.head,
            '(?<![0-9]|[0-9][ -])[2-6](?:[ -]?[0-9]){12,18}(?![ -]?[0-9])', 'g') m
        WHERE kms.is_pan(m[1])) THEN 'pan' END,
      CASE WHEN c.head ~ ('(^|[^A-Za-z0-9.!#$%&*+/=?^_{|}~-])[A-Za-z0-9._%+-]{1,64}@'
          '([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}($|[^A-Za-z0-9-])')
        THEN 'email' END], NULL)
    FROM (SELECT left(content, 4000) AS head) c
  $$;
COMMENT ON FUNCTION kms.suspects_in(text) IS
  'What a text has of card numbers, social security numbers and addresses.';

-- Columns whose values can be read as texts without a function of somebody's: built-in types, what
-- is kept as text in all but name (citext), and domains over these. Numbers may be card numbers.
CREATE FUNCTION kms.readable_columns(schemas text[])
  RETURNS TABLE (relation oid, attribute name, note text)
  LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE base (type, over) AS (
      SELECT t.oid, CASE WHEN t.typtype = 'd' THEN t.typbasetype END FROM pg_type t
      UNION
      SELECT b.type, CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE NULL END
      FROM base b JOIN pg_type t ON t.oid = b.over WHERE t.typtype = 'd'),
    readable AS (
      SELECT b.type FROM base b
      WHERE coalesce(b.over, b.type) IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype,
          'json'::regtype, 'jsonb'::regtype, 'int8'::regtype, 'numeric'::regtype)
        OR EXISTS (SELECT FROM pg_cast k WHERE k.castsource = coalesce(b.over, b.type)
                   AND k.casttarget = 'text'::regtype AND k.castmethod = 'b'))
    SELECT c.oid, a.attname,
      CASE WHEN r.plain_number = a.attnum THEN 'is being converted: ' || r.conversion END
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_attribute a ON a.attrelid = c.oid
      -- Of a partition the registry has the root, where its numbers may be others.
      LEFT JOIN LATERAL (
        SELECT p.conversion, own.attnum = a.attnum AS protected,
          CASE WHEN pl.attnum = a.attnum THEN pl.attnum END AS plain_number
        FROM kms.protected_columns p
          JOIN pg_attribute own ON own.attrelid = c.oid AND own.attname
            = kms.name_now(p.relation, p.attribute, p.attribute_number, p.relation = p.relation_oid)
          LEFT JOIN pg_attribute pl ON pl.attrelid = c.oid AND pl.attname
            = kms.name_now(p.relation, p.plain_attribute, p.plain_number, p.relation = p.relation_oid)
        WHERE (c.oid = p.relation
               OR p.relation IN (SELECT u.relid FROM pg_partition_ancestors(c.oid) u))
          AND a.attnum IN (own.attnum, pl.attnum)
        ORDER BY 2 DESC LIMIT 1) r ON true
    WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
      AND a.attnum > 0 AND NOT a.attisdropped
      AND CASE WHEN schemas IS NULL
            THEN n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'kms')
            ELSE n.nspname = ANY (schemas) END
      AND a.atttypid IN (SELECT type FROM readable)
      AND NOT coalesce(r.protected, false)
    ORDER BY n.nspname, c.relname, a.attnum
  $$;
COMMENT ON FUNCTION kms.readable_columns(text[]) IS
  'Columns that kms.plaintext_suspects looks at.';

-- One row for each column and kind that was found, and one, without a kind, for each table that was
-- skipped.
CREATE FUNCTION kms.plaintext_suspects(schemas text[] DEFAULT NULL, sample_rows int DEFAULT 1000)
  RETURNS TABLE (relation regclass, attribute name, kind text, rows_seen int8, rows_matched int8,
                 share numeric, note text)
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
#variable_conflict use_column
DECLARE
  found record;
  counts record;
  sampled float8;
BEGIN
  IF sample_rows IS NULL OR sample_rows NOT BETWEEN 1 AND 1000000 THEN
    RAISE EXCEPTION 'sample_rows must be 1 to 1,000,000' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  FOR found IN
      SELECT c.relation AS oid, array_agg(c.attribute) AS names, array_agg(c.note) AS notes
      FROM kms.readable_columns(schemas) c JOIN pg_class k ON k.oid = c.relation
      GROUP BY c.relation, k.relname ORDER BY c.relation::regclass::text LOOP
    relation := found.oid;
    SELECT s.share INTO sampled FROM kms.sample_share(found.oid, plaintext_suspects.sample_rows) s;
    BEGIN
      FOR counts IN EXECUTE kms.suspects_sql(found.oid, found.names, sampled,
                                             plaintext_suspects.sample_rows) LOOP
        attribute := found.names[counts.i];
        kind := counts.kind;
        rows_seen := counts.seen;
        rows_matched := counts.matched;
        share := round(counts.matched::numeric / counts.seen, 4);
        note := found.notes[counts.i];
        RETURN NEXT;
      END LOOP;
    EXCEPTION WHEN insufficient_privilege OR lock_not_available OR undefined_table THEN
      attribute := NULL;
      kind := NULL;
      rows_seen := NULL;
      rows_matched := NULL;
      share := NULL;
      note := 'skipped: ' || CASE SQLSTATE
        WHEN '42501' THEN 'no right to read it, or row security hides rows'
        WHEN '55P03' THEN 'it is locked' ELSE 'it is gone' END;
      RETURN NEXT;
    END;
  END LOOP;
END $$;
COMMENT ON FUNCTION kms.plaintext_suspects(text[], int) IS
  'Columns that look like card numbers, social security numbers or addresses of e-mail, by samples.';

-- One query for all columns of a table. `seen`: rows that have a value.
CREATE FUNCTION kms.suspects_sql(relation regclass, names name[], sampled float8, sample_rows int)
  RETURNS text
  LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format(
      'WITH t AS MATERIALIZED (SELECT %s FROM ONLY %s TABLESAMPLE SYSTEM (%s) LIMIT %s) '
      'SELECT s.i, k.kind, count(s.c) AS seen, '
      '  count(*) FILTER (WHERE k.kind = ANY (s.kinds)) AS matched '
      'FROM (%s) s CROSS JOIN (VALUES (''email''), (''pan''), (''ssn'')) k (kind) '
      'GROUP BY s.i, k.kind HAVING bool_or(k.kind = ANY (s.kinds)) ORDER BY s.i, k.kind',
      string_agg(format('left(%I::text, 4000) AS c%s', n.name, n.i), ', '), relation, sampled,
      sample_rows,
      string_agg(format('SELECT %1$s AS i, c%1$s AS c, kms.suspects_in(c%1$s) AS kinds FROM t', n.i),
                 ' UNION ALL '))
    FROM unnest(names) WITH ORDINALITY n (name, i)
  $$;
COMMENT ON FUNCTION kms.suspects_sql(regclass, name[], float8, int) IS
  'Internal to kms.plaintext_suspects.';

REVOKE ALL ON FUNCTION kms.is_pan(text), kms.is_ssn(text), kms.suspects_in(text),
  kms.readable_columns(text[]), kms.plaintext_suspects(text[], int),
  kms.suspects_sql(regclass, name[], float8, int) FROM PUBLIC;
