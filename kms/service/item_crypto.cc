#include "kms/service/item_crypto.h"

#include "crypto/random.h"

namespace fieldkms {
namespace {

// Plaintext between opening and sealing again, wiped when left.
class WipedString {
 public:
  ~WipedString() { WipeString(&text_); }
  std::string* get() { return &text_; }

 private:
  std::string text_;
};

}  // namespace

absl::StatusOr<XaesNonce> SingleNonce::Next() {
  FIELDKMS_RETURN_IF_ERROR(FillNonce(nonce_));
  return XaesNonce(nonce_);
}

absl::StatusOr<XaesNonce> NonceRun::Next() {
  if (!run_) {
    FIELDKMS_ASSIGN_OR_RETURN(run_, BatchNonces::Start());
  }
  return run_->Next();
}

ItemCrypto::ItemCrypto(RunContext& context, std::string_view tenant, NonceSource& nonces)
    : context_(context),
      workspace_(Workspace::For(tenant)),
      keys_(context, tenant),
      nonces_(nonces) {}

absl::Status ItemCrypto::Seal(const KeyFinder::Found& key, std::string_view plaintext,
                              std::string* out) {
  FIELDKMS_ASSIGN_OR_RETURN(const XaesNonce nonce, nonces_.Next());
  const KeyRecord& record = key.key->record;
  const EnvelopeHeader header{Suite{record.suite}, record.key_id, key.version->version};
  return workspace_.sealer().Seal(*key.version->As<XaesKey>(), header, nonce, plaintext, out);
}

absl::StatusOr<RunState> ItemCrypto::Encrypt(std::string_view key, const ContextField& shared,
                                             const ContextField& own, std::string_view plaintext,
                                             Encrypted* out) {
  FIELDKMS_ASSIGN_OR_RETURN(const KeyFinder::Found found, FindToEncrypt(key));
  if (found.key == nullptr) return RunState::kNeedsIo;
  FIELDKMS_RETURN_IF_ERROR(EncryptUnder(found, shared, own, plaintext, out));
  return RunState::kDone;
}

absl::StatusOr<KeyFinder::Found> ItemCrypto::FindToEncrypt(std::string_view key,
                                                           const KeyUse& use) {
  const absl::StatusOr<KeyFinder::Found> found = keys_.ToSeal(key, use);
  if (!found.ok()) {
    context_.outcome.keys.Note(key);
  } else if (found->key != nullptr) {
    context_.outcome.keys.Note(found->key->record.name);
  }
  return found;
}

absl::Status ItemCrypto::EncryptUnder(const KeyFinder::Found& key, const ContextField& shared,
                                      const ContextField& own, std::string_view plaintext,
                                      Encrypted* out) {
  FIELDKMS_RETURN_IF_ERROR(workspace_.SetContext(shared, own));
  FIELDKMS_RETURN_IF_ERROR(Seal(key, plaintext, out->ciphertext));
  out->key_version = key.version->version;
  return absl::OkStatus();
}

absl::StatusOr<KeyFinder::Found> ItemCrypto::FindToOpen(const EnvelopeHeader& header,
                                                        std::string_view pin, const KeyUse& use) {
  FIELDKMS_ASSIGN_OR_RETURN(const KeyFinder::Found found,
                            keys_.ToOpen({header.key_id, header.version, pin, use}));
  // A key seals in one suite. Opening another would make nothing of its commitment.
  if (found.key != nullptr && Suite{found.key->record.suite} != header.suite) {
    return DecryptError(Reason::kSuiteUnknown);
  }
  return found;
}

absl::StatusOr<RunState> ItemCrypto::Decrypt(std::string_view pin, const ContextField& shared,
                                             const ContextField& own, std::string_view ciphertext,
                                             Decrypted* out, const KeyUse& use) {
  FIELDKMS_RETURN_IF_ERROR(workspace_.SetContext(shared, own));
  FIELDKMS_ASSIGN_OR_RETURN(const EnvelopeView envelope, ParseEnvelope(AsBytes(ciphertext)));
  FIELDKMS_ASSIGN_OR_RETURN(const KeyFinder::Found opener, FindToOpen(envelope.header, pin, use));
  if (opener.key == nullptr) return RunState::kNeedsIo;
  FIELDKMS_RETURN_IF_ERROR(
      workspace_.sealer().Open(*opener.version->As<XaesKey>(), envelope, out->plaintext));
  out->key_version = opener.version->version;
  return RunState::kDone;
}

absl::StatusOr<KeyFinder::Found> ItemCrypto::FindDestination(const KeyRecord& source,
                                                             std::string_view destination_key,
                                                             bool context_changes) {
  // Who may rewrap what a key sealed may seal it under that key again, in its place.
  const KeyUse use{.allowed = context_changes ? 0 : source.key_id};
  const uint64_t source_id = source.key_id;
  const bool named_otherwise = !destination_key.empty() && destination_key != source.name;
  // A name of the snapshot may go with it: take our own.
  std::string& name = workspace_.name();
  name = destination_key.empty() ? source.name : destination_key;
  const absl::StatusOr<KeyFinder::Found> found = keys_.ToSeal(name, use, "destination_key");
  if (!found.ok() && named_otherwise) {
    context_.outcome.destination_keys.Note(destination_key);
  } else if (found.ok() && found->key != nullptr && found->key->record.key_id != source_id) {
    context_.outcome.destination_keys.Note(found->key->record.name);
  }
  return found;
}

absl::StatusOr<ItemCrypto::RewrapKeys> ItemCrypto::FindRewrapKeys(const EnvelopeHeader& header,
                                                                  std::string_view destination_key,
                                                                  bool context_changes) {
  // Loading the one may end the life of the other, found before: then look again.
  constexpr int kMostRounds = 8;
  for (int round = 0; round < kMostRounds; ++round) {
    const uint64_t generation = keys_.generation();
    RewrapKeys found;
    FIELDKMS_ASSIGN_OR_RETURN(found.source, FindToOpen(header, {}, {Action::kRewrap}));
    if (found.source.key == nullptr) return RewrapKeys{};
    FIELDKMS_ASSIGN_OR_RETURN(found.destination, FindDestination(found.source.key->record,
                                                                 destination_key, context_changes));
    if (found.destination.key == nullptr) return RewrapKeys{};
    if (keys_.generation() == generation) return found;
  }
  return Error(absl::StatusCode::kUnavailable, Reason::kOverloaded,
               "the keys change faster than they can be loaded");
}

absl::StatusOr<RunState> ItemCrypto::Rewrap(std::string_view destination_key,
                                            const v1::DestinationContext* destination,
                                            const ContextField& shared, const ContextField& own,
                                            std::string_view ciphertext, Rewrapped* out) {
  const bool context_changes =
      destination != nullptr && !workspace_.SameContext(shared, own, destination->entries());
  FIELDKMS_RETURN_IF_ERROR(workspace_.SetContext(shared, own));
  FIELDKMS_ASSIGN_OR_RETURN(const EnvelopeView envelope, ParseEnvelope(AsBytes(ciphertext)));
  FIELDKMS_ASSIGN_OR_RETURN(const RewrapKeys found,
                            FindRewrapKeys(envelope.header, destination_key, context_changes));
  if (found.destination.key == nullptr) return RunState::kNeedsIo;

  WipedString plaintext;
  FIELDKMS_RETURN_IF_ERROR(
      workspace_.sealer().Open(*found.source.version->As<XaesKey>(), envelope, plaintext.get()));
  if (context_changes) {
    const absl::Status set = workspace_.SetContext(destination->entries());
    if (!set.ok()) return InvalidField("destination_context", MessageOf(set));
  }
  FIELDKMS_RETURN_IF_ERROR(Seal(found.destination, *plaintext.get(), out->ciphertext));
  out->source_key_version = found.source.version->version;
  out->key_version = found.destination.version->version;
  return RunState::kDone;
}

}  // namespace fieldkms
