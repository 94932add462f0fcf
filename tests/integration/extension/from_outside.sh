# Sourced by run: what is done to calls from outside of their sessions, and what is left of them in logs.

# The process id of the backend whose query has this mark and waits for an answer.
waiting_backend() {
  sql -c "SELECT pid FROM pg_stat_activity WHERE query LIKE '%$1%' AND wait_event_type = 'Extension'"
}
is_waiting() { [[ -n $(waiting_backend "$1") ]]; }
is_idle_or_gone() { [[ -z $(sql -c "SELECT FROM pg_stat_activity WHERE pid = $1 AND state = 'active'") ]]; }

# A call that hangs is ended by a function of the server: ended_by FUNCTION STATE
ended_by() {
  local pid output
  output=$(mktemp "$state/outside.XXXXXX")
  psql -Xq -v VERBOSITY=verbose -c "SET fieldkms.tenant = 'acme'" \
    -c "SELECT kms.mask('hang', 'secret-canary $1')" >"$output" 2>&1 &
  await "the call to hang" is_waiting "canary $1"
  pid=$(waiting_backend "canary $1")
  sql -c "SELECT $1($pid)" >/dev/null
  await "backend $pid to end its call" is_idle_or_gone "$pid"
  wait $! || true
  grep -q "$2" "$output" || { cat "$output" >&2; die "$1 did not give $2"; }
  echo "ok: $1 ends a call with $2"
}

# The postmaster is gone: no backend goes on waiting.
ended_with_postmaster() {
  local pid
  psql -Xq -c "SET fieldkms.tenant = 'acme'" -c "SELECT kms.mask('hang', 'orphan')" >/dev/null 2>&1 &
  await "the call to hang" is_waiting orphan
  pid=$(waiting_backend orphan)
  kill -KILL "$(head -n 1 "$state/data/postmaster.pid")"
  await "backend $pid to follow its postmaster" is_gone "$pid"
  wait $! || true
  echo "ok: a call ends with the postmaster"
  as_postgres "$bin/pg_ctl" -D "$state/data" -l "$state/postgres.log" -w start >/dev/null
}
is_gone() { ! kill -0 "$1" 2>/dev/null; }

# Far more backends than the peer's queue has places.
many_at_once() {
  cat >"$state/many.sql" <<'SQL'
\set i random(1, 1000000)
SELECT 1 / (kms.mask('echo', :i::text) = :i::text)::int;
SQL
  PGOPTIONS="-c fieldkms.tenant=acme" pgbench -n -c 200 -j 2 -t 5 -M extended -f "$state/many.sql" \
    >"$state/many.out" 2>&1 || { cat "$state/many.out" >&2; die "200 backends at once"; }
  grep -q 'actually processed: 1000/1000' "$state/many.out" || die "not all of 200 backends were answered"
  echo "ok: 200 backends at once"
}

# A peer of another user is sent nothing.
other_owner() {
  local output
  start "$state/other.log" setpriv --reuid=nobody --regid=nogroup --clear-groups -- \
    /usr/bin/python3 "$root/tests/support/faulty_shim" "$state/other/shim.sock"
  await "the other peer" test -S "$state/other/shim.sock"
  sql -c "ALTER SYSTEM SET fieldkms.socket = '$state/other/shim.sock'" -c "SELECT pg_reload_conf()" >/dev/null
  output=$(psql -Xq -v VERBOSITY=verbose -c "SET fieldkms.tenant = 'acme'" \
    -c "SELECT kms.mask('echo', 'x')" 2>&1) && die "another user's socket was taken"
  grep -q '28000' <<<"$output" || die "another user's socket: $output"
  sql -c "ALTER SYSTEM SET fieldkms.shim_user = 'nobody'" -c "SELECT pg_reload_conf()" >/dev/null
  [[ $(sql -c "SET fieldkms.tenant = 'acme'" -c "SELECT kms.mask('echo', 'x')") == x ]] || die "the named user's socket was not taken"
  sql -c "ALTER SYSTEM RESET ALL" -c "SELECT pg_reload_conf()" >/dev/null
  echo "ok: the owner of the socket is looked at"
}

# Statements that fail are not logged with their values, whoever raised the error; and the search
# itself finds what is logged.
no_values_in_logs() {
  local name
  for name in cut_body kind_1 kind_2 no_utf8 status_403; do
    psql -Xq -c "SET fieldkms.tenant = 'acme'" -c "SELECT kms.mask('$name', 'secret-canary')" >/dev/null 2>&1 && die "$name did not fail"
    psql -Xq -c "SET fieldkms.tenant = 'acme'" \
      -c "DO \$\$ BEGIN EXECUTE 'SELECT kms.mask(''$name'', ''secret-canary'')'; END \$\$" >/dev/null 2>&1 && die "$name did not fail"
  done
  psql -Xq -c "SET fieldkms.tenant = 'acme'" -c "SET statement_timeout = 100" \
    -c "SELECT kms.mask('hang', 'secret-canary')" >/dev/null 2>&1 && die "it did not time out"
  psql -Xq -c "SELECT 1 / 0, 'planted-canary'" >/dev/null 2>&1 && die "1 / 0"
  grep -q 'planted-canary' "$state/postgres.log" || die "the search finds nothing"
  grep -q 'statement timeout' "$state/postgres.log" || die "errors are not logged"
  if grep 'secret-canary' "$state/postgres.log" >&2; then die "a value is in the log"; fi
  echo "ok: no value is in the log"
}

from_outside() {
  sql -c "CREATE EXTENSION fieldkms"
  ended_by pg_cancel_backend 57014
  ended_by pg_terminate_backend 57P01
  many_at_once
  if [[ $(id -u) -eq 0 ]]; then
    install -d -o nobody "$state/other"
    other_owner
  fi
  no_values_in_logs
  ended_with_postmaster
}
