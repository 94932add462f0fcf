#include "kms/root/vault_session.h"

#include <algorithm>
#include <utility>

#include "crypto/status.h"

namespace fieldkms {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kRenewals = 3;
// Between attempts once renewing has failed, and of each attempt.
constexpr seconds kLoginPause{10};
constexpr seconds kPatience{10};

// Sets when the token is next due, by its life as of `now`.
void SetTimes(SessionToken* token, Deadline now) {
  if (!token->token.lease) {
    token->due = now;
    token->expires = kNoDeadline;
    return;
  }
  const seconds ttl = token->token.lease->ttl;
  token->due = ttl == seconds(0) ? kNoDeadline : now + milliseconds(ttl) * 4 / 5;
  token->expires = ttl == seconds(0) ? kNoDeadline : now + ttl;
}

bool IsTransientError(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
}

}  // namespace

SessionTokenPtr VaultSession::Current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

void VaultSession::Publish(SessionTokenPtr token) {
  {
    const std::lock_guard lock(mutex_);
    current_ = std::move(token);
  }
  changed_.notify_all();
}

absl::StatusOr<SessionTokenPtr> VaultSession::Get(Deadline deadline) {
  const SessionTokenPtr token = Current();
  if (token && clock_.Steady() < token->expires && !login_.Changed(token->token)) return token;
  FIELDKMS_RETURN_IF_ERROR(LogIn(token ? token->login : 0, deadline));
  return Current();
}

absl::StatusOr<SessionTokenPtr> VaultSession::Replace(const SessionTokenPtr& refused,
                                                      Deadline deadline) {
  const SessionTokenPtr token = Current();
  if (token->login != refused->login) return token;
  const bool young = clock_.Steady() - token->issued < kMinAge;
  if (login_.AsksVault() ? young : !login_.Changed(token->token)) return token;
  FIELDKMS_RETURN_IF_ERROR(LogIn(token->login, deadline));
  return Current();
}

absl::Status VaultSession::LogIn(uint64_t seen, Deadline deadline) {
  return logins_.Do("", deadline, [&]() -> absl::Status {
    const SessionTokenPtr old = Current();
    if (old && old->login > seen) return absl::OkStatus();
    FIELDKMS_ASSIGN_OR_RETURN(VaultToken got, login_.LogIn(deadline));
    auto token = std::make_shared<SessionToken>();
    token->token = std::move(got);
    token->login = seen + 1;
    token->issued = clock_.Steady();
    if (token->token.lease) token->first_ttl = token->token.lease->ttl;
    SetTimes(token.get(), token->issued);
    Publish(std::move(token));
    return absl::OkStatus();
  });
}

absl::Status VaultSession::Prolong(const SessionToken& old, const TokenLease& lease) {
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes text, SecretBytes::CopyOf(old.token.text.Expose()));
  auto token = std::make_shared<SessionToken>();
  token->token = VaultToken{std::move(text), lease, old.token.stamp};
  token->login = old.login;
  token->first_ttl = old.token.lease ? old.first_ttl : lease.ttl;
  token->issued = old.issued;
  SetTimes(token.get(), clock_.Steady());
  {
    const std::lock_guard lock(mutex_);
    if (current_->login == old.login) current_ = std::move(token);
  }
  return absl::OkStatus();
}

absl::Status VaultSession::KeepAlive(const SessionToken& token, Deadline deadline) {
  const SecretBytes& text = token.token.text;
  if (!token.token.lease) {
    const auto lease = login_.LookUp(text, deadline);
    if (!lease.ok() && IsTransientError(lease.status())) return lease.status();
    // A token that may not ask is used for as long as Vault takes it.
    return Prolong(token, lease.value_or(TokenLease{}));
  }
  if (token.token.lease->renewable && failures_ < kRenewals) {
    const auto lease = login_.Renew(text, deadline);
    const bool refused = !lease.ok() && !IsTransientError(lease.status());
    if (!lease.ok() && !refused) return lease.status();
    const bool enough = lease.ok() && lease->ttl * 2 >= token.first_ttl;
    if (enough || (lease.ok() && !login_.AsksVault())) return Prolong(token, *lease);
  }
  return LogIn(token.login, deadline);
}

Deadline VaultSession::NextTry(const SessionToken& token) {
  ++failures_;
  const Deadline now = clock_.Steady();
  if (failures_ >= kRenewals || token.expires == kNoDeadline) return now + kLoginPause;
  // Spread over what is left: one of these must meet a server that is back.
  return now + std::max<Deadline::duration>((token.expires - now) / 4, milliseconds(100));
}

Deadline VaultSession::Maintain() {
  const SessionTokenPtr token = Current();
  if (!token) return kNoDeadline;
  const Deadline now = clock_.Steady();
  if (now < token->due) return token->due;
  const absl::Status status = KeepAlive(*token, now + kPatience);
  if (!status.ok()) return NextTry(*token);
  failures_ = 0;
  return Current()->due;
}

void VaultSession::Run() {
  while (true) {
    const Deadline next = Maintain();
    std::unique_lock lock(mutex_);
    const SessionTokenPtr seen = current_;
    changed_.wait_until(lock, WakeTime(clock_, next), [&] { return stopped_ || current_ != seen; });
    if (stopped_) return;
  }
}

void VaultSession::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
}

}  // namespace fieldkms
