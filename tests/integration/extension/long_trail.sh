# Sourced by run: an audit trail that is long when the service starts, and its scan as a table.

readonly long_records=200000

# Records of another day and another tenant than those of the tests: write_long_trail FILE
write_long_trail() {
  awk -v count="$long_records" 'BEGIN {
    for (i = 1; i <= count; ++i)
      printf "{\"seq\":%d,\"time\":\"2020-01-02T03:%02d:%02d.%06dZ\",\"kind\":\"outcome\",\"method\":\"CryptoService.Decrypt\",\"principal\":\"long\",\"tenant\":\"long\",\"key\":\"customers.card\",\"items\":1,\"code\":\"OK\"}\n", i, (i / 6000) % 60, (i / 100) % 60, i % 100
  }' >"$1"
  chmod 0600 "$1"
}

# The most memory that the session's backend has had, in KiB.
readonly peak="SELECT substring(pg_read_file('/proc/' || pg_backend_pid() || '/status') FROM 'VmHWM:\s+(\d+)')::bigint"

# All of it goes through a backend page by page: in the end it has had no more memory than after a few pages.
long_trail() {
  local output
  sql -c "CREATE DATABASE trail"
  sql -d trail -c "CREATE EXTENSION fieldkms"
  sql -d trail -c "CREATE ROLE regress_auditor" -c "IMPORT FOREIGN SCHEMA kms LIMIT TO (audit_trail) FROM SERVER fieldkms INTO public" \
    -c "GRANT SELECT ON audit_trail TO regress_auditor" -c "ALTER FOREIGN TABLE audit_trail OPTIONS (ADD page_size '1000')"
  output=$(sql -d trail <<SQL
SET ROLE regress_auditor;
SELECT count(*) FROM (SELECT index FROM audit_trail LIMIT 3000) AS few;
RESET ROLE;
$peak AS few \\gset
SET ROLE regress_auditor;
SELECT count(*), count(DISTINCT index), max(key_version) FROM audit_trail WHERE principal = 'long';
RESET ROLE;
SELECT ($peak) - :few < 16384;
SQL
  )
  [[ $output == "3000
$long_records|$long_records|0
t" ]] || die "a long trail: $output"
  sql -c "DROP DATABASE trail" -c "DROP ROLE regress_auditor"
  echo "ok: a scan of $long_records audit records takes no more memory than one of a few pages"
}
