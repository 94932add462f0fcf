#include "kms/service/item_protect.h"

#include "crypto/field/json_members.h"
#include "crypto/field/pan_fpe.h"

namespace fieldkms {
namespace {

// What a document's mask shows of a member.
constexpr std::string_view kHidden = "***";

// So that they fit a smallint column, and two bytes.
constexpr uint32_t kMostFpeVersion = 32'767;
constexpr size_t kMostOlderIndexes = 8;

absl::Status ReadDocument(const LoadedField& field, std::string_view value,
                          JsonDocument* document) {
  const FieldRule* const broken = document->Read(value);
  return broken == nullptr ? absl::OkStatus() : ValueError(field, *broken);
}

absl::Status HideMembers(const LoadedField& field, const JsonDocument& document, std::string* out) {
  const auto hide = [](std::string_view, std::string_view) { return std::string(kHidden); };
  return ProtectMembers(document, field.policy.json_pointers, hide, out);
}

}  // namespace

ItemProtect::ItemProtect(FieldRun& run)
    : run_(run),
      crypto_(run.context(), run.tenant(), run.nonces()),
      index_keys_(run.context(), run.tenant()),
      fpe_keys_(run.context(), run.tenant()) {}

absl::StatusOr<RunState> ItemProtect::Protect(const LoadedField& field, const ItemPlace& place,
                                              std::string_view value, std::string_view subject,
                                              v1::ProtectedValue* out) {
  if (!subject.empty() && field.policy.fpe) {
    return PolicyError(field, "its FPE text would outlive the data subject");
  }
  if (!field.format->may_be_kept) {
    return PolicyError(field, "a CVV is never kept, not even encrypted (PCI DSS 4.0.1, 3.3.1)");
  }
  if (field.policy.format == FieldFormat::kJson) {
    return ProtectDocument(field, place, value, subject, out);
  }
  FIELDKMS_RETURN_IF_ERROR(run_.Canonicalise(field, value));
  if (!field.policy.key.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(const RunState state, Encrypt(field, place, value, subject, out));
    if (state == RunState::kNeedsIo) return state;
  }
  if (field.policy.index) {
    FIELDKMS_ASSIGN_OR_RETURN(const RunState state, AddIndex(field, out->mutable_blind_index()));
    if (state == RunState::kNeedsIo) return state;
  }
  if (field.policy.fpe) {
    FIELDKMS_ASSIGN_OR_RETURN(const RunState state, AddFpe(field, value, out->mutable_fpe()));
    if (state == RunState::kNeedsIo) return state;
  }
  MaskFor(field, nullptr, {value, run_.canonical()}, out->mutable_mask());
  return RunState::kDone;
}

absl::StatusOr<KeyFinder::Found> ItemProtect::FindKey(const LoadedField& field) {
  const PolicyKey& key = field.policy.key;
  return crypto_.FindToEncrypt(key.name, run_.UseOf(KeyPurpose::kEncrypt, key));
}

absl::StatusOr<RunState> ItemProtect::Encrypt(const LoadedField& field, const ItemPlace& place,
                                              std::string_view value, std::string_view subject,
                                              v1::ProtectedValue* out) {
  FIELDKMS_ASSIGN_OR_RETURN(const ContextField* const shared, run_.PlaceOf(field, place));
  FIELDKMS_ASSIGN_OR_RETURN(const KeyFinder::Found found, FindKey(field));
  if (found.key == nullptr) return RunState::kNeedsIo;
  ItemCrypto::Encrypted sealed{out->mutable_ciphertext()};
  FIELDKMS_RETURN_IF_ERROR(
      crypto_.EncryptUnder(found, *shared, place.own, value, &sealed, subject));
  out->set_key_version(sealed.key_version);
  return RunState::kDone;
}

absl::StatusOr<RunState> ItemProtect::ProtectDocument(const LoadedField& field,
                                                      const ItemPlace& place,
                                                      std::string_view value,
                                                      std::string_view subject,
                                                      v1::ProtectedValue* out) {
  JsonDocument document;
  FIELDKMS_RETURN_IF_ERROR(ReadDocument(field, value, &document));
  FIELDKMS_ASSIGN_OR_RETURN(const ContextField* const shared, run_.PlaceOf(field, place));
  FIELDKMS_ASSIGN_OR_RETURN(const KeyFinder::Found found, FindKey(field));
  if (found.key == nullptr) return RunState::kNeedsIo;
  ContextField own = place.own;
  v1::ContextEntry* const where = own.Add();
  where->set_name(std::string(kPointerEntry));
  std::string envelope;
  const auto protect = [&](std::string_view pointer,
                           std::string_view member) -> absl::StatusOr<std::string> {
    where->set_value(std::string(pointer));
    ItemCrypto::Encrypted sealed{&envelope};
    FIELDKMS_RETURN_IF_ERROR(crypto_.EncryptUnder(found, *shared, own, member, &sealed, subject));
    out->set_key_version(sealed.key_version);
    return EncodeText(AsBytes(envelope));
  };
  FIELDKMS_RETURN_IF_ERROR(
      ProtectMembers(document, field.policy.json_pointers, protect, out->mutable_document()));
  FIELDKMS_RETURN_IF_ERROR(HideMembers(field, document, out->mutable_mask()));
  return RunState::kDone;
}

absl::StatusOr<RunState> ItemProtect::AddFpe(const LoadedField& field, std::string_view value,
                                             v1::FpeText* out) {
  const FpePolicy& policy = *field.policy.fpe;
  FIELDKMS_ASSIGN_OR_RETURN(
      const KeyFinder::Found found,
      fpe_keys_.ToSeal(policy.key.name, run_.UseOf(KeyPurpose::kFpe, policy.key), "field"));
  if (found.key == nullptr) return RunState::kNeedsIo;
  if (found.version->version > kMostFpeVersion) {
    return PolicyError(field, "its FPE key has had 32,767 versions");
  }
  const Ff1Key* const key = found.version->As<Ff1Key>();
  if (key == nullptr) return Bug("an FPE key was loaded without FPE material");
  const ByteView domain = AsBytes(field.fpe_domain);
  FIELDKMS_RETURN_IF_ERROR(
      field.policy.format == FieldFormat::kPan
          ? EncryptPan(*key, *field.fpe, policy.text, domain, value, out->mutable_text())
          : field.fpe->EncryptText(*key, domain, value, out->mutable_text()));
  out->set_key_version(found.version->version);
  return RunState::kDone;
}

absl::StatusOr<RunState> ItemProtect::AddIndex(const LoadedField& field, std::string* out) {
  const IndexPolicy& policy = *field.policy.index;
  FIELDKMS_ASSIGN_OR_RETURN(
      const KeyFinder::Found found,
      index_keys_.ToSeal(policy.key.name, run_.UseOf(KeyPurpose::kBlindIndex, policy.key),
                         "field"));
  if (found.key == nullptr) return RunState::kNeedsIo;
  FIELDKMS_ASSIGN_OR_RETURN(const BlindIndexKey* const index,
                            run_.IndexKey(field, kValueIndex, policy.bits, *found.version));
  FIELDKMS_RETURN_IF_ERROR(index->Compute(run_.canonical(), out));
  return RunState::kDone;
}

// Rows may have the index of any version that was primary and is not retired.
absl::StatusOr<RunState> ItemProtect::AddOlderIndexes(const LoadedField& field,
                                                      v1::BlindIndexValue* out) {
  const IndexPolicy& policy = *field.policy.index;
  const KeyUse use = run_.UseOf(KeyPurpose::kBlindIndex, policy.key);
  FIELDKMS_ASSIGN_OR_RETURN(const KeyFinder::Found primary,
                            index_keys_.ToSeal(policy.key.name, use, "field"));
  if (primary.key == nullptr) return RunState::kNeedsIo;
  const uint32_t oldest = primary.key->record.min_decrypt_version;
  uint32_t version = primary.version->version;
  while (--version >= oldest && version != 0 &&
         static_cast<size_t>(out->older_size()) < kMostOlderIndexes) {
    const auto found = index_keys_.ToOpen({policy.key.key_id, version, {}, use});
    if (ReasonOf(found.status()) == Reason::kKeyState) continue;  // disabled or destroyed
    if (!found.ok()) return found.status();
    if (found->key == nullptr) return RunState::kNeedsIo;
    FIELDKMS_ASSIGN_OR_RETURN(const BlindIndexKey* const index,
                              run_.IndexKey(field, kValueIndex, policy.bits, *found->version));
    FIELDKMS_RETURN_IF_ERROR(index->Compute(run_.canonical(), out->add_older()));
  }
  return RunState::kDone;
}

absl::StatusOr<RunState> ItemProtect::BlindIndex(const LoadedField& field, std::string_view value,
                                                 v1::BlindIndexValue* out) {
  if (!field.policy.index) return PolicyError(field, "it has no blind index");
  FIELDKMS_RETURN_IF_ERROR(run_.Canonicalise(field, value));
  FIELDKMS_ASSIGN_OR_RETURN(const RunState state, AddIndex(field, out->mutable_index()));
  return state == RunState::kNeedsIo ? state : AddOlderIndexes(field, out);
}

absl::Status ItemProtect::Mask(const LoadedField& field, std::string_view value, std::string* out) {
  if (field.policy.format == FieldFormat::kJson) {
    JsonDocument document;
    FIELDKMS_RETURN_IF_ERROR(ReadDocument(field, value, &document));
    return HideMembers(field, document, out);
  }
  FIELDKMS_RETURN_IF_ERROR(run_.Canonicalise(field, value));
  MaskFor(field, &run_.context().who, {value, run_.canonical()}, out);
  return absl::OkStatus();
}

}  // namespace fieldkms
