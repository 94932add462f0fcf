-- Values that pgcrypto 1.3 (Debian's postgresql-15) has encrypted, as JSON. Run by hand:
--   psql -X -q -A -t -f make_pgcrypto_vectors.sql > pgcrypto.json
-- against a server whose OPENSSL_CONF activates the legacy provider, too, which Blowfish and CAST5 are of.
-- Each run makes others, since salts and prefixes are random.
CREATE EXTENSION IF NOT EXISTS pgcrypto;
WITH options (o) AS (
  SELECT format('cipher-algo=%s, s2k-mode=%s, s2k-digest-algo=%s, compress-algo=%s%s', c, m, d, z, more)
  FROM unnest('{aes128,aes192,aes256,bf,3des,cast5}'::text[]) c,
    unnest('{0,1,3}'::int[]) m, unnest('{md5,sha1,sha256}'::text[]) d, unnest('{0,1,2}'::int[]) z,
    unnest('{"",", disable-mdc=1",", sess-key=1",", unicode-mode=1",", convert-crlf=1"}'::text[]) more
), texts (t) AS (
  VALUES (''), ('4111111111111111'), ('Grüße, 世界' || E'\nsecond line'), (repeat('long text ', 2000))
), numbered AS (
  SELECT o, row_number() OVER (ORDER BY o COLLATE "C") AS n FROM options
), pgp AS (
  SELECT n, o, t, pgp_sym_encrypt(t, 'correct horse ' || n, o) AS sealed
  FROM numbered JOIN (SELECT t, row_number() OVER () AS k FROM texts) x
    ON x.k = CASE WHEN n % 40 = 0 THEN 4 ELSE n % 3 + 1 END
  WHERE n % 7 = 0
), raw AS (
  SELECT alg, key, iv, t, encrypt_iv(convert_to(t, 'utf8'), key, iv, alg) AS sealed
  FROM unnest('{aes,aes-cbc,aes-ecb,aes-cbc/pad:pkcs,bf,bf-cbc,bf-ecb/pad:pkcs,3des,3des-cbc,des,cast5}'::text[]) alg,
    (VALUES ('\x01'::bytea), ('\x0102030405060708'), ('\x00112233445566778899aabbccddeeff'),
      ('\x00112233445566778899aabbccddeeff0011'), ('\x00112233445566778899aabbccddeeff00112233445566778899aabbccddee')) k (key),
    (VALUES (''::bytea), ('\x000102030405060708090a0b0c0d0e0f')) i (iv),
    (VALUES ('4111111111111111'), ('a')) v (t)
  WHERE (alg !~ '^des' OR octet_length(key) <= 8) AND (alg !~ '^(3des|cast5)' OR octet_length(key) <= 16)
    AND (alg !~ '^(cast5|bf)' OR octet_length(key) >= 8)
)
SELECT jsonb_pretty(jsonb_build_object(
  'pgp', (SELECT jsonb_agg(jsonb_build_object('options', o, 'passphrase', 'correct horse ' || n, 'text', t,
    'sealed', encode(sealed, 'hex'))) FROM pgp),
  'armored', (SELECT jsonb_agg(jsonb_build_object('passphrase', 'p', 'text', t, 'sealed',
    armor(pgp_sym_encrypt(t, 'p'), '{Comment}', '{"of a test"}'))) FROM texts WHERE length(t) < 100),
  'bytes', jsonb_build_object('passphrase', 'p', 'bytes', 'fffe0041', 'sealed',
    encode(pgp_sym_encrypt_bytea('\xfffe0041', 'p'), 'hex')),
  'raw', (SELECT jsonb_agg(jsonb_build_object('algorithm', alg, 'key', encode(key, 'hex'), 'iv', encode(iv, 'hex'),
    'text', t, 'sealed', encode(sealed, 'hex'))) FROM raw)));
