#include "kms/service/item_crypto.h"

#include "crypto/random.h"
#include "crypto/wiped_string.h"

namespace fieldkms {

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
      subjects_(context, tenant),
      nonces_(nonces) {}

absl::Status ItemCrypto::Seal(const KeyFinder::Found& key, std::string_view subject,
                              std::string_view plaintext, std::string* out) {
  FIELDKMS_ASSIGN_OR_RETURN(const XaesNonce nonce, nonces_.Next());
  const KeyRecord& record = key.key->record;
  if (!subject.empty()) {
    if (Suite{record.suite} != Suite::kXaes256Gcm) {
      return Error(absl::StatusCode::kFailedPrecondition, Reason::kFieldPolicy,
                   "a key of suite 2 seals for no data subject", "subject");
    }
    FIELDKMS_ASSIGN_OR_RETURN(const XaesKey* const own, subjects_.KeyFor(subject, key));
    if (own == nullptr) return Bug("a data subject was not loaded before it was sealed for");
    const EnvelopeHeader header{Suite::kSubjectXaes256Gcm, record.key_id, key.version->version};
    return workspace_.sealer().SealForSubject(*own, header, AsBytes(subject), nonce, plaintext,
                                              out);
  }
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
                                      Encrypted* out, std::string_view subject) {
  FIELDKMS_RETURN_IF_ERROR(workspace_.SetContext(shared, own));
  FIELDKMS_RETURN_IF_ERROR(Seal(key, subject, plaintext, out->ciphertext));
  out->key_version = key.version->version;
  return absl::OkStatus();
}

absl::StatusOr<KeyFinder::Found> ItemCrypto::FindToOpen(const EnvelopeHeader& header,
                                                        std::string_view pin, const KeyUse& use) {
  FIELDKMS_ASSIGN_OR_RETURN(const KeyFinder::Found found,
                            keys_.ToOpen({header.key_id, header.version, pin, use}));
  if (found.key == nullptr) return found;
  // A key seals in one suite, or for subjects. Opening another would make nothing of its
  // commitment.
  const Suite suite{found.key->record.suite};
  const bool of_subject = suite == Suite::kXaes256Gcm && header.suite == Suite::kSubjectXaes256Gcm;
  if (suite != header.suite && !of_subject) return DecryptError(Reason::kSuiteUnknown);
  return found;
}

absl::StatusOr<const XaesKey*> ItemCrypto::OpenerOf(const EnvelopeView& envelope,
                                                    const KeyFinder::Found& key) {
  if (envelope.subject.empty()) return key.version->As<XaesKey>();
  return subjects_.KeyFor(AsText(envelope.subject), key);
}

absl::StatusOr<RunState> ItemCrypto::Decrypt(std::string_view pin, const ContextField& shared,
                                             const ContextField& own, std::string_view ciphertext,
                                             Decrypted* out, const KeyUse& use) {
  FIELDKMS_RETURN_IF_ERROR(workspace_.SetContext(shared, own));
  FIELDKMS_ASSIGN_OR_RETURN(const EnvelopeView envelope, ParseEnvelope(AsBytes(ciphertext)));
  FIELDKMS_ASSIGN_OR_RETURN(const KeyFinder::Found opener, FindToOpen(envelope.header, pin, use));
  if (opener.key == nullptr) return RunState::kNeedsIo;
  FIELDKMS_ASSIGN_OR_RETURN(const XaesKey* const key, OpenerOf(envelope, opener));
  if (key == nullptr) return RunState::kNeedsIo;
  FIELDKMS_RETURN_IF_ERROR(workspace_.sealer().Open(*key, envelope, out->plaintext));
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

  FIELDKMS_ASSIGN_OR_RETURN(const XaesKey* const key, OpenerOf(envelope, found.source));
  if (key == nullptr) return RunState::kNeedsIo;
  WipedString plaintext;
  FIELDKMS_RETURN_IF_ERROR(workspace_.sealer().Open(*key, envelope, plaintext.get()));
  if (context_changes) {
    const absl::Status set = workspace_.SetContext(destination->entries());
    if (!set.ok()) return InvalidField("destination_context", MessageOf(set));
  }
  FIELDKMS_RETURN_IF_ERROR(
      Seal(found.destination, AsText(envelope.subject), *plaintext, out->ciphertext));
  out->source_key_version = found.source.version->version;
  out->key_version = found.destination.version->version;
  return RunState::kDone;
}

}  // namespace fieldkms
