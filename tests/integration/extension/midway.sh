# Sourced by run: the shim hangs, and ends, while pages of a foreign table are read.

# Runs statements in one session; those of \! are run by a shell that knows the shim: pages PID ...
pages() { SHIM_PID=$1 psql -XqAt -v VERBOSITY=sqlstate -d pages "${@:2}" 2>&1; }

readonly open_cursor="SET fieldkms.tenant = 'acme'; BEGIN; DECLARE names CURSOR FOR SELECT name FROM paged; FETCH 3 FROM names;"

prepare_pages() {
  sql -c "CREATE DATABASE pages"
  sql -d pages -c "CREATE EXTENSION fieldkms" \
    -c "CREATE FOREIGN TABLE paged (name text) SERVER fieldkms OPTIONS (object 'keys', page_size '2')"
}

# The statement ends at its time, and the session goes on with a shim that goes on.
shim_hangs() {
  local output
  output=$(pages "$1" <<SQL
$open_cursor
SET LOCAL statement_timeout = '300ms';
\\! kill -STOP \$SHIM_PID
FETCH ALL FROM names;
\\! kill -CONT \$SHIM_PID
ROLLBACK;
SELECT 'rows: ' || (count(*) > 3) FROM paged;
SQL
  )
  [[ $output == *$'ERROR:  57014\nrows: true' ]] || die "a shim that hangs: $output"
  echo "ok: a scan is cancelled between pages, and the next one reads all"
}

shim_ends() {
  local output
  output=$(pages "$1" <<SQL
$open_cursor
\\! kill -KILL \$SHIM_PID; sleep 0.3
FETCH ALL FROM names;
ROLLBACK;
SELECT count(*) FROM paged;
SQL
  )
  [[ $output == *$'ERROR:  08006\nERROR:  08006' ]] || die "a shim that ends: $output"
  rm -f "$state/shim.sock"
  start_shim
  output=$(pages "$1" -c "SET fieldkms.tenant = 'acme'" -c "SELECT 'rows: ' || (count(*) > 3) FROM paged")
  [[ $output == 'rows: true' ]] || die "a shim that is there again: $output"
  echo "ok: a scan fails where the shim ends between pages, and goes with the next shim"
}

# midway PID: of the shim that runs.
midway() {
  prepare_pages
  shim_hangs "$1"
  shim_ends "$1"
}
