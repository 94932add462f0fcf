#include "sql/shim/local_keys.h"

#include <utility>

#include "crypto/names.h"
#include "crypto/status.h"

namespace fieldkms::shim {
namespace {

using std::chrono::milliseconds;

constexpr size_t kMostKeys = 1024;
// How long the service is asked without asking for a lease first: after it refused one, and after
// it could not give one just then. A key that becomes leasable is leased within the first.
constexpr milliseconds kRefusalLasts{30'000};
constexpr milliseconds kTroubleLasts{1'000};

thread_local LocalUses* current = nullptr;

int64_t Now() {
  return std::chrono::duration_cast<milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

LocalUses::LocalUses() : outer_(std::exchange(current, this)) {}

LocalUses::~LocalUses() { current = outer_; }

absl::Status LocalUses::Note(const LocalUse& use) {
  // What nobody will put on record must not happen.
  if (current == nullptr) return Bug("a lease was used outside of an audited call");
  ++current->count_;
  current->key_version_ = use.key_version;
  if (current->lease_id_ != use.lease_id) current->lease_id_ = use.lease_id;
  return absl::OkStatus();
}

void LocalTally::Add(const LocalUses& uses) {
  if (uses.count() == 0) return;
  items += uses.count();
  key_version = uses.key_version();
  lease_id = uses.lease_id();
}

bool LeasableKey::MayTry() const {
  const int64_t until = not_before_.load(std::memory_order_relaxed);
  return until == 0 || Now() >= until;
}

bool LeasableKey::IsAboutLease(const absl::Status& status) {
  switch (ReasonOf(status)) {
    case Reason::kDecryptFailed:
    case Reason::kRequestTooLarge:
    case Reason::kInvalidField:
    case Reason::kCryptoFailure:
    case Reason::kInternal:
    // Nobody answered: to ask once more, for the values, would take as long again.
    case Reason::kUnspecified:
    case Reason::kDeadlineExceeded:
      return false;
    default:
      break;
  }
  const bool trouble = status.code() == absl::StatusCode::kUnavailable ||
                       status.code() == absl::StatusCode::kResourceExhausted;
  not_before_ = Now() + (trouble ? kTroubleLasts : kRefusalLasts).count();
  return true;
}

absl::StatusOr<std::unique_ptr<LocalKeys>> LocalKeys::Create(std::shared_ptr<Client> client,
                                                             std::chrono::seconds lease_time) {
  std::unique_ptr<LocalKeys> keys(new LocalKeys());
  LocalCryptoOptions options;
  options.lease_time = lease_time;
  // What a lease does not serve goes to the service as a batch, not one by one.
  options.fallback = false;
  options.audit = LocalUses::Note;
  FIELDKMS_ASSIGN_OR_RETURN(keys->crypto_,
                            LocalCrypto::Create(std::move(client), std::move(options)));
  return keys;
}

LeasableKey* LocalKeys::Find(std::string_view tenant, std::string_view name) {
  thread_local std::string path;
  path.assign(tenant).append("/").append(name);
  const std::lock_guard lock(mutex_);
  const auto known = keys_.find(path);
  if (known != keys_.end()) return known->second.get();
  if (keys_.size() >= kMostKeys) return nullptr;
  if (!CheckTenantId(tenant).ok() || !CheckKeyName(name).ok()) return nullptr;
  const auto key = crypto_->Key(tenant, name);
  if (!key.ok()) return nullptr;
  return keys_.emplace(path, std::make_unique<LeasableKey>(*key)).first->second.get();
}

}  // namespace fieldkms::shim
