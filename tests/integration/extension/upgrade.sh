# Sourced by run: pg_upgrade of a cluster with protected columns, to the same PostgreSQL or to another one.

# What is asked before and after, and has to be answered alike.
# Up to 14 pg_upgrade gives databases new numbers.
upgrade_answers() {
  shop upgraded -c "SELECT count(*), min(card), max(card) FROM customers_shown" \
    -c "SELECT binding_id, relation, relation = relation_oid, attribute, key_attributes FROM kms.protected_columns ORDER BY 1" \
    -c "SELECT relation, attribute, stage, coverage, versions, rotation_debt FROM kms.encryption_status ORDER BY 1, 2" \
    -c "SELECT request_id, action, state, database_oid = kms.this_database() OR current_setting('server_version_num')::int < 150000 FROM kms.requests" \
    -c "SELECT name, primary_version FROM service.keys WHERE name LIKE 'upgraded%' ORDER BY 1" \
    -c "SELECT count(*) FROM customers WHERE card_index = ANY ((SELECT kms.blind_index_terms('upgraded', '4000000000001000'))::bytea[])" \
    -c "SET ROLE regress_clerk" -c "SELECT count(*), min(card) FROM customers_shown"
}

# A database with all that this project puts into one.
prepare_upgrade() {
  (umask 077 && echo "host=$state user=postgres dbname=upgraded" >"$state/conninfo")
  sql -c "CREATE DATABASE upgraded"
  rotate key create upgraded >/dev/null
  rotate key create upgraded.index --purpose BLIND_INDEX >/dev/null
  rotate field create upgraded --format pan --key upgraded --index-key upgraded.index >/dev/null
  rotate column init >/dev/null
  # Numbers of columns that are not those of a new table.
  sql -d upgraded -c "CREATE EXTENSION fieldkms" -c "CREATE ROLE regress_clerk IN ROLE kms_user, kms_reader" -c "CREATE TABLE other (id int)" -c "DROP TABLE other" \
    -c "CREATE TABLE customers (gone int, id int PRIMARY KEY, email text, card bytea, card_index bytea)" \
    -c "ALTER TABLE customers DROP COLUMN gone" -c "CREATE INDEX ON customers (card_index)"
  rotate column add public.customers card --field upgraded --index-column card_index --row-key id >/dev/null
  shop upgraded >/dev/null <<'SQL'
SELECT kms.bind_columns('customers'), kms.make_view('customers', 'customers_shown', 'postgres');
GRANT SELECT ON customers_shown TO regress_clerk;
INSERT INTO customers SELECT i, 'c' || i, p.ciphertext, p.blind_index FROM (SELECT array_agg(i) AS ids, kms.protect_many('upgraded',
    array_agg('400000000000' || i || '0'), array_agg(kms.row_context('customers', 'card', i::text))) AS made
  FROM (SELECT i FROM generate_series(100, 999) i WHERE kms.is_pan('400000000000' || i || '0')) v) m, unnest(ids, made) AS p(i);
CREATE SCHEMA service;
IMPORT FOREIGN SCHEMA kms FROM SERVER fieldkms INTO service;
SELECT kms.ask('fill', 'customers', 'email', '{}', false, NULL), kms.sample_columns();
SQL
}

# pg_upgrade of the cluster that runs, to the PostgreSQL of a pg_config: upgraded_to PG_CONFIG
upgraded_to() {
  local new_bin data=$state/data
  new_bin=$(FIELDKMS_PG_CONFIG=$1 "$root/deploy/private_postgres" "$state/new" "$library")
  as_postgres "$bin/pg_ctl" -D "$data" -m fast -w stop >/dev/null
  make_cluster "$new_bin" "$state/upgraded"
  mkdir "$state/upgrading"
  if [[ $(id -u) -eq 0 ]]; then chown postgres "$state/upgrading"; fi
  # Where it stands it leaves its logs.
  (cd "$state/upgrading" && "${postgres_user[@]}" "$new_bin/pg_upgrade" -b "$bin" -B "$new_bin" -d "$data" -D "$state/upgraded" \
    -s "$state/upgrading" -U postgres) >"$state/upgrade.log" 2>&1 ||
    { find "$state/upgrading" "$state/upgraded/pg_upgrade_output.d" -name '*.log' -exec grep -hi 'error' {} + >&2; tail "$state/upgrade.log" >&2; die "pg_upgrade failed"; }
  mv "$data" "$state/data.old"
  mv "$state/upgraded" "$data"
  bin=$new_bin
  take_programs
  as_postgres "$bin/pg_ctl" -D "$data" -l "$state/postgres.log" -w start >/dev/null
}

# Beyond reading: the trigger binds, the view writes, a job brings rows to a new version.
goes_on() {
  local job
  shop upgraded -c "UPDATE customers SET id = id + 10000 WHERE id = (SELECT min(id) FROM customers)" \
    -c "INSERT INTO customers_shown (id, card) VALUES (1, '4111111111111111')" >/dev/null
  [[ $(shop upgraded -c "SELECT card FROM customers_shown WHERE id IN (1, (SELECT max(id) FROM customers)) ORDER BY id") == \
     $'4111111111111111\n4000000000001000' ]] || die "the trigger or the view of an upgraded cluster does not work"
  if shop upgraded -c "UPDATE customers SET card = 'plaintext' WHERE id = 1" >/dev/null 2>&1; then die "it takes plaintext"; fi
  rotate key rotate upgraded >/dev/null
  job=$(rotate rotation create --key upgraded --data-source upgraded --start --accept-triggers --json |
    sed -n 's/.*"job_id":"\([0-9a-f]*\)".*/\1/p' | head -n 1)
  rotate rotation run "$job" >"$state/job.log" 2>&1 || { cat "$state/job.log" >&2; die "the job failed"; }
  [[ $(shop upgraded -c "SELECT DISTINCT (kms.envelope(card)).version FROM customers") == 2 ]] || die "the job left rows"
  sql -d upgraded -c "ALTER EXTENSION fieldkms UPDATE"
}

pg_upgrade_keeps_all() {
  local target=${FIELDKMS_PG_UPGRADE_TO:-$config}
  # shellcheck source=/dev/null
  source "$root/tests/integration/extension/copies.sh"
  # shellcheck source=/dev/null
  source "$root/tests/integration/extension/jobs.sh"
  start_service
  prepare_upgrade
  upgrade_answers >"$state/before"
  grep -q '^[1-9][0-9]*|4000000000001000|' "$state/before" || { cat "$state/before"; die "nothing to upgrade"; }
  if [[ -n ${FIELDKMS_PG_UPGRADE_TO:-} ]]; then
    library=$state/compiled-anew
    compiled "$target" "$library"
  fi
  upgraded_to "$target"
  upgrade_answers >"$state/after"
  diff "$state/before" "$state/after" || die "an upgraded cluster answers otherwise"
  goes_on
  echo "ok: pg_upgrade to $("$target" --version)"
}
