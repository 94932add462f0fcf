# Sourced by run: what becomes of protected columns in copies of a database.

shop() { PGOPTIONS="-c fieldkms.tenant=acme" sql -d "$1" "${@:2}"; }

# A database with a bound table of a thousand rows.
make_shop() {
  sql -c "CREATE DATABASE shop"
  sql -d shop -c "CREATE EXTENSION fieldkms" -f "$FIELDKMS_REGISTRY" >/dev/null
  shop shop >/dev/null <<'SQL'
CREATE TABLE other (id int);  -- so that the copy's numbers are others
DROP TABLE other;
CREATE TABLE customers (gone int, id int PRIMARY KEY, card bytea);
ALTER TABLE customers DROP COLUMN gone;
INSERT INTO kms.protected_columns (binding_id, relation, relation_oid, attribute, attribute_number, tenant, key_name, shape,
  key_attributes, key_numbers) VALUES ('\x0f0e0d0c0b0a09080706050403020100', 'customers', 'customers'::regclass, 'card', 3, 'acme',
  'notes', 'bytea', '{id}', '{2}');
SELECT kms.bind_columns('customers');
INSERT INTO customers SELECT i, e FROM unnest(kms.encrypt_many('notes', (SELECT array_agg('card ' || i) FROM generate_series(1, 1000) i),
  (SELECT array_agg(kms.row_context('customers', 'card', i::text)) FROM generate_series(1, 1000) i))) WITH ORDINALITY AS x(e, i);
CREATE SCHEMA service;
IMPORT FOREIGN SCHEMA kms FROM SERVER fieldkms INTO service;
SQL
}

readonly readable="SELECT count(*) FROM customers WHERE kms.decrypt_text(card, kms.row_context('customers', 'card', id::text)) = 'card ' || id"

# Without a tenant every call would fail: a restore makes none.
dumped_and_restored() {
  pg_dump -d shop >"$state/shop.sql"
  sql -c "CREATE DATABASE restored"
  sql -d restored -f "$state/shop.sql" >/dev/null
  [[ $(sql -d shop -c "SELECT md5(string_agg(card::text, ',' ORDER BY id)) FROM customers") == \
     $(sql -d restored -c "SELECT md5(string_agg(card::text, ',' ORDER BY id)) FROM customers") ]] ||
    die "a restored database has other ciphertexts"
  [[ $(shop restored -c "$readable") == 1000 ]] || die "a restored database is not readable"
  # The trigger is there, and finds its columns by their names.
  shop restored -c "UPDATE customers SET id = id + 1000 WHERE id = 1" >/dev/null
  [[ $(shop restored -c "SELECT kms.decrypt_text(card, kms.row_context('customers', 'card', '1001')) FROM customers WHERE id = 1001") == 'card 1' ]] ||
    die "the trigger of a restored database does not bind"
  [[ $(shop restored -c "SELECT count(*) FROM service.keys WHERE name = 'notes'") == 1 ]] || die "the foreign tables of a restored database read nothing"
  if shop restored -c "UPDATE customers SET card = 'plaintext' WHERE id = 2" >/dev/null 2>&1; then die "it takes plaintext"; fi
  echo "ok: dumped and restored"
}

# Reading needs no write.
read_on_a_standby() {
  as_postgres "$bin/pg_basebackup" -h "$state" -D "$state/standby" --write-recovery-conf --checkpoint=fast --no-sync
  as_postgres "$bin/pg_ctl" -D "$state/standby" -o "-p 5433" -l "$state/standby.log" -w start >/dev/null
  [[ $(PGPORT=5433 sql -d shop -c "SELECT pg_is_in_recovery()") == t ]] || die "this is no standby"
  [[ $(PGPORT=5433 shop shop -c "$readable") == 1000 ]] || die "a standby cannot read"
  [[ $(PGPORT=5433 shop shop -c "SELECT count(*) FROM service.keys WHERE name = 'notes'") == 1 ]] || die "the foreign tables of a standby read nothing"
  as_postgres "$bin/pg_ctl" -D "$state/standby" -m immediate -w stop >/dev/null
  echo "ok: read on a standby"
}

# What is replicated comes as it is: the subscriber calls nobody, having no tenant.
replicated() {
  sql -c "CREATE DATABASE subscriber"
  sql -d subscriber -c "CREATE EXTENSION fieldkms" -f "$FIELDKMS_REGISTRY" >/dev/null
  sql -d subscriber >/dev/null <<'SQL'
CREATE TABLE customers (id int PRIMARY KEY, card bytea);
INSERT INTO kms.protected_columns (binding_id, relation, relation_oid, attribute, attribute_number, tenant, key_name, shape,
  key_attributes, key_numbers) VALUES ('\x0f0e0d0c0b0a09080706050403020100', 'customers', 'customers'::regclass, 'card', 2, '-',
  'notes', 'bytea', '{id}', '{1}');
SELECT kms.bind_columns('customers');
SQL
  sql -d shop -c "CREATE PUBLICATION shop FOR TABLE customers"
  # In one cluster the slot has to be there before.
  sql -d shop -c "SELECT pg_create_logical_replication_slot('shop', 'pgoutput')" >/dev/null
  sql -d subscriber -c "CREATE SUBSCRIPTION shop CONNECTION 'host=$state user=postgres dbname=shop' PUBLICATION shop WITH (create_slot = false)" >/dev/null 2>&1
  shop shop -c "UPDATE customers SET id = 2000 WHERE id = 1000" >/dev/null
  await "the subscriber to follow" has_followed
  [[ $(shop subscriber -c "$readable OR id = 2000") == 1000 ]] || die "a subscriber cannot read"
  sql -d subscriber -c "DROP SUBSCRIPTION shop" >/dev/null 2>&1
  echo "ok: replicated"
}
has_followed() { [[ $(sql -d subscriber -c "SELECT count(*) = 1000 AND bool_or(id = 2000) FROM customers") == t ]]; }

copies() {
  make_shop
  dumped_and_restored
  read_on_a_standby
  replicated
}
