#include "tests/support/rotation_bed.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include "clients/cpp/row_context.h"
#include "clients/cpp/rpc_status.h"
#include "crypto/bytes.h"
#include "crypto/envelope.h"
#include "crypto/hex.h"
#include "crypto/status.h"
#include "kms/postgres/array.h"
#include "rotation/conversion.h"
#include "rotation/registry.h"

namespace fieldkms::testing {
namespace {

constexpr size_t kChunk = 5'000;

void Must(const absl::Status& status) {
  if (!status.ok()) throw std::runtime_error(std::string(status.message()));
}

template <class T>
T Must(absl::StatusOr<T> value) {
  Must(value.status());
  return *std::move(value);
}

void AddEntry(const char* name, std::string_view value,
              google::protobuf::RepeatedPtrField<v1::ContextEntry>* context) {
  v1::ContextEntry* const entry = context->Add();
  entry->set_name(name);
  entry->set_value(std::string(value));
}

std::string KeyIdBytes(const std::string& hex) {
  std::string id(hex.size() / 2, '\0');
  if (!DecodeHex(hex, AsMutableBytes(id))) throw std::runtime_error("a key id is not in hex");
  return id;
}

// A card as PostgreSQL has it: its id, and its envelope if it is not NULL.
struct StoredCard {
  int64_t id = 0;
  std::optional<std::string> envelope;
};

std::vector<StoredCard> ReadCards(rotation::Database& database, const std::string& column,
                                  int64_t after) {
  std::vector<StoredCard> cards;
  Must(database.Query(
      "SELECT id, " + column + " FROM public.cards WHERE id > $1 ORDER BY id LIMIT $2",
      {after, kChunk}, [&](const pqxx::result& rows) {
        for (const pqxx::row& row : rows) {
          StoredCard card;
          card.id = row[0].as<int64_t>();
          if (!row[1].is_null()) card.envelope = BytesOf(row[1]);
          cards.push_back(std::move(card));
        }
        return absl::OkStatus();
      }));
  return cards;
}

}  // namespace

RotationBed::RotationBed(PostgresServer& server, const std::string& daemon_yaml)
    : server_(&server) {
  DaemonOptions options{.data_dir = dir_.File("data")};
  if (!daemon_yaml.empty()) {
    WriteFile(dir_.File("config.yaml"), daemon_yaml);
    options.args = {"--dev", "--data-dir", options.data_dir, "--config", dir_.File("config.yaml")};
  }
  daemon_ = std::make_unique<Daemon>(options);
  Must(daemon_->Start());
  client_ = Must(Client::Create({.target = daemon_->target()}));
  v1::CreateTenantRequest tenant;
  tenant.set_tenant(kTenant);
  Must(client_->CreateTenant(tenant).status());
  v1::CreateKeyRequest key;
  key.set_tenant(kTenant);
  key.set_name(kKey);
  Must(client_->CreateKey(key).status());
  database_ = server_->MakeDatabase();
  const auto target = Must(rotation::Database::Connect(conninfo(), "bed"));
  Must(rotation::InstallTargetSchema(*target));
}

std::string RotationBed::FirstCard(int64_t id) {
  return "card number of customer " + std::to_string(id);
}

void RotationBed::MakeCards(uint64_t rows, const std::string& storage) {
  const auto database = Must(rotation::Database::Connect(conninfo(), "bed"));
  Must(database
           ->Query("CREATE TABLE public.cards (id bigint PRIMARY KEY, card bytea, note text) " +
                   storage)
           .status());
  rotation::ProtectedColumn column;
  column.table = {"public", "cards"};
  column.column = "card";
  column.tenant = kTenant;
  column.key = kKey;
  column.key_columns = {"id"};
  column = Must(rotation::AddProtectedColumn(*database, column));
  binding_id_ = column.binding_id;
  for (uint64_t id = 1; id <= rows; ++id) {
    Expect(static_cast<int64_t>(id), FirstCard(static_cast<int64_t>(id)));
  }
  WriteLedger(
      "INSERT INTO public.cards SELECT i::bigint, c, 'note' "
      "FROM unnest($1::text[], $2::bytea[]) AS d(i, c)");
  Must(database->Query("ANALYZE public.cards").status());
}

void RotationBed::MakePlainCards(uint64_t rows) {
  const auto database = Must(rotation::Database::Connect(conninfo(), "bed"));
  Sql("CREATE TABLE public.cards (id bigint PRIMARY KEY, card text, note text)");
  PostgresArray ids(PostgresArray::Type::kText, rows);
  PostgresArray cards(PostgresArray::Type::kText, rows);
  for (uint64_t id = 1; id <= rows; ++id) {
    const std::string card = FirstCard(static_cast<int64_t>(id));
    Expect(static_cast<int64_t>(id), card);
    ids.AddBytes(std::to_string(id));
    cards.AddBytes(card);
  }
  const std::vector<PostgresArray> arrays = {ids, cards};
  Must(database
           ->Query("INSERT INTO public.cards SELECT i::bigint, c, 'note' "
                   "FROM unnest($1::text[], $2::text[]) AS d(i, c)",
                   {}, arrays)
           .status());
  Sql("ANALYZE public.cards");
  rotation::ProtectedColumn column;
  column.table = {"public", "cards"};
  column.column = "card_protected";
  column.plain_column = "card";
  column.tenant = kTenant;
  column.key = kKey;
  column.key_columns = {"id"};
  binding_id_ = Must(rotation::BeginProtect(*database, column)).binding_id;
}

void RotationBed::Refill() {
  WriteLedger(
      "UPDATE public.cards SET card = d.c FROM unnest($1::text[], $2::bytea[]) AS d(i, c) "
      "WHERE id = d.i::bigint");
}

void RotationBed::WriteLedger(const std::string& statement) {
  const auto database = Must(rotation::Database::Connect(conninfo(), "bed"));
  const std::lock_guard lock(mutex_);
  for (auto next = ledger_.begin(); next != ledger_.end();) {
    std::vector<std::pair<std::string, std::string>> cards;
    for (; next != ledger_.end() && cards.size() < kChunk; ++next) {
      cards.emplace_back(std::to_string(next->first), next->second);
    }
    const std::vector<std::string> sealed = Must(Seal(cards));
    PostgresArray ids(PostgresArray::Type::kText, cards.size());
    for (const auto& [id, card] : cards) ids.AddBytes(id);
    PostgresArray envelopes(PostgresArray::Type::kBytea, cards.size());
    for (const std::string& envelope : sealed) envelopes.AddBytes(envelope);
    const std::vector<PostgresArray> arrays = {ids, envelopes};
    Must(database->Query(statement, {}, arrays).status());
  }
}

absl::StatusOr<std::vector<std::string>> RotationBed::Seal(
    std::span<const std::pair<std::string, std::string>> cards) {
  v1::BatchEncryptRequest request;
  request.set_tenant(kTenant);
  request.set_key(kKey);
  AddEntry("b", binding_id_, request.mutable_shared_context());
  for (const auto& [id, card] : cards) {
    v1::BatchEncryptRequest::Item* const item = request.add_items();
    item->set_plaintext(card);
    AddEntry("pk", RowKey(id), item->mutable_context());
  }
  FIELDKMS_ASSIGN_OR_RETURN(v1::BatchEncryptResponse response, client_->BatchEncrypt(request));
  std::vector<std::string> sealed;
  for (v1::BatchEncryptResponse::Result& result : *response.mutable_results()) {
    if (result.has_error()) return StatusOfItem(result.error());
    sealed.push_back(std::move(*result.mutable_ciphertext()));
  }
  return sealed;
}

uint32_t RotationBed::Rotate() {
  v1::RotateKeyRequest request;
  request.set_tenant(kTenant);
  request.set_name(kKey);
  return Must(client_->RotateKey(request)).primary_version();
}

void RotationBed::Expect(int64_t id, std::string card) {
  const std::lock_guard lock(mutex_);
  ledger_[id] = std::move(card);
}

void RotationBed::Forget(int64_t id) {
  const std::lock_guard lock(mutex_);
  ledger_.erase(id);
}

CardCounts RotationBed::Count(const std::string& column) {
  const auto database = Must(rotation::Database::Connect(conninfo(), "bed"));
  const std::lock_guard lock(mutex_);
  CardCounts counts;
  uint64_t found = 0;
  std::vector<StoredCard> cards;
  for (int64_t after = INT64_MIN; !(cards = ReadCards(*database, column, after)).empty();
       after = cards.back().id) {
    v1::BatchDecryptRequest request;
    request.set_tenant(kTenant);
    AddEntry("b", binding_id_, request.mutable_shared_context());
    std::vector<int64_t> ids;
    for (const StoredCard& card : cards) {
      ++counts.rows;
      const bool expected = ledger_.contains(card.id);
      ++(expected ? found : counts.unexpected);
      if (!card.envelope) {
        ++counts.nulls;
        continue;
      }
      const auto view = ParseEnvelope(AsBytes(*card.envelope));
      if (view.ok()) ++counts.versions[view->header.version];
      v1::BatchDecryptRequest::Item* const item = request.add_items();
      item->set_ciphertext(*card.envelope);
      AddEntry("pk", RowKey(std::to_string(card.id)), item->mutable_context());
      ids.push_back(card.id);
    }
    const v1::BatchDecryptResponse response = Must(client_->BatchDecrypt(request));
    for (int i = 0; i < response.results_size(); ++i) {
      const v1::BatchDecryptResponse::Result& result = response.results(i);
      const auto expected = ledger_.find(ids[static_cast<size_t>(i)]);
      if (result.has_error()) {
        ++counts.unreadable;
      } else if (expected != ledger_.end() && expected->second != result.plaintext()) {
        ++counts.wrong;
      }
    }
  }
  counts.missing = ledger_.size() - found;
  return counts;
}

rotation::TablePlan RotationBed::Plan() {
  rotation::TablePlan plan;
  plan.root = plan.leaf = {"public", "cards"};
  plan.relation =
      static_cast<uint32_t>(std::stoul(Sql("SELECT 'public.cards'::regclass::oid")[0][0]));
  plan.scan_key = plan.row_key = {{"id", "bigint"}};
  plan.columns.resize(1);
  plan.columns[0].name = "card";
  plan.columns[0].type = "bytea";
  plan.columns[0].binding_id = binding_id_;
  plan.estimated_rows = ledger_.size();
  return plan;
}

rotation::Target RotationBed::Target() {
  v1::GetKeyRequest request;
  request.set_tenant(kTenant);
  request.set_name(kKey);
  const v1::Key key = Must(client_->GetKey(request));
  const std::string id = KeyIdBytes(key.key_id());
  return {.source_key_id = id, .key_id = id, .version = key.primary_version()};
}

}  // namespace fieldkms::testing
