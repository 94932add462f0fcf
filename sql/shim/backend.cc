#include "sql/shim/backend.h"

#include "crypto/status.h"

namespace fieldkms::shim {
namespace {

constexpr size_t kMostKeyIds = 4096;
// The service may come back with another store behind it.
constexpr std::chrono::seconds kKeyIdLasts{30};

}  // namespace

absl::Status ShimDeadlineOver() {
  return Error(absl::StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded,
               "the call's deadline was over before the service was asked");
}

// Detokenize is not asked again where its answer was lost: the token may be gone.
BatchCalls::BatchCalls(Workers& workers, Client& client, FieldClient& fields)
    : encrypt(workers, [&](const auto& request) { return client.BatchEncrypt(request); }),
      decrypt(workers, [&](const auto& request) { return client.BatchDecrypt(request); }),
      rewrap(workers, [&](const auto& request) { return client.BatchRewrap(request); }),
      protect(workers, [&](const auto& request) { return fields.BatchProtect(request); }),
      reveal(workers, [&](const auto& request) { return fields.BatchReveal(request); }),
      mask(workers, [&](const auto& request) { return fields.BatchMask(request); }),
      tokenize(workers, [&](const auto& request) { return fields.BatchTokenize(request); }),
      detokenize(workers, [&](const auto& request) { return fields.BatchDetokenize(request); }),
      blind_index(workers, [&](const auto& request) { return fields.BatchBlindIndex(request); }),
      validate(workers, [&](const auto& request) { return fields.BatchValidate(request); }) {}

absl::StatusOr<std::unique_ptr<Backend>> Backend::Create(const Config& config) {
  std::unique_ptr<Backend> backend(new Backend(config));
  ClientOptions options;
  options.target = config.service;
  options.tls = config.service_tls;
  options.timeout = config.timeout;
  FIELDKMS_ASSIGN_OR_RETURN(backend->client_, Client::Create(options));
  backend->fields_ = std::make_unique<FieldClient>(*backend->client_);
  backend->key_names_ = std::make_unique<KeyNames>(*backend->client_);
  FIELDKMS_ASSIGN_OR_RETURN(backend->audit_,
                            AuditTrail::Open(config.audit_file, config.audit_sync));
  if (config.leases) {
    FIELDKMS_ASSIGN_OR_RETURN(backend->local_,
                              LocalKeys::Create(backend->client_, config.lease_time));
  }
  backend->workers_ = std::make_unique<Workers>(config.workers, static_cast<size_t>(config.queue));
  backend->batches_ =
      std::make_unique<BatchCalls>(*backend->workers_, *backend->client_, *backend->fields_);
  return backend;
}

LeasableKey* Backend::Leasable(std::string_view tenant, std::string_view name) {
  if (local_ == nullptr || name.empty()) return nullptr;
  LeasableKey* const key = local_->Find(tenant, name);
  return key != nullptr && key->MayTry() ? key : nullptr;
}

absl::StatusOr<std::string> Backend::KeyIdOf(const std::string& tenant, const std::string& name) {
  const std::pair path(tenant, name);
  const auto now = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    const auto known = key_ids_.find(path);
    if (known != key_ids_.end() && now < known->second.until) return known->second.id;
  }
  v1::GetKeyRequest request;
  request.set_tenant(tenant);
  request.set_name(name);
  FIELDKMS_ASSIGN_OR_RETURN(const v1::Key key, client_->GetKey(request));
  const std::lock_guard lock(mutex_);
  if (key_ids_.size() >= kMostKeyIds) key_ids_.clear();
  key_ids_[path] = {key.key_id(), now + kKeyIdLasts};
  return key.key_id();
}

Backend::~Backend() { Stop(); }

void Backend::Stop() {
  if (workers_ != nullptr) workers_->Stop();
  if (local_ != nullptr) local_->Close();
}

}  // namespace fieldkms::shim
