#include "kms/service/item_field.h"

#include <algorithm>
#include <chrono>

#include "crypto/field/json_members.h"
#include "crypto/pan_fpe.h"

namespace fieldkms {
namespace {

// Entries of contexts that are the service's own.
constexpr std::string_view kFieldEntry = "f";
constexpr std::string_view kPointerEntry = "jp";

// What is shown of what no rule says how to mask.
constexpr std::string_view kHidden = "***";
constexpr std::string_view kHiddenJson = "\"***\"";

// So that they fit a smallint column, and two bytes.
constexpr uint32_t kMostFpeVersion = 32'767;
constexpr size_t kMostOlderIndexes = 8;

FormatContext Today(const Clock& clock) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(clock.Now()));
  return {{static_cast<int>(day.year()), static_cast<int>(static_cast<unsigned>(day.month())),
           static_cast<int>(static_cast<unsigned>(day.day()))}};
}

absl::Status PolicyError(const LoadedField& field, std::string_view why) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kFieldPolicy,
               field.record.name + ": " + std::string(why), "field");
}

absl::Status ValueError(const LoadedField& field, const FieldRule& rule) {
  return Error(
      absl::StatusCode::kInvalidArgument, Reason::kValueInvalid,
      field.record.name + " breaks " + std::string(rule.id) + ": " + std::string(rule.says),
      "value");
}

absl::Status CheckOwnEntries(const ContextField& context) {
  for (const v1::ContextEntry& entry : context) {
    if (entry.name() == kFieldEntry || entry.name() == kPointerEntry) {
      return InvalidField("context", "has an entry 'f' or 'jp', which are the service's own");
    }
  }
  return absl::OkStatus();
}

// Plaintext, wiped when left.
class WipedString {
 public:
  ~WipedString() { WipeString(&text_); }
  std::string* get() { return &text_; }
  std::string& operator*() { return text_; }

 private:
  std::string text_;
};

}  // namespace

ItemField::ItemField(RunContext& context, Action action, std::string_view tenant,
                     NonceSource& nonces)
    : context_(context),
      action_(action),
      tenant_(tenant),
      today_(Today(context.service.clock)),
      crypto_(context, tenant, nonces),
      index_keys_(context, tenant),
      fpe_keys_(context, tenant) {}

ItemField::~ItemField() { WipeString(&canonical_); }

absl::StatusOr<const LoadedField*> ItemField::Find(std::string_view name) {
  context_.outcome.fields.Note(name);
  if (last_ != nullptr && last_->field->record.name == name) return last_->field.get();
  if (!context_.service.authorizer.Allows(context_.who, action_, tenant_, name)) {
    return PermissionDenied();
  }
  for (const std::unique_ptr<Used>& used : used_) {
    if (used->field->record.name != name) continue;
    last_ = used.get();
    return last_->field.get();
  }
  FIELDKMS_RETURN_IF_ERROR(context_.service.keyring.CheckFresh(context_.now));
  FieldDirectory& directory = context_.service.fields;
  LoadedFieldPtr field = directory.Find(tenant_, name);
  if (field == nullptr) {
    if (!context_.may_block) return nullptr;
    FIELDKMS_ASSIGN_OR_RETURN(field, directory.Load(tenant_, name, context_.deadline));
  }
  used_.push_back(std::make_unique<Used>());
  last_ = used_.back().get();
  last_->field = std::move(field);
  return last_->field.get();
}

ItemField::Used& ItemField::UsedOf(const LoadedField& field) {
  if (last_->field.get() == &field) return *last_;
  return **std::find_if(used_.begin(), used_.end(),
                        [&](const auto& used) { return used->field.get() == &field; });
}

absl::StatusOr<const ContextField*> ItemField::PlaceOf(const LoadedField& field,
                                                       const ItemPlace& place) {
  FIELDKMS_RETURN_IF_ERROR(CheckOwnEntries(place.own));
  Used& used = UsedOf(field);
  if (!used.place_made) {
    FIELDKMS_RETURN_IF_ERROR(CheckOwnEntries(place.shared));
    used.place = place.shared;
    v1::ContextEntry* const entry = used.place.Add();
    entry->set_name(std::string(kFieldEntry));
    entry->set_value(field.place);
    used.place_made = true;
  }
  return &used.place;
}

absl::Status ItemField::Canonicalise(const LoadedField& field, std::string_view value) {
  const FieldRule* const broken = CanonicaliseField(*field.format, value, today_, &canonical_);
  return broken == nullptr ? absl::OkStatus() : ValueError(field, *broken);
}

const FieldRule* ItemField::Validate(const LoadedField& field, std::string_view value) {
  return CanonicaliseField(*field.format, value, today_, &canonical_);
}

absl::StatusOr<RunState> ItemField::Protect(const LoadedField& field, const ItemPlace& place,
                                            std::string_view value, v1::ProtectedValue* out) {
  if (!field.format->may_be_kept) {
    return PolicyError(field, "a CVV is never kept, not even encrypted (PCI DSS 4.0.1, 3.3.1)");
  }
  FIELDKMS_RETURN_IF_ERROR(Canonicalise(field, value));
  if (field.policy.format == FieldFormat::kJson) {
    return ProtectDocument(field, place, value, out);
  }
  if (!field.policy.key.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(const RunState state, Encrypt(field, place, value, out));
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
  MaskFor(field, nullptr, {value, canonical_}, out->mutable_mask());
  return RunState::kDone;
}

absl::StatusOr<RunState> ItemField::Encrypt(const LoadedField& field, const ItemPlace& place,
                                            std::string_view value, v1::ProtectedValue* out) {
  FIELDKMS_ASSIGN_OR_RETURN(const ContextField* const shared, PlaceOf(field, place));
  const PolicyKey& key = field.policy.key;
  FIELDKMS_ASSIGN_OR_RETURN(
      const KeyFinder::Found found,
      crypto_.FindToEncrypt(key.name, {action_, KeyPurpose::kEncrypt, key.key_id}));
  if (found.key == nullptr) return RunState::kNeedsIo;
  ItemCrypto::Encrypted sealed{out->mutable_ciphertext()};
  FIELDKMS_RETURN_IF_ERROR(crypto_.EncryptUnder(found, *shared, place.own, value, &sealed));
  out->set_key_version(sealed.key_version);
  return RunState::kDone;
}

absl::StatusOr<RunState> ItemField::ProtectDocument(const LoadedField& field,
                                                    const ItemPlace& place, std::string_view value,
                                                    v1::ProtectedValue* out) {
  FIELDKMS_ASSIGN_OR_RETURN(const ContextField* const shared, PlaceOf(field, place));
  const PolicyKey& key = field.policy.key;
  FIELDKMS_ASSIGN_OR_RETURN(
      const KeyFinder::Found found,
      crypto_.FindToEncrypt(key.name, {action_, KeyPurpose::kEncrypt, key.key_id}));
  if (found.key == nullptr) return RunState::kNeedsIo;
  ContextField own = place.own;
  v1::ContextEntry* const where = own.Add();
  where->set_name(std::string(kPointerEntry));
  std::string envelope;
  const auto protect = [&](std::string_view pointer,
                           std::string_view member) -> absl::StatusOr<std::string> {
    where->set_value(std::string(pointer));
    ItemCrypto::Encrypted sealed{&envelope};
    FIELDKMS_RETURN_IF_ERROR(crypto_.EncryptUnder(found, *shared, own, member, &sealed));
    out->set_key_version(sealed.key_version);
    return EncodeText(AsBytes(envelope));
  };
  FIELDKMS_RETURN_IF_ERROR(
      ProtectMembers(value, field.policy.json_pointers, protect, out->mutable_document()));
  const auto hide = [](std::string_view, std::string_view) { return std::string(kHidden); };
  FIELDKMS_RETURN_IF_ERROR(
      ProtectMembers(value, field.policy.json_pointers, hide, out->mutable_mask()));
  return RunState::kDone;
}

absl::StatusOr<RunState> ItemField::AddFpe(const LoadedField& field, std::string_view value,
                                           v1::FpeText* out) {
  const FpePolicy& policy = *field.policy.fpe;
  FIELDKMS_ASSIGN_OR_RETURN(
      const KeyFinder::Found found,
      fpe_keys_.ToSeal(policy.key.name, {action_, KeyPurpose::kFpe, policy.key.key_id}, "field"));
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

absl::StatusOr<const BlindIndexKey*> ItemField::IndexKey(const LoadedField& field,
                                                         const LoadedVersion& version) {
  auto& keys = UsedOf(field).index_keys;
  for (const auto& [number, key] : keys) {
    if (number == version.version) return &key;
  }
  const SecretBytes* const root = version.As<SecretBytes>();
  if (root == nullptr) return Bug("an index key was loaded without its root");
  FIELDKMS_ASSIGN_OR_RETURN(BlindIndexKey key,
                            BlindIndexKey::Derive(*root, {.tenant = tenant_,
                                                          .field_id = field.record.field_id,
                                                          .version = version.version,
                                                          .bits = field.policy.index->bits}));
  keys.emplace_back(version.version, std::move(key));
  return &keys.back().second;
}

absl::StatusOr<RunState> ItemField::AddIndex(const LoadedField& field, std::string* out) {
  const PolicyKey& key = field.policy.index->key;
  FIELDKMS_ASSIGN_OR_RETURN(
      const KeyFinder::Found found,
      index_keys_.ToSeal(key.name, {action_, KeyPurpose::kBlindIndex, key.key_id}, "field"));
  if (found.key == nullptr) return RunState::kNeedsIo;
  FIELDKMS_ASSIGN_OR_RETURN(const BlindIndexKey* const index, IndexKey(field, *found.version));
  FIELDKMS_RETURN_IF_ERROR(index->Compute(canonical_, out));
  return RunState::kDone;
}

// Rows may have the index of any version that was primary and is not retired.
absl::StatusOr<RunState> ItemField::AddOlderIndexes(const LoadedField& field,
                                                    v1::BlindIndexValue* out) {
  const PolicyKey& key = field.policy.index->key;
  const KeyUse use{action_, KeyPurpose::kBlindIndex, key.key_id};
  FIELDKMS_ASSIGN_OR_RETURN(const KeyFinder::Found primary,
                            index_keys_.ToSeal(key.name, use, "field"));
  if (primary.key == nullptr) return RunState::kNeedsIo;
  const uint32_t oldest = primary.key->record.min_decrypt_version;
  uint32_t version = primary.version->version;
  while (--version >= oldest && version != 0 &&
         static_cast<size_t>(out->older_size()) < kMostOlderIndexes) {
    const auto found = index_keys_.ToOpen({key.key_id, version, {}, use});
    if (ReasonOf(found.status()) == Reason::kKeyState) continue;  // disabled or destroyed
    if (!found.ok()) return found.status();
    if (found->key == nullptr) return RunState::kNeedsIo;
    FIELDKMS_ASSIGN_OR_RETURN(const BlindIndexKey* const index, IndexKey(field, *found->version));
    FIELDKMS_RETURN_IF_ERROR(index->Compute(canonical_, out->add_older()));
  }
  return RunState::kDone;
}

absl::StatusOr<RunState> ItemField::BlindIndex(const LoadedField& field, std::string_view value,
                                               v1::BlindIndexValue* out) {
  if (!field.policy.index) return PolicyError(field, "it has no blind index");
  FIELDKMS_RETURN_IF_ERROR(Canonicalise(field, value));
  FIELDKMS_ASSIGN_OR_RETURN(const RunState state, AddIndex(field, out->mutable_index()));
  return state == RunState::kNeedsIo ? state : AddOlderIndexes(field, out);
}

absl::StatusOr<MaskLevel> ItemField::LevelFor(const LoadedField& field, v1::View view) const {
  if (!v1::View_IsValid(view)) return InvalidField("view", "is not one that this release knows");
  const MaskLevel most =
      context_.service.authorizer.MayView(context_.who, tenant_, field.record.name);
  if (view == v1::VIEW_UNSPECIFIED) return most;
  const auto wanted = static_cast<MaskLevel>(view);
  if (wanted > most) return PermissionDenied();
  return wanted;
}

absl::StatusOr<RunState> ItemField::Reveal(const LoadedField& field, const ItemPlace& place,
                                           const Source& source, v1::View view, Revealed* out) {
  FIELDKMS_ASSIGN_OR_RETURN(out->shown, LevelFor(field, view));
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
    FIELDKMS_ASSIGN_OR_RETURN(const ContextField* const shared, PlaceOf(field, place));
    FIELDKMS_ASSIGN_OR_RETURN(
        state, Open(field, *shared, place.own, source.bytes, value.get(), &out->key_version));
  }
  if (state == RunState::kNeedsIo) return state;
  Show(field, out->shown, *value, out->value);
  context_.outcome.shown = std::max(context_.outcome.shown.value_or(out->shown), out->shown);
  return RunState::kDone;
}

absl::StatusOr<RunState> ItemField::Open(const LoadedField& field, const ContextField& shared,
                                         const ContextField& own, std::string_view ciphertext,
                                         std::string* plaintext, uint32_t* key_version) {
  FIELDKMS_ASSIGN_OR_RETURN(const EnvelopeView envelope, ParseEnvelope(AsBytes(ciphertext)));
  const uint64_t key_id = envelope.header.key_id;
  if (!field.Sealed(key_id)) return DecryptError(Reason::kOtherKey);
  ItemCrypto::Decrypted opened{plaintext};
  FIELDKMS_ASSIGN_OR_RETURN(const RunState state,
                            crypto_.Decrypt({}, shared, own, ciphertext, &opened,
                                            {action_, KeyPurpose::kEncrypt, key_id}));
  *key_version = opened.key_version;
  return state;
}

absl::StatusOr<RunState> ItemField::OpenDocument(const LoadedField& field, const ItemPlace& place,
                                                 std::string_view document, MaskLevel shown,
                                                 Revealed* out) {
  FIELDKMS_ASSIGN_OR_RETURN(const ContextField* const shared, PlaceOf(field, place));
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
  context_.outcome.shown = std::max(context_.outcome.shown.value_or(shown), shown);
  return RunState::kDone;
}

absl::StatusOr<RunState> ItemField::OpenFpe(const LoadedField& field, const Source& source,
                                            std::string* plaintext, uint32_t* key_version) {
  if (!field.policy.fpe) return PolicyError(field, "it has no FPE text");
  const FpePolicy& policy = *field.policy.fpe;
  const KeyUse use{action_, KeyPurpose::kFpe, policy.key.key_id};
  FIELDKMS_ASSIGN_OR_RETURN(const KeyFinder::Found found,
                            fpe_keys_.ToOpen({policy.key.key_id, source.key_version, {}, use}));
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
  if (Validate(field, *plaintext) != nullptr) return DecryptError(Reason::kTagMismatch);
  *key_version = source.key_version;
  return RunState::kDone;
}

void ItemField::Show(const LoadedField& field, MaskLevel level, std::string_view value,
                     std::string* out) {
  if (level == MaskLevel::kFull) {
    out->assign(value);
    return;
  }
  if (Validate(field, value) != nullptr) {
    out->assign(kHidden);
    return;
  }
  const bool bin = level == MaskLevel::kBinLast4 && field.policy.format == FieldFormat::kPan;
  if (bin) return MaskAtLevel(*field.format, level, {value, canonical_}, out);
  MaskFor(field, &context_.who, {value, canonical_}, out);
}

void ItemField::MaskFor(const LoadedField& field, const Principal* who, const FieldValue& value,
                        std::string* out) const {
  const FieldPolicy& policy = field.policy;
  if (who != nullptr) {
    for (const RoleMask& mask : policy.role_masks) {
      if (std::find(who->roles.begin(), who->roles.end(), mask.role) == who->roles.end()) continue;
      return MaskValue(mask.mask, policy.format, value, out);
    }
  }
  if (policy.mask) return MaskValue(*policy.mask, policy.format, value, out);
  MaskAtLevel(*field.format, MaskLevel::kMasked, value, out);
}

absl::Status ItemField::Mask(const LoadedField& field, std::string_view value, std::string* out) {
  FIELDKMS_RETURN_IF_ERROR(Canonicalise(field, value));
  if (field.policy.format == FieldFormat::kJson) {
    const auto hide = [](std::string_view, std::string_view) { return std::string(kHidden); };
    return ProtectMembers(value, field.policy.json_pointers, hide, out);
  }
  MaskFor(field, &context_.who, {value, canonical_}, out);
  return absl::OkStatus();
}

}  // namespace fieldkms
