# shellcheck shell=bash
# Sourced by deploy/quickstart: a column that an application writes is protected with psql alone, by the
# extension, the shim and a rotation worker.

pg_socket() { echo "$state/postgres"; }
quiet_sql() { psql -h "$(pg_socket)" -U postgres -d shop -XqAt -v ON_ERROR_STOP=1 "$@" </dev/null; }

# A statement, shown as one would type it, with what it answers: in_sql ROLE STATEMENT
in_sql() {
  local prompt='shop=#'
  if [[ $1 != postgres ]]; then prompt="shop=($1)>"; fi
  say "$prompt ${2//$'\n'/$'\n'    }"
  PGOPTIONS="-c role=$1 -c client_min_messages=warning" psql -h "$(pg_socket)" -U postgres -d shop -Xq -v ON_ERROR_STOP=1 \
    --pset=footer=off -c "$2" </dev/null | sed 's/^/      /;/^ *$/d'
}

# The same of a procedure, of whose answer the text is enough.
call_in_sql() {
  say "shop=# CALL $1;"
  PGOPTIONS='-c client_min_messages=warning' quiet_sql -c "CALL $1" >"$state/call.log" 2>&1 ||
    { cat "$state/call.log" >&2; die "a CALL failed"; }
}

start_shim() {
  local postgres_os_user=postgres group=postgres
  if [[ $(id -u) -ne 0 ]]; then postgres_os_user=$(id -un) group=$(id -gn); fi
  cat >"$state/shim.yaml" <<YAML
service: unix:$state/kms/fieldkmsd.sock
listen: {unix: $state/shim.sock, mode: "0660", group: $group}
audit: {file: $state/shim-audit.jsonl}
memory: {lock: preferred}
roles:
  application: [{actions: [field.protect, field.index], tenants: [$tenant], fields: ["customers.*"]}]
  binding: [{actions: [rewrap], tenants: [$tenant], keys: ["*"]}]
  support: [{actions: [field.reveal, field.index], tenants: [$tenant], fields: ["customers.*"], mask_level: masked}]
  desk: [{actions: [field.reveal, field.index], tenants: [$tenant], fields: ["customers.*"], mask_level: full}]
peers:
  postgres:
    users: [$postgres_os_user]
    sessions:
      - {database: shop, role: shop_app, roles: [application, support, binding]}
      - {database: shop, role: postgres, roles: [binding]}
      - {database: shop, role: support, roles: [support]}
      - {database: shop, role: card_desk, roles: [desk]}
YAML
  chmod 0600 "$state/shim.yaml"
  start_program fieldkms-shim "$bin/fieldkms-shim" --config "$state/shim.yaml"
  for _ in {1..100}; do if [[ -S $state/shim.sock ]]; then return; fi; sleep 0.1; done
  die "the shim does not start; its log is $state/fieldkms-shim.log"
}

start_worker() {
  (umask 077 && echo "host=$(pg_socket) dbname=shop user=postgres" >"$state/shop.conninfo")
  start_program fieldkms "$bin/fieldkms" rotation serve --data-source shop --tenant "$tenant" --conninfo-file "$state/shop.conninfo"
}

# The application: twenty writes of card numbers a second, by one of its releases. That it goes on, or that it
# has failed, is looked at when it is stopped.
readonly numbers="(ARRAY['4111111111111111', '5555555555554444', '4012888888881881'])[:which]"
start_application() {
  cat >"$state/application.sql" <<SQL
\set id random(1, $rows)
\set which random(1, 3)
$1;
SELECT nextval('app_writes');
SQL
  chmod 0644 "$state/application.sql"
  PGOPTIONS='-c role=shop_app' setsid "$pg_bin/pgbench" -h "$(pg_socket)" -U postgres -n -R 20 -T 600 -M prepared \
    -f "$state/application.sql" shop </dev/null >"$state/application.log" 2>&1 9>&- &
  application_pid=$!
}
stop_application() {
  kill -TERM "$application_pid" 2>/dev/null || { cat "$state/application.log" >&2; die "the application failed"; }
  wait "$application_pid" 2>/dev/null || true
  application_pid=
  if grep -q ERROR "$state/application.log"; then cat "$state/application.log" >&2; die "the application failed"; fi
}

prepare_shop() {
  quiet_sql >/dev/null -c "CREATE EXTENSION fieldkms" -c "ALTER DATABASE shop SET fieldkms.tenant = '$tenant'" \
    -c "CREATE ROLE shop_app IN ROLE kms_user, kms_reader" -c "CREATE ROLE support IN ROLE kms_user, kms_reader" \
    -c "CREATE ROLE card_desk IN ROLE kms_user, kms_reader" -c "CREATE SEQUENCE app_writes" \
    -c "GRANT SELECT, UPDATE ON customers TO shop_app" -c "GRANT USAGE, SELECT ON SEQUENCE app_writes TO shop_app" \
    -c "ALTER TABLE customers ADD card_index bytea, SET (autovacuum_vacuum_scale_factor = 0.02)" -c "CREATE INDEX customers_card_index ON customers (card_index)"
}

protect_in_sql() {
  local column="'customers', 'card_number'"
  start_shim
  start_worker
  prepare_shop
  say "fieldkms-shim and \`fieldkms rotation serve\` run, CREATE EXTENSION fieldkms is done; an application writes"
  say "card numbers in plaintext, 20 a second."
  start_application "UPDATE customers SET card_number = $numbers WHERE id = :id"
  call_in_sql "kms.protect_column($column, field => 'customers.card_number', index_column => 'card_index')"
  stop_application
  say "-- The application's next release writes both columns in one statement:"
  start_application "UPDATE customers SET card_number = v, card_number_protected = p.ciphertext, card_index = p.blind_index
FROM (VALUES ($numbers)) AS n(v), LATERAL kms.protect('customers.card_number', v,
  kms.row_context('customers', 'card_number_protected', :id::text)) AS p WHERE id = :id"
  sed -n 's/^/      /;3,5p' "$state/application.sql"
  call_in_sql "kms.close_column($column)"
  call_in_sql "kms.fill_column($column)"
  stop_application
  call_in_sql "kms.switch_column($column)"
  call_in_sql "kms.drop_plaintext($column)"
  show_in_sql
}

show_in_sql() {
  in_sql postgres "SELECT kms.bind_columns('customers'), kms.make_view('customers', 'customers_shown', 'card_desk')" >/dev/null
  say "shop=# SELECT kms.bind_columns('customers'), kms.make_view('customers', 'customers_shown', 'card_desk');"
  quiet_sql -c "GRANT SELECT ON customers_shown TO support, card_desk" -c "GRANT SELECT, UPDATE ON customers_shown TO shop_app" -c "ANALYZE customers"
  start_application "UPDATE customers_shown SET card_number = $numbers WHERE id = :id"
  in_sql postgres "SELECT id, card_number FROM customers WHERE id = 1" | cut -c1-76
  in_sql support "SELECT id, card_number FROM customers_shown WHERE id = 1"
  in_sql card_desk "SELECT id, card_number FROM customers_shown WHERE id = 1"
  in_sql support "EXPLAIN (COSTS off) SELECT id FROM customers_shown WHERE card_index =
  ANY ((SELECT kms.blind_index_terms('customers.card_number', '4111 1111 1111 1111'))::bytea[])"
  quiet_sql -c "SELECT kms.sample_columns()" >/dev/null
  in_sql postgres "SELECT relation, attribute, stage, coverage, rotation_debt FROM kms.encryption_status WHERE relation = 'customers'::regclass"
  stop_application
  say "The application made $(quiet_sql -c "SELECT last_value FROM app_writes") writes meanwhile, and none failed."
}

say_how_to_go_on_in_sql() {
  cat <<TEXT
    psql -h $(pg_socket) -U postgres shop        -- SET ROLE support, card_desk or shop_app; then
        SELECT id, card_number FROM customers_shown LIMIT 5;
        CALL kms.protect_column('customers', 'email', field => 'customers.email');
        CALL kms.ask_rotate_key('customers.card_number', with_job => true);
        SELECT * FROM kms.encryption_status;
    tail -f $state/shim-audit.jsonl
TEXT
}
