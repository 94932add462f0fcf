# Sourced by run: card numbers that only ever came as parameters are in no file of the server afterwards.

readonly canary=4000056655665556 planted=5200828282828210

# One statement with the canary as :pan, in the protocol that applications use: as_parameter STATEMENT
as_parameter() {
  printf '%s;\n' "$1" >"$state/canary.sql"
  PGOPTIONS="-c fieldkms.tenant=acme" pgbench -n -t 2 -M "${2:-prepared}" -D "pan=$canary" \
    -f "$state/canary.sql" shop >"$state/canary.out" 2>&1 && grep -q 'actually processed: 2/2' "$state/canary.out"
}

use_the_canary() {
  local statement
  sql -d shop -c "CREATE TABLE cards (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, card bytea, found_by bytea, mask text)" \
    -c "INSERT INTO kms.protected_columns (binding_id, relation, relation_oid, attribute, attribute_number, tenant, key_name,
          shape, key_attributes, key_numbers, field_name, field_id)
        VALUES ('\x1f0e0d0c0b0a09080706050403020100', 'cards', 'cards'::regclass, 'card', 2, 'acme', 'cards', 'bytea', '{id}', '{1}',
          'cards', decode('$("$programs/fieldkms" field get cards --tenant acme | sed -n 's/^field id *//p')', 'hex'))" \
    -c "SELECT kms.bind_columns('cards'), kms.make_view('cards', 'cards_shown', 'kms_reader')" -c "CREATE INDEX ON cards (found_by)" \
    -c "CREATE EXTENSION pg_stat_statements" >/dev/null
  for statement in \
    "INSERT INTO cards (card, found_by, mask) SELECT (p).ciphertext, (p).blind_index, (p).mask
       FROM (SELECT kms.protect('cards', :pan::text, kms.new_row_context('cards', 'card')) AS p) x" \
    "SELECT 1 / (kms.reveal('cards', card, kms.row_context('cards', 'card', id::text), 'full') = :pan::text)::int FROM cards" \
    "SELECT 1 / count(*) FROM cards WHERE found_by = ANY ((SELECT kms.blind_index_terms('cards', :pan::text))::bytea[])" \
    "INSERT INTO cards_shown (card) VALUES (:pan::text) RETURNING length(card)" \
    "UPDATE cards_shown SET card = CASE WHEN mask IS NULL THEN NULL ELSE :pan::text END" \
    "UPDATE cards_shown SET card = :pan::text WHERE id > 1" \
    "SELECT kms.encrypt_many('notes', ARRAY[:pan::text], ARRAY[kms.context()])" \
    "SELECT kms.tokenize('cards', :pan::text), kms.mask('cards', :pan::text), kms.validate('cards', :pan::text)"; do
    as_parameter "$statement" || { cat "$state/canary.out" >&2; die "the canary was not used"; }
    as_parameter "$statement" extended || die "the canary was not used"
  done
  # And where it fails, in our functions and around them.
  for statement in "SELECT kms.encrypt('nothing', :pan::text, kms.context())" \
    "SELECT kms.protect('cards', :pan::text || '1', kms.context())" \
    "SELECT kms.mask('cards', :pan::text), 1 / 0 * random()" \
    "INSERT INTO cards_shown (card) VALUES (:pan::text || '1')" \
    "INSERT INTO cards_shown (id, card) VALUES (4711, :pan::text)" \
    "INSERT INTO cards (card) VALUES (convert_to(:pan::text, 'UTF8'))"; do
    if as_parameter "$statement"; then die "this should have failed: $statement"; fi
  done
}

# Files of the server with these bytes.
files_with() { grep -rlaF "$1" "$state/data" "$state/postgres.log" || true; }

canaries() {
  local found
  use_the_canary
  sql -d shop -c "CREATE TABLE planted AS SELECT '$planted' AS pan" -c "ANALYZE" -c "CHECKPOINT" >/dev/null
  [[ $(sql -d shop -c "SELECT count(*) > 5 FROM pg_stat_statements WHERE query LIKE '%kms.%'") == t ]] || die "pg_stat_statements saw nothing"
  grep -q 'Query Text' "$state/postgres.log" || die "auto_explain saw nothing"
  # Looked for here: a query that names it would put it there.
  if sql -d shop -c "SELECT query FROM pg_stat_statements" | grep -F "$canary" >&2; then die "the canary is in pg_stat_statements"; fi
  found=$(files_with "$planted")
  [[ $found == *pg_wal* && $found == *base/* ]] || die "the search does not find what was planted: $found"
  found=$(files_with "$canary")
  if [[ -n $found ]]; then
    grep -aF "$canary" "$state/postgres.log" >&2 || true
    die "the canary is in $found"
  fi
  echo "ok: canaries are nowhere"
}
