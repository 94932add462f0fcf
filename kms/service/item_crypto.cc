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

absl::Status ItemCrypto::Seal(const KeyFinder::Sealer& key, std::string_view plaintext,
                              std::string* out) {
  FIELDKMS_ASSIGN_OR_RETURN(const XaesNonce nonce, nonces_.Next());
  const EnvelopeHeader header{Suite::kXaes256Gcm, key.key->record.key_id, key.version->version};
  return workspace_.sealer().Seal(key.version->key, header, nonce, plaintext, out);
}

absl::StatusOr<RunState> ItemCrypto::Encrypt(std::string_view key, const ContextField& shared,
                                             const ContextField& own, std::string_view plaintext,
                                             Encrypted* out) {
  context_.outcome.keys.Note(key);  // also where it is refused
  FIELDKMS_ASSIGN_OR_RETURN(const KeyFinder::Sealer sealer, keys_.ToSeal(key));
  if (sealer.key == nullptr) return RunState::kNeedsIo;
  FIELDKMS_RETURN_IF_ERROR(EncryptUnder(sealer, shared, own, plaintext, out));
  return RunState::kDone;
}

absl::Status ItemCrypto::EncryptUnder(const KeyFinder::Sealer& key, const ContextField& shared,
                                      const ContextField& own, std::string_view plaintext,
                                      Encrypted* out) {
  FIELDKMS_RETURN_IF_ERROR(workspace_.SetContext(shared, own));
  FIELDKMS_RETURN_IF_ERROR(Seal(key, plaintext, out->ciphertext));
  out->key_version = key.version->version;
  return absl::OkStatus();
}

absl::StatusOr<RunState> ItemCrypto::Decrypt(std::string_view pin, const ContextField& shared,
                                             const ContextField& own, std::string_view ciphertext,
                                             Decrypted* out) {
  FIELDKMS_RETURN_IF_ERROR(workspace_.SetContext(shared, own));
  FIELDKMS_ASSIGN_OR_RETURN(const EnvelopeView envelope, ParseEnvelope(AsBytes(ciphertext)));
  FIELDKMS_ASSIGN_OR_RETURN(const KeyFinder::Opener opener,
                            keys_.ToOpen(envelope.header, pin, Action::kDecrypt));
  if (opener.key == nullptr) return RunState::kNeedsIo;
  FIELDKMS_RETURN_IF_ERROR(workspace_.sealer().Open(opener.version->key, envelope, out->plaintext));
  out->key_version = opener.version->version;
  return RunState::kDone;
}

absl::StatusOr<ItemCrypto::RewrapKeys> ItemCrypto::FindRewrapKeys(const EnvelopeHeader& header,
                                                                  std::string_view destination_key,
                                                                  bool context_changes) {
  // Loading the one may end the life of the other, found before: then look again.
  // Each round loads at least one of the two, so that the third finds both.
  for (int round = 0; round < 3; ++round) {
    const uint64_t generation = keys_.generation();
    RewrapKeys found;
    FIELDKMS_ASSIGN_OR_RETURN(found.source, keys_.ToOpen(header, {}, Action::kRewrap));
    if (found.source.key == nullptr) return RewrapKeys{};
    const std::string& source = found.source.key->record.name;
    if (!context_changes && (destination_key.empty() || destination_key == source)) {
      found.destination = {found.source.key, &found.source.key->Primary()};
      return found;
    }
    // A name of the caller's, or of the snapshot, which may go: take our own.
    const std::string destination(destination_key.empty() ? source : destination_key);
    if (destination != source) context_.outcome.destination_keys.Note(destination);
    FIELDKMS_ASSIGN_OR_RETURN(found.destination, keys_.ToSeal(destination, "destination_key"));
    if (found.destination.key == nullptr) return RewrapKeys{};
    if (keys_.generation() == generation) return found;
  }
  return Bug("keys of a rewrap do not stay loaded");
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
      workspace_.sealer().Open(found.source.version->key, envelope, plaintext.get()));
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
