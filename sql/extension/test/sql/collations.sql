-- Foreign tables on a server with ICU, after fdw.sql, which has made the keys.
SET fieldkms.tenant = 'acme';
CREATE SCHEMA other;
IMPORT FOREIGN SCHEMA kms LIMIT TO (keys) FROM SERVER fieldkms INTO other;
-- A collation by which other texts are equal is not the service's.
CREATE COLLATION other.anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
EXPLAIN (COSTS off) SELECT name FROM other.keys WHERE name = 'PAGE.03' COLLATE other.anycase;
SELECT name FROM other.keys WHERE name = 'PAGE.03' COLLATE other.anycase;
SET client_min_messages = warning;
DROP SCHEMA other CASCADE;
