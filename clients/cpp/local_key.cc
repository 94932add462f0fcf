#include "clients/cpp/local_key.h"

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "clients/cpp/lease_keeper.h"
#include "clients/cpp/limits.h"
#include "clients/cpp/wipe.h"
#include "crypto/bytes.h"
#include "crypto/random.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

// How often a call takes or renews a lease whose messages others use up meanwhile.
constexpr int kMostTries = 16;
// So that the service can open what is sealed here: what a request carries beside the value.
constexpr size_t kMaxValueSize = kMaxRequestSize - (size_t{16} << 10);

uint64_t NextId() {
  static std::atomic<uint64_t> last{0};
  return last.fetch_add(1) + 1;
}

absl::Status TooLarge() {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kRequestTooLarge,
               "the value is larger than the service could open");
}

absl::Status MessagesUsedUp() {
  return Error(absl::StatusCode::kUnavailable, Reason::kOverloaded,
               "the messages of each lease are used up before this call gets one");
}

template <class Request>
void AddContext(std::span<const ContextEntry> context, Request* request) {
  for (const ContextEntry& entry : context) {
    v1::ContextEntry* const out = request->add_context();
    out->set_name(entry.name.data(), entry.name.size());
    out->set_value(entry.value.data(), entry.value.size());
  }
}

}  // namespace

// What a thread keeps of a key: the leases as it saw them last, whose material may be wiped
// by now, and what it seals with.
struct LocalKey::Impl::ThreadPart {
  uint64_t owner = 0;  // id_ of the key; 0: none
  uint64_t epoch = 0;  // of `leases`; 0: none
  std::shared_ptr<const LeaseSet> leases;
  std::optional<FieldSealer> sealer;
  std::vector<ContextEntry> entries;
  LeaseTime now;  // when the call, or its last try, began

  absl::Status SetContext(std::span<const ContextEntry> context) {
    entries.assign(context.begin(), context.end());
    return sealer->SetContext(entries);
  }
};

LocalKey::Impl::Impl(LeaseContext& context, std::string tenant, std::string name)
    : context_(context), id_(NextId()), leases_(context, std::move(tenant), std::move(name)) {}

LocalKey::Impl::ThreadPart& LocalKey::Impl::OfThread() {
  constexpr size_t kParts = 32;
  thread_local std::array<ThreadPart, kParts> parts;
  ThreadPart& part = parts[id_ % kParts];
  if (part.owner != id_) {
    part = ThreadPart();
    part.owner = id_;
    part.sealer.emplace(leases_.tenant());
  }
  LookAgain(part);
  return part;
}

void LocalKey::Impl::LookAgain(ThreadPart& part) {
  if (part.epoch != leases_.epoch()) part.leases = leases_.Current(&part.epoch);
  part.now = context_.environment.Now();
}

absl::StatusOr<uint32_t> LocalKey::Impl::Answer(LocalUse::Operation operation,
                                                const HeldLease* lease, uint32_t version,
                                                absl::Status done, std::string* out) const {
  if (context_.options.audit) {
    LocalUse use{operation, leases_.tenant(), leases_.name(), version, {}, done.ok()};
    if (lease != nullptr) {
      use.key = lease->key_name();
      use.lease_id = lease->id();
    }
    if (absl::Status audited = context_.options.audit(use); !audited.ok()) done = audited;
  }
  if (done.ok()) return version;
  WipeText(out);
  return done;
}

absl::StatusOr<uint32_t> LocalKey::Impl::Encrypt(std::span<const ContextEntry> context,
                                                 std::string_view plaintext,
                                                 std::string* ciphertext) {
  ThreadPart& part = OfThread();
  if (absl::Status set = part.SetContext(context); !set.ok() || plaintext.size() > kMaxValueSize) {
    ciphertext->clear();
    return set.ok() ? TooLarge() : set;
  }
  if (HeldLease* const lease = part.leases->seal.get(); lease != nullptr) {
    if (Attempt sealed = TrySeal(part, *lease, plaintext, ciphertext)) {
      return Answer(LocalUse::Operation::kEncrypt, lease, lease->header().version,
                    *std::move(sealed), ciphertext);
    }
  }
  return SealSlowly(part, context, plaintext, ciphertext);
}

std::optional<absl::StatusOr<uint32_t>> LocalKey::Impl::TryEncrypt(
    std::span<const ContextEntry> context, std::string_view plaintext, std::string* ciphertext,
    BatchNonces* nonces) {
  ciphertext->clear();
  ThreadPart& part = OfThread();
  HeldLease* const lease = part.leases->seal.get();
  if (lease == nullptr || plaintext.size() > kMaxValueSize) return std::nullopt;
  if (absl::Status set = part.SetContext(context); !set.ok()) return set;
  Attempt sealed = TrySeal(part, *lease, plaintext, ciphertext, nonces);
  if (!sealed) return std::nullopt;
  return Answer(LocalUse::Operation::kEncrypt, lease, lease->header().version, *std::move(sealed),
                ciphertext);
}

std::optional<absl::StatusOr<uint32_t>> LocalKey::Impl::TryDecrypt(
    std::span<const ContextEntry> context, std::string_view ciphertext, std::string* plaintext) {
  plaintext->clear();
  const absl::StatusOr<EnvelopeView> envelope = ParseEnvelope(AsBytes(ciphertext));
  if (!envelope.ok()) return std::nullopt;
  ThreadPart& part = OfThread();
  const uint32_t version = envelope->header.version;
  HeldLease* const lease = part.leases->Opener(version, part.now);
  // Of another key, or another suite: the service knows what that is.
  if (lease == nullptr || envelope->header != lease->header()) return std::nullopt;
  if (absl::Status set = part.SetContext(context); !set.ok()) return set;
  Attempt opened = TryOpen(part, *lease, *envelope, plaintext);
  if (!opened) return std::nullopt;
  return Answer(LocalUse::Operation::kDecrypt, lease, version, *std::move(opened), plaintext);
}

LocalKey::Impl::Attempt LocalKey::Impl::TrySeal(ThreadPart& part, HeldLease& lease,
                                                std::string_view plaintext, std::string* ciphertext,
                                                BatchNonces* nonces) {
  const HeldLease::Use use(lease, part.now);
  if (!use) return std::nullopt;
  const HeldLease::Taken taken = lease.TakeMessage();
  if (taken == HeldLease::Taken::kNone) return std::nullopt;
  if (taken == HeldLease::Taken::kOneAndFewAreLeft) {
    lease.PutOff(part.now);
    context_.keeper.Poke();
  }
  if (nonces != nullptr) {
    return part.sealer->Seal(use.key(), lease.header(), nonces->Next(), plaintext, ciphertext);
  }
  std::array<uint8_t, kXaesNonceSize> nonce;
  FIELDKMS_RETURN_IF_ERROR(FillNonce(nonce));
  return part.sealer->Seal(use.key(), lease.header(), nonce, plaintext, ciphertext);
}

absl::StatusOr<uint32_t> LocalKey::Impl::SealSlowly(ThreadPart& part,
                                                    std::span<const ContextEntry> context,
                                                    std::string_view plaintext,
                                                    std::string* ciphertext) {
  ciphertext->clear();
  absl::Status why;
  for (int tries = 0; tries < kMostTries && why.ok(); ++tries) {
    why = leases_.EnsureSeal(part.leases->seal.get());
    if (!why.ok()) break;
    LookAgain(part);
    HeldLease* const lease = part.leases->seal.get();
    if (lease == nullptr) continue;
    if (Attempt sealed = TrySeal(part, *lease, plaintext, ciphertext)) {
      return Answer(LocalUse::Operation::kEncrypt, lease, lease->header().version,
                    *std::move(sealed), ciphertext);
    }
  }
  if (why.ok()) why = MessagesUsedUp();
  if (!MayAsk(why)) return why;
  return AskToEncrypt(context, plaintext, ciphertext);
}

absl::StatusOr<uint32_t> LocalKey::Impl::Decrypt(std::span<const ContextEntry> context,
                                                 std::string_view ciphertext,
                                                 std::string* plaintext) {
  plaintext->clear();
  ThreadPart& part = OfThread();
  FIELDKMS_RETURN_IF_ERROR(part.SetContext(context));
  const absl::StatusOr<EnvelopeView> envelope = ParseEnvelope(AsBytes(ciphertext));
  if (!envelope.ok()) {
    return Answer(LocalUse::Operation::kDecrypt, nullptr, 0, DecryptError(Reason::kDecryptFailed),
                  plaintext);
  }
  const uint32_t version = envelope->header.version;
  if (HeldLease* const lease = part.leases->Opener(version, part.now); lease != nullptr) {
    if (Attempt opened = TryOpen(part, *lease, *envelope, plaintext)) {
      return Answer(LocalUse::Operation::kDecrypt, lease, version, *std::move(opened), plaintext);
    }
  }
  return OpenSlowly(part, context, *envelope, ciphertext, plaintext);
}

LocalKey::Impl::Attempt LocalKey::Impl::TryOpen(ThreadPart& part, HeldLease& lease,
                                                const EnvelopeView& envelope,
                                                std::string* plaintext) {
  if (envelope.header != lease.header()) {
    // An alias may point to the key of the envelope by now: that, the service knows.
    if (lease.key_name() != leases_.name() && context_.options.fallback) return std::nullopt;
    return DecryptError(Reason::kDecryptFailed);
  }
  const HeldLease::Use use(lease, part.now);
  if (!use) return std::nullopt;
  const absl::Status opened = part.sealer->Open(use.key(), envelope, plaintext);
  // Of why it did not open, nothing is told.
  if (PublicReason(ReasonOf(opened)) != Reason::kDecryptFailed) return opened;
  return DecryptError(Reason::kDecryptFailed);
}

absl::StatusOr<uint32_t> LocalKey::Impl::OpenSlowly(ThreadPart& part,
                                                    std::span<const ContextEntry> context,
                                                    const EnvelopeView& envelope,
                                                    std::string_view ciphertext,
                                                    std::string* plaintext) {
  const uint32_t version = envelope.header.version;
  const HeldLease* const known = part.leases->Any();
  const bool other_key = known != nullptr && known->header().key_id != envelope.header.key_id;
  // A lease of this key would not open it.
  if (other_key && known->key_name() == leases_.name()) {
    return Answer(LocalUse::Operation::kDecrypt, nullptr, version,
                  DecryptError(Reason::kDecryptFailed), plaintext);
  }
  absl::Status why;
  for (int tries = 0; tries < kMostTries && why.ok() && !other_key; ++tries) {
    why = leases_.EnsureOpen(version);
    if (!why.ok()) break;
    LookAgain(part);
    HeldLease* const lease = part.leases->Opener(version, part.now);
    if (lease == nullptr) continue;
    if (Attempt opened = TryOpen(part, *lease, envelope, plaintext)) {
      return Answer(LocalUse::Operation::kDecrypt, lease, version, *std::move(opened), plaintext);
    }
    if (envelope.header != lease->header()) break;
  }
  if (MayAsk(why)) return AskToDecrypt(context, ciphertext, plaintext);
  // What is not there looks like what does not open.
  if (why.ok() || why.code() == absl::StatusCode::kNotFound) {
    why = DecryptError(Reason::kDecryptFailed);
  }
  return Answer(LocalUse::Operation::kDecrypt, nullptr, version, why, plaintext);
}

bool LocalKey::Impl::MayAsk(const absl::Status& why) const {
  if (!context_.options.fallback || leases_.closed()) return false;
  // Nobody answered: to ask once more would only take as long again.
  const bool unreachable = !IsRefusal(why) && (ReasonOf(why) == Reason::kUnspecified ||
                                               ReasonOf(why) == Reason::kDeadlineExceeded);
  return why.ok() || !unreachable;
}

absl::StatusOr<uint32_t> LocalKey::Impl::AskToEncrypt(std::span<const ContextEntry> context,
                                                      std::string_view plaintext,
                                                      std::string* ciphertext) {
  v1::EncryptRequest request;
  const WipeGuard guard(&request);
  request.set_tenant(leases_.tenant());
  request.set_key(leases_.name());
  request.set_plaintext(plaintext.data(), plaintext.size());
  AddContext(context, &request);
  FIELDKMS_ASSIGN_OR_RETURN(v1::EncryptResponse response, context_.transport.Encrypt(request));
  *ciphertext = std::move(*response.mutable_ciphertext());
  return response.key_version();
}

absl::StatusOr<uint32_t> LocalKey::Impl::AskToDecrypt(std::span<const ContextEntry> context,
                                                      std::string_view ciphertext,
                                                      std::string* plaintext) {
  v1::DecryptRequest request;
  request.set_tenant(leases_.tenant());
  request.set_key(leases_.name());
  request.set_ciphertext(ciphertext.data(), ciphertext.size());
  AddContext(context, &request);
  absl::StatusOr<v1::DecryptResponse> response = context_.transport.Decrypt(request);
  if (!response.ok()) return std::move(response).status();
  const WipeGuard guard(&*response);
  plaintext->assign(response->plaintext());
  return response->key_version();
}

}  // namespace fieldkms
