#include "tests/support/customer_bed.h"

#include <stdexcept>
#include <utility>

#include "clients/cpp/field_client.h"
#include "clients/cpp/request_id.h"
#include "clients/cpp/rotation_client.h"
#include "clients/cpp/row_context.h"
#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "kms/postgres/array.h"
#include "rotation/database.h"
#include "rotation/worker.h"

namespace fieldkms::testing {
namespace {

constexpr char kDataSource[] = "customers";

void Must(const absl::Status& status) {
  if (!status.ok()) throw std::runtime_error(std::string(status.message()));
}

template <class T>
T Must(absl::StatusOr<T> value) {
  Must(value.status());
  return *std::move(value);
}

std::string BytesOfHex(const std::string& hex) {
  std::string bytes(hex.size() / 2, '\0');
  if (!DecodeHex(hex, AsMutableBytes(bytes))) throw std::runtime_error("no hex digits");
  return bytes;
}

std::optional<std::string> RegionOf(uint64_t id) {
  if (id % 7 == 0) return std::nullopt;
  return "region " + std::to_string(id % 3);
}

using Entries = google::protobuf::RepeatedPtrField<v1::ContextEntry>;

void AddEntry(const char* name, const std::string& value, Entries* context) {
  v1::ContextEntry* const entry = context->Add();
  entry->set_name(name);
  entry->set_value(value);
}

void AddContext(const std::string& binding_id, uint64_t id, Entries* context) {
  AddEntry("b", binding_id, context);
  AddEntry("pk", RowKey(std::to_string(id)), context);
  if (const auto region = RegionOf(id)) AddEntry("region", *region, context);
}

PostgresArray TextArray(const std::vector<std::string>& texts, PostgresArray::Type type) {
  PostgresArray array(type, texts.size());
  for (const std::string& text : texts) array.AddBytes(text);
  return array;
}

std::unique_ptr<rotation::Database> Connect(const RotationBed& bed) {
  return Must(rotation::Database::Connect(bed.conninfo(), "bed"));
}

}  // namespace

CustomerBed::CustomerBed(PostgresServer& server) : bed_(server) {
  MakeKey(kIndexKey, v1::KEY_PURPOSE_BLIND_INDEX);
  MakeKey(kFpeKey, v1::KEY_PURPOSE_FPE);
  v1::CreateFieldRequest field;
  field.set_name(kField);
  field.set_format(v1::FIELD_FORMAT_PAN);
  field.set_key(RotationBed::kKey);
  field.mutable_blind_index()->set_key(kIndexKey);
  field_id_ = MakeField(field);
  v1::CreateFieldRequest text;
  text.set_name(kTextField);
  text.set_format(v1::FIELD_FORMAT_PAN);
  text.mutable_fpe()->set_key(kFpeKey);
  text_field_id_ = MakeField(text);
}

void CustomerBed::MakeKey(const std::string& name, v1::KeyPurpose purpose) {
  v1::CreateKeyRequest request;
  request.set_tenant(RotationBed::kTenant);
  request.set_name(name);
  request.set_purpose(purpose);
  Must(client().CreateKey(request).status());
}

std::string CustomerBed::MakeField(const v1::CreateFieldRequest& request) {
  v1::CreateFieldRequest whole = request;
  whole.set_tenant(RotationBed::kTenant);
  whole.set_request_id(Must(NewRequestId()));
  return BytesOfHex(Must(FieldClient(client()).CreateField(whole)).field_id());
}

std::string CustomerBed::CardOf(uint64_t id) {
  std::string digits = "4000" + std::string(11 - std::to_string(id).size(), '0');
  digits += std::to_string(id);
  int sum = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    // The check digit is to come: every other digit from the last one on is doubled.
    int digit = digits[digits.size() - 1 - i] - '0';
    if (i % 2 == 0) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return digits + static_cast<char>('0' + (10 - sum % 10) % 10);
}

void CustomerBed::MakeCustomers(uint64_t rows) {
  Sql("CREATE TABLE public.customers (id bigint PRIMARY KEY, region text, card text, "
      "card_protected bytea, card_index bytea, card_text text, card_text_version smallint)");
  std::vector<std::string> ids, cards;
  for (uint64_t id = 1; id <= rows; ++id) {
    ledger_[id] = CardOf(id);
    ids.push_back(std::to_string(id));
    cards.push_back(ledger_[id]);
  }
  const std::vector<PostgresArray> arrays = {TextArray(ids, PostgresArray::Type::kText),
                                             TextArray(cards, PostgresArray::Type::kText)};
  Must(Connect(bed_)
           ->Query("INSERT INTO public.customers (id, region, card) SELECT i::bigint, CASE WHEN "
                   "i::bigint % 7 <> 0 THEN 'region ' || (i::bigint % 3) END, c "
                   "FROM unnest($1::text[], $2::text[]) AS d(i, c)",
                   {}, arrays)
           .status());
  Sql("ANALYZE public.customers");
}

rotation::ProtectedColumn CustomerBed::Register(rotation::Conversion conversion) {
  rotation::ProtectedColumn column;
  column.table = {"public", "customers"};
  column.column = "card_protected";
  column.tenant = RotationBed::kTenant;
  column.key = RotationBed::kKey;
  column.field = kField;
  column.field_id = field_id_;
  column.key_columns = {"id"};
  column.context_names = {"region"};
  column.context_columns = {"region"};
  column.index_column = "card_index";
  column.index_key = kIndexKey;
  column.conversion = conversion;
  if (conversion != rotation::Conversion::kNone) column.plain_column = "card";
  column = Must(rotation::AddProtectedColumn(*Connect(bed_), column));
  binding_id_ = column.binding_id;
  return column;
}

void CustomerBed::RegisterTexts() {
  rotation::ProtectedColumn column;
  column.table = {"public", "customers"};
  column.column = "card_text";
  column.tenant = RotationBed::kTenant;
  column.key = kFpeKey;
  column.field = kTextField;
  column.field_id = text_field_id_;
  column.shape = rotation::Shape::kFpe;
  column.version_column = "card_text_version";
  Must(rotation::AddProtectedColumn(*Connect(bed_), column).status());
}

absl::StatusOr<v1::ProtectedValue> CustomerBed::Protect(uint64_t id, const std::string& card) {
  v1::ProtectRequest request;
  request.set_tenant(RotationBed::kTenant);
  request.set_field(kField);
  request.set_value(card);
  AddContext(binding_id_, id, request.mutable_context());
  return FieldClient(client()).Protect(request);
}

void CustomerBed::FillProtected() {
  std::vector<std::string> ids, envelopes, indexes;
  for (const auto& [id, card] : ledger_) {
    const v1::ProtectedValue made = Must(Protect(id, card));
    ids.push_back(std::to_string(id));
    envelopes.push_back(made.ciphertext());
    indexes.push_back(made.blind_index());
  }
  const std::vector<PostgresArray> arrays = {TextArray(ids, PostgresArray::Type::kText),
                                             TextArray(envelopes, PostgresArray::Type::kBytea),
                                             TextArray(indexes, PostgresArray::Type::kBytea)};
  Must(Connect(bed_)
           ->Query("UPDATE public.customers SET card_protected = d.c, card_index = d.x FROM "
                   "unnest($1::text[], $2::bytea[], $3::bytea[]) AS d(i, c, x) "
                   "WHERE id = d.i::bigint",
                   {}, arrays)
           .status());
}

void CustomerBed::FillTexts() {
  v1::BatchProtectRequest request;
  request.set_tenant(RotationBed::kTenant);
  request.set_field(kTextField);
  std::vector<std::string> ids, texts, versions;
  for (const auto& [id, card] : ledger_) {
    ids.push_back(std::to_string(id));
    request.add_items()->set_value(card);
  }
  const v1::BatchProtectResponse made = Must(FieldClient(client()).BatchProtect(request));
  for (const v1::BatchProtectResponse::Result& result : made.results()) {
    texts.push_back(result.protected_value().fpe().text());
    versions.push_back(std::to_string(result.protected_value().fpe().key_version()));
  }
  const std::vector<PostgresArray> arrays = {TextArray(ids, PostgresArray::Type::kText),
                                             TextArray(texts, PostgresArray::Type::kText),
                                             TextArray(versions, PostgresArray::Type::kText)};
  Must(Connect(bed_)
           ->Query("UPDATE public.customers SET card_text = d.t, card_text_version = "
                   "d.v::smallint FROM unnest($1::text[], $2::text[], $3::text[]) AS d(i, t, v) "
                   "WHERE id = d.i::bigint",
                   {}, arrays)
           .status());
}

uint32_t CustomerBed::RotateKey(const std::string& name) {
  v1::RotateKeyRequest request;
  request.set_tenant(RotationBed::kTenant);
  request.set_name(name);
  return Must(client().RotateKey(request)).primary_version();
}

absl::StatusOr<v1::RotationJob> CustomerBed::RunJob(v1::RotationTransform transform,
                                                    const std::string& key) {
  return RunJob(transform, key, [](rotation::ServiceCalls*) {});
}

absl::StatusOr<v1::RotationJob> CustomerBed::RunJob(
    v1::RotationTransform transform, const std::string& key,
    const std::function<void(rotation::ServiceCalls*)>& change) {
  v1::CreateJobRequest request;
  request.set_tenant(RotationBed::kTenant);
  request.mutable_spec()->set_data_source(kDataSource);
  request.mutable_spec()->set_key(key);
  request.mutable_spec()->set_transform(transform);
  request.mutable_spec()->set_verify_sample(1'000'000);
  request.mutable_spec()->mutable_limits()->set_unlimited(true);
  request.set_start(true);
  request.set_request_id(Must(NewRequestId()));
  const v1::RotationJob job = Must(RotationClient(client()).CreateJob(request));
  rotation::WorkerOptions options;
  options.conninfo = bed_.conninfo();
  options.tenant = RotationBed::kTenant;
  options.job_id = job.job_id();
  options.name = "customers";
  options.beat = std::chrono::milliseconds(50);
  rotation::ServiceCalls calls = rotation::CallsOf(client());
  change(&calls);
  return rotation::Worker(options, calls, nullptr).Run();
}

CustomerCounts CustomerBed::Count() {
  CustomerCounts counts;
  const auto rows = Sql(
      "SELECT id, encode(card_protected, 'hex'), encode(card_index, 'hex') FROM public.customers "
      "WHERE card_protected IS NOT NULL");
  counts.rows = std::stoull(Sql("SELECT count(*) FROM public.customers")[0][0]);
  FieldClient fields(client());
  for (const auto& row : rows) {
    const uint64_t id = std::stoull(row[0]);
    ++counts.sealed;
    v1::RevealRequest request;
    request.set_tenant(RotationBed::kTenant);
    request.set_field(kField);
    request.set_ciphertext(BytesOfHex(row[1]));
    AddContext(binding_id_, id, request.mutable_context());
    const auto value = fields.Reveal(request);
    if (!value.ok()) {
      ++counts.unreadable;
      continue;
    }
    if (value->value() != ledger_.at(id)) ++counts.wrong;
    if (row[2].empty()) continue;
    ++counts.index_versions[static_cast<uint32_t>(std::stoul(row[2].substr(0, 4), nullptr, 16))];
    v1::BlindIndexRequest index;
    index.set_tenant(RotationBed::kTenant);
    index.set_field(kField);
    index.set_value(ledger_.at(id));
    const v1::BlindIndexValue indexes = Must(fields.BlindIndex(index));
    bool found = indexes.index() == BytesOfHex(row[2]);
    for (const std::string& older : indexes.older()) found |= older == BytesOfHex(row[2]);
    ++(found ? counts.indexed : counts.wrong);
  }
  CountTexts(&counts);
  return counts;
}

void CustomerBed::CountTexts(CustomerCounts* counts) {
  FieldClient fields(client());
  for (const auto& row :
       Sql("SELECT id, card_text, card_text_version FROM public.customers WHERE card_text IS NOT "
           "NULL AND card_text_version IS NOT NULL")) {
    v1::RevealRequest request;
    request.set_tenant(RotationBed::kTenant);
    request.set_field(kTextField);
    request.mutable_fpe()->set_text(row[1]);
    request.mutable_fpe()->set_key_version(static_cast<uint32_t>(std::stoul(row[2])));
    const auto value = fields.Reveal(request);
    if (!value.ok()) {
      ++counts->unreadable;
    } else {
      ++(value->value() == ledger_.at(std::stoull(row[0])) ? counts->texts : counts->wrong);
    }
    ++counts->text_versions[request.fpe().key_version()];
  }
}

}  // namespace fieldkms::testing
