#include "kms/service/item_reveal.h"

#include "crypto/field/json_members.h"
#include "crypto/field/pan_fpe.h"
#include "crypto/wiped_string.h"

namespace fieldkms {
namespace {

// What is shown of a document's member to whom it is masked.
constexpr std::string_view kHiddenJson = "\"***\"";

}  // namespace

ItemReveal::ItemReveal(FieldRun& run)
    : run_(run),
      crypto_(run.context(), run.tenant(), run.nonces()),
      fpe_keys_(run.context(), run.tenant()) {}

absl::StatusOr<RunState> ItemReveal::Reveal(const LoadedField& field, const ItemPlace& place,
                                            const Source& source, v1::View view, Revealed* out) {
  FIELDKMS_ASSIGN_OR_RETURN(out->shown, run_.LevelFor(field, view));
  const bool json = field.policy.format == FieldFormat::kJson;
  if (json != (source.kind == Source::Kind::kDocument)) {
    return InvalidField(json ? "document" : "ciphertext", "is required");
  }
  if (json) return OpenDocument(field, place, source.bytes, out->shown, out);
  WipedString value;
  RunState state;
  if (source.kind == Source::Kind::kFpe) {
    FIELDKMS_ASSIGN_OR_RETURN(state, OpenFpe(field, source, value.get(), &out->key_version));
  } else {
    FIELDKMS_ASSIGN_OR_RETURN(const ContextField* const shared, run_.PlaceOf(field, place));
    FIELDKMS_ASSIGN_OR_RETURN(
        state, Open(field, *shared, place.own, source.bytes, value.get(), &out->key_version));
  }
  if (state == RunState::kNeedsIo) return state;
  run_.Show(field, out->shown, *value, out->value);
  return RunState::kDone;
}

absl::StatusOr<RunState> ItemReveal::Open(const LoadedField& field, const ContextField& shared,
                                          const ContextField& own, std::string_view ciphertext,
                                          std::string* plaintext, uint32_t* key_version) {
  FIELDKMS_ASSIGN_OR_RETURN(const EnvelopeView envelope, ParseEnvelope(AsBytes(ciphertext)));
  const uint64_t key_id = envelope.header.key_id;
  if (!field.Sealed(key_id)) return DecryptError(Reason::kOtherKey);
  ItemCrypto::Decrypted opened{plaintext};
  FIELDKMS_ASSIGN_OR_RETURN(const RunState state,
                            crypto_.Decrypt({}, shared, own, ciphertext, &opened,
                                            run_.UseOf(KeyPurpose::kEncrypt, {{}, key_id})));
  *key_version = opened.key_version;
  return state;
}

absl::StatusOr<RunState> ItemReveal::OpenDocument(const LoadedField& field, const ItemPlace& place,
                                                  std::string_view document, MaskLevel shown,
                                                  Revealed* out) {
  FIELDKMS_ASSIGN_OR_RETURN(const ContextField* const shared, run_.PlaceOf(field, place));
  ContextField own = place.own;
  v1::ContextEntry* const where = own.Add();
  where->set_name(std::string(kPointerEntry));
  bool needs_io = false;
  const auto reveal = [&](std::string_view pointer,
                          std::string_view text) -> absl::StatusOr<std::string> {
    where->set_value(std::string(pointer));
    FIELDKMS_ASSIGN_OR_RETURN(const std::string envelope, DecodeText(text));
    std::string member;
    FIELDKMS_ASSIGN_OR_RETURN(const RunState state,
                              Open(field, *shared, own, envelope, &member, &out->key_version));
    needs_io = state == RunState::kNeedsIo;
    if (needs_io) return Bug("a run that needs I/O was not stopped");
    if (shown == MaskLevel::kFull) return member;
    WipeString(&member);
    return std::string(kHiddenJson);
  };
  const absl::Status status =
      RevealMembers(document, field.policy.json_pointers, reveal, out->value);
  if (needs_io) return RunState::kNeedsIo;
  FIELDKMS_RETURN_IF_ERROR(status);
  run_.NoteShown(shown);
  return RunState::kDone;
}

absl::StatusOr<RunState> ItemReveal::OpenFpe(const LoadedField& field, const Source& source,
                                             std::string* plaintext, uint32_t* key_version) {
  if (!field.policy.fpe) return PolicyError(field, "it has no FPE text");
  const FpePolicy& policy = *field.policy.fpe;
  FIELDKMS_ASSIGN_OR_RETURN(
      const KeyFinder::Found found,
      fpe_keys_.ToOpen(
          {policy.key.key_id, source.key_version, {}, run_.UseOf(KeyPurpose::kFpe, policy.key)}));
  if (found.key == nullptr) return RunState::kNeedsIo;
  const Ff1Key* const key = found.version->As<Ff1Key>();
  if (key == nullptr) return Bug("an FPE key was loaded without FPE material");
  const ByteView domain = AsBytes(field.fpe_domain);
  const absl::Status opened =
      field.policy.format == FieldFormat::kPan
          ? DecryptPan(*key, *field.fpe, policy.text, domain, source.bytes, plaintext)
          : field.fpe->DecryptText(*key, domain, source.bytes, plaintext);
  if (opened.code() == absl::StatusCode::kInvalidArgument) {
    return DecryptError(Reason::kEnvelopeMalformed);
  }
  FIELDKMS_RETURN_IF_ERROR(opened);
  // FF1 proves nothing; that the result is no legal value proves that it is the wrong one.
  if (run_.Validate(field, *plaintext) != nullptr) return DecryptError(Reason::kTagMismatch);
  *key_version = source.key_version;
  return RunState::kDone;
}

}  // namespace fieldkms
