# Sourced by run: rotation's triggers and jobs, and the trigger that binds, at one table.

rotate() { FIELDKMS_TENANT=acme FIELDKMS_CONNINFO_FILE=$state/conninfo "$programs/fieldkms" "$@"; }

# A column of plaintext is encrypted by a job, which writes through the trigger.
job_fills_a_bound_column() {
  local job
  (umask 077 && echo "host=$state user=postgres dbname=conversion" >"$state/conninfo")
  sql -c "CREATE DATABASE conversion"
  sql -d conversion -c "CREATE EXTENSION fieldkms" \
    -c "CREATE TABLE customers (id int PRIMARY KEY, card text)" \
    -c "INSERT INTO customers SELECT i, '4111111111111111' FROM generate_series(1, 20) i"
  rotate column init >/dev/null
  rotate field create plain_cards --format pan --key cards >/dev/null
  rotate column protect public.customers card --field plain_cards --row-key id >/dev/null
  sql -d conversion -c "SELECT kms.bind_columns('customers')" >/dev/null
  job=$(rotate rotation create --key cards --data-source conversion --transform encrypt --start --accept-triggers --json |
    sed -n 's/.*"job_id":"\([0-9a-f]*\)".*/\1/p' | head -n 1)
  rotate rotation run "$job" >/dev/null || die "the job failed"
}

readonly both="SELECT count(*) FROM customers WHERE kms.reveal('plain_cards', card_protected,
  kms.row_context('customers', 'card_protected', id::text), 'full') = card"

rotation_jobs() {
  job_fills_a_bound_column
  [[ $(shop conversion -c "$both") == 20 ]] || die "not all rows were filled"
  # A new key clears what follows; an application that writes both is bound.
  shop conversion -c "UPDATE customers SET id = id + 100 WHERE id = 1"
  shop conversion -c "UPDATE customers SET card = '5555555555554444', card_protected =
    (kms.protect('plain_cards', '5555555555554444', kms.new_row_context('customers', 'card_protected'))).ciphertext WHERE id = 2"
  [[ $(shop conversion -c "$both") == 19 ]] || die "the two columns are not in step"
  [[ $(shop conversion -c "SELECT card_protected IS NULL FROM customers WHERE id = 101") == t ]] || die "the follower was not cleared"
  echo "ok: jobs and triggers of rotation go with the one that binds"
}
