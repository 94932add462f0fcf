#include "rotation/status_facts.h"

#include <pqxx/result>

#include "crypto/status.h"
#include "kms/postgres/value.h"

namespace fieldkms::rotation {
namespace {

constexpr std::string_view kKeys = R"sql(
  SELECT DISTINCT key FROM kms.protected_columns p, unnest(ARRAY[p.key_name, p.index_key_name]) key
  WHERE p.tenant = $1 AND key IS NOT NULL ORDER BY key)sql";

constexpr std::string_view kWrite = R"sql(
  INSERT INTO kms.key_facts (tenant, key_name, key_id, purpose, primary_version, created_at,
    primary_since)
  VALUES ($1, $2, $3, $4, $5, to_timestamp($6::int8), to_timestamp($7::int8))
  ON CONFLICT (tenant, key_name) DO UPDATE SET key_id = EXCLUDED.key_id,
    purpose = EXCLUDED.purpose, primary_version = EXCLUDED.primary_version,
    created_at = EXCLUDED.created_at, primary_since = EXCLUDED.primary_since,
    heard_at = EXCLUDED.heard_at)sql";

bool IsOutOfReach(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsUnauthenticated(status);
}

std::string PurposeName(v1::KeyPurpose purpose) {
  constexpr std::string_view kPrefix = "KEY_PURPOSE_";
  const std::string name = v1::KeyPurpose_Name(purpose);
  return name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name;
}

}  // namespace

absl::Status RefreshKeyFacts(Database& database, Client& client, const std::string& tenant) {
  FIELDKMS_ASSIGN_OR_RETURN(const pqxx::result names, database.Query(kKeys, {tenant}));
  for (const auto& row : names) {
    v1::GetKeyRequest request;
    request.set_tenant(tenant);
    request.set_name(TextOf(row[0]));
    const absl::StatusOr<v1::Key> key = client.GetKey(request);
    if (!key.ok()) {
      if (IsOutOfReach(key.status())) return key.status();
      continue;
    }
    FIELDKMS_RETURN_IF_ERROR(
        database
            .Query(kWrite, {tenant, key->name(), key->key_id(), PurposeName(key->purpose()),
                            key->primary_version(), key->create_time().seconds(),
                            key->primary_create_time().seconds()})
            .status());
  }
  return absl::OkStatus();
}

absl::Status RefreshSamples(Database& database) {
  FIELDKMS_ASSIGN_OR_RETURN(const pqxx::result columns,
                            database.Query("SELECT binding_id FROM kms.protected_columns"));
  // Each by itself, so that no lock on a table is kept while another is looked at.
  for (const auto& row : columns) {
    FIELDKMS_RETURN_IF_ERROR(
        database
            .Query("SELECT count(*) FROM kms.sample_columns(only_binding => $1)",
                   {ByteaValue(BytesOf(row[0]))})
            .status());
  }
  return absl::OkStatus();
}

}  // namespace fieldkms::rotation
