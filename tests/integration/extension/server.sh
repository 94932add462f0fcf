# Sourced by run: PostgreSQL's servers, and the extension compiled for them.

# As packagers do, without a warning; VPATH because not every installation's PGXS finds it by -f.
# pgxs PG_CONFIG DIRECTORY ARGUMENT...
pgxs() {
  mkdir -p "$2"
  make -s -C "$2" -f "$root/sql/extension/Makefile" VPATH="$root/sql/extension" PG_CONFIG="$1" \
    with_llvm=no COPT='-Wextra -Wno-unused-parameter -Wno-sign-compare -Werror' "${@:3}" >>"$state/package.log" 2>&1 ||
    { tail -n 30 "$state/package.log" >&2; die "it does not compile for $("$1" --version)"; }
}

# The extension for the PostgreSQL of a pg_config, laid out as a build directory: compiled PG_CONFIG DIRECTORY
compiled() {
  pgxs "$1" "$2"
  mkdir -p "$2/lib"
  cp "$2/fieldkms.so" "$2/lib/"
}

# Those of the names that a PostgreSQL has: libraries_of PG_CONFIG NAME...
libraries_of() {
  local name found=()
  for name in "${@:2}"; do if [[ -e $("$1" --pkglibdir)/$name.so ]]; then found+=("$name"); fi; done
  (IFS=, && echo "${found[*]-}")
}

# The settings that all of our servers have: configure BIN DATA
configure() {
  as_postgres tee -a "$2/postgresql.conf" >/dev/null <<CONF
listen_addresses = ''
unix_socket_directories = '$state'
fsync = off
max_prepared_transactions = 5
wal_level = logical
max_connections = 300
session_preload_libraries = 'fieldkms'
shared_preload_libraries = '$(libraries_of "$1/pg_config" pg_stat_statements auto_explain)'
auto_explain.log_min_duration = 0
auto_explain.log_nested_statements = on
fieldkms.socket = '$state/shim.sock'
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
CONF
  # As docs/dba.md says: from 16 on plans are logged with their parameters, unless it is set.
  if [[ $("$1/postgres" --version) == *\ 1[6-9].* ]]; then
    echo "auto_explain.log_parameter_max_length = 0" | as_postgres tee -a "$2/postgresql.conf" >/dev/null
  fi
}

# A cluster by the programs of a private installation: make_cluster BIN DATA
make_cluster() {
  local options=()
  # Both sides of pg_upgrade have to be alike in it, and only from 18 on it is the default.
  if "$1/initdb" --help | grep -q -e --no-data-checksums; then options=(--no-data-checksums); fi
  as_postgres "$1/initdb" -D "$2" -U postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync \
    "${options[@]}" >"$state/initdb.log"
  configure "$1" "$2"
}

start_postgres() {
  library=$build
  chmod 0755 "$state"
  if [[ -n ${FIELDKMS_PG_CONFIG:-} ]]; then
    library=$state/compiled
    compiled "$config" "$library"
  fi
  bin=$(FIELDKMS_PG_CONFIG=$config "$root/deploy/private_postgres" "$state/pg" "$library")
  take_programs
  if [[ $(id -u) -eq 0 ]]; then chown postgres "$state"; fi
  echo "on $("$config" --version)"
  make_cluster "$bin" "$state/data"
  as_postgres "$bin/pg_ctl" -D "$state/data" -l "$state/postgres.log" -w start >/dev/null
}

# pg_dump has to be of the server's version; psql need not, and knows \getenv from 15 on.
take_programs() {
  local newest
  newest=$(command -v psql)
  if [[ $("$bin/psql" --version) == *\ 1[0-4].* ]]; then ln -sf "$newest" "$bin/psql"; fi
  PATH=$bin:$PATH
}
