#include "tests/fault/workload.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "crypto/status.h"

namespace fieldkms::fault {
namespace {

constexpr int kBatch = 40;
// Enough keys to rotate many times each, and not so many that checking them all
// takes longer than the rest of a round.
constexpr size_t kMaxKeys = 400;

absl::StatusOr<std::unique_ptr<Client>> Connect(const std::string& target) {
  ClientOptions options;
  options.target = target;
  options.timeout = std::chrono::seconds(5);
  options.backoff_base = std::chrono::milliseconds(5);
  options.backoff_cap = std::chrono::milliseconds(20);
  return Client::Create(options);
}

}  // namespace

absl::Status MakeTenants(const std::string& target) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto client, Connect(target));
  for (const char* tenant : kTenants) {
    v1::CreateTenantRequest request;
    request.set_tenant(tenant);
    request.set_request_id(std::string("tenant-") + tenant);
    FIELDKMS_RETURN_IF_ERROR(client->CreateTenant(request).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Key> SendChange(Client& client, const LedgerKey& key, const KeyChange& change) {
  if (change.expected_primary == 0) {
    v1::CreateKeyRequest request;
    request.set_tenant(key.tenant);
    request.set_name(key.name);
    request.set_request_id(change.request_id);
    return client.CreateKey(request);
  }
  v1::RotateKeyRequest request;
  request.set_tenant(key.tenant);
  request.set_name(key.name);
  request.set_expected_primary(change.expected_primary);
  request.set_request_id(change.request_id);
  return client.RotateKey(request);
}

Workload::Workload(std::string target, Ledger& ledger, uint64_t seed)
    : target_(std::move(target)), ledger_(ledger) {
  Launch(&Workload::Create, seed);
  Launch(&Workload::Rotate, seed + 1);
  Launch(&Workload::Encrypt, seed + 2);
  Launch(&Workload::Encrypt, seed + 3);
  Launch(&Workload::BatchEncrypt, seed + 4);
}

void Workload::Launch(void (Workload::*step)(Client&, Random&), uint64_t seed) {
  threads_.emplace_back([this, step, seed] {
    auto client = Connect(target_);
    if (!client.ok()) return NoteError(client.status());
    Random random(seed);
    while (!stop_.load(std::memory_order_relaxed)) (this->*step)(**client, random);
  });
}

void Workload::Stop() {
  stop_.store(true, std::memory_order_relaxed);
  threads_.clear();  // joins
}

void Workload::NoteError(const absl::Status& status) {
  const std::lock_guard lock(mutex_);
  ++errors_[fmt::format("{} {}", absl::StatusCodeToString(status.code()),
                        ReasonName(ReasonOf(status)))];
}

std::map<std::string, uint64_t> Workload::Errors() const {
  const std::lock_guard lock(mutex_);
  return errors_;
}

void Workload::Create(Client& client, Random& random) {
  const size_t count = ledger_.KeyCount();
  if (count >= kMaxKeys) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return;
  }
  const size_t index = ledger_.BeginCreate(kTenants[random.Below(std::size(kTenants))],
                                           fmt::format("table.column_{:05}", count));
  const LedgerKey key = ledger_.KeyAt(index);
  const auto made = SendChange(client, key, *key.in_doubt);
  if (!made.ok()) return NoteError(made.status());
  ledger_.Acknowledge(index, made->primary_version());
  std::this_thread::sleep_for(std::chrono::milliseconds(random.Below(20)));
}

void Workload::Rotate(Client& client, Random& random) {
  const auto index = ledger_.AcknowledgedKey(random.Next());
  const auto change = index ? ledger_.BeginRotate(*index) : std::nullopt;
  if (!change) return std::this_thread::yield();
  const auto rotated = SendChange(client, ledger_.KeyAt(*index), *change);
  if (!rotated.ok()) return NoteError(rotated.status());
  ledger_.Acknowledge(*index, rotated->primary_version());
}

void Workload::Encrypt(Client& client, Random& random) {
  const auto index = ledger_.AcknowledgedKey(random.Next());
  if (!index) return std::this_thread::yield();
  const LedgerKey key = ledger_.KeyAt(*index);
  const uint64_t id = ledger_.NextRowId();
  v1::EncryptRequest request;
  request.set_tenant(key.tenant);
  request.set_key(key.name);
  request.set_plaintext(ValueOf(id));
  SetContextOf(id, request.mutable_context());
  auto sealed = client.Encrypt(request);
  if (!sealed.ok()) return NoteError(sealed.status());
  ledger_.AddRows("Encrypt", {{id, *index, sealed->key_version(), sealed->ciphertext()}});
  std::this_thread::sleep_for(std::chrono::microseconds(random.Below(1000)));
}

void Workload::BatchEncrypt(Client& client, Random& random) {
  const auto first = ledger_.AcknowledgedKey(random.Next());
  if (!first) return std::this_thread::yield();
  const std::string tenant = ledger_.KeyAt(*first).tenant;
  v1::BatchEncryptRequest request;
  request.set_tenant(tenant);
  std::vector<LedgerRow> rows;
  for (int i = 0; i < kBatch; ++i) {  // Several keys in one batch.
    const size_t index = ledger_.AcknowledgedKey(random.Next()).value_or(*first);
    const LedgerKey key = ledger_.KeyAt(index);
    if (key.tenant != tenant) continue;
    const uint64_t id = ledger_.NextRowId();
    auto* const item = request.add_items();
    item->set_key(key.name);
    item->set_plaintext(ValueOf(id));
    SetContextOf(id, item->mutable_context());
    rows.push_back({id, index, 0, ""});
  }
  if (rows.empty()) return;
  const auto sealed = client.BatchEncrypt(request);
  if (!sealed.ok()) return NoteError(sealed.status());
  std::vector<LedgerRow> acknowledged;
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto& result = sealed->results(static_cast<int>(i));
    if (result.has_error()) continue;
    rows[i].version = result.key_version();
    rows[i].ciphertext = result.ciphertext();
    acknowledged.push_back(std::move(rows[i]));
  }
  ledger_.AddRows("BatchEncrypt", std::move(acknowledged));
  std::this_thread::sleep_for(std::chrono::microseconds(random.Below(20'000)));
}

}  // namespace fieldkms::fault
