#include "kms/service/field_run.h"

#include <algorithm>
#include <chrono>

namespace fieldkms {
namespace {

// What is shown of what no rule says how to mask.
constexpr std::string_view kHidden = "***";

FormatContext Today(const Clock& clock) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(clock.Now()));
  return {{static_cast<int>(day.year()), static_cast<int>(static_cast<unsigned>(day.month())),
           static_cast<int>(static_cast<unsigned>(day.day()))}};
}

absl::Status CheckOwnEntries(const ContextField& context) {
  for (const v1::ContextEntry& entry : context) {
    if (entry.name() == kFieldEntry || entry.name() == kPointerEntry) {
      return InvalidField("context", "has an entry 'f' or 'jp', which are the service's own");
    }
  }
  return absl::OkStatus();
}

}  // namespace

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

FieldRun::FieldRun(RunContext& context, Action action, std::string_view tenant, NonceSource& nonces)
    : context_(context),
      action_(action),
      tenant_(tenant),
      nonces_(nonces),
      today_(Today(context.service.clock)) {}

FieldRun::~FieldRun() { WipeString(&canonical_); }

absl::StatusOr<const LoadedField*> FieldRun::Find(std::string_view name) {
  context_.outcome.fields.Note(name);
  if (last_ != nullptr && last_->field->record.name == name) return last_->field.get();
  for (const std::unique_ptr<Used>& used : used_) {  // allowed, or it would not be here
    if (used->field->record.name != name) continue;
    last_ = used.get();
    return last_->field.get();
  }
  if (!context_.service.authorizer.Allows(context_.who, action_, tenant_, name)) {
    return PermissionDenied();
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

FieldRun::Used& FieldRun::UsedOf(const LoadedField& field) {
  if (last_->field.get() == &field) return *last_;
  return **std::find_if(used_.begin(), used_.end(),
                        [&](const auto& used) { return used->field.get() == &field; });
}

absl::Status FieldRun::Canonicalise(const LoadedField& field, std::string_view value) {
  const FieldRule* const broken = Validate(field, value);
  return broken == nullptr ? absl::OkStatus() : ValueError(field, *broken);
}

const FieldRule* FieldRun::Validate(const LoadedField& field, std::string_view value) {
  return CanonicaliseField(*field.format, value, today_, &canonical_);
}

absl::StatusOr<const ContextField*> FieldRun::PlaceOf(const LoadedField& field,
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

absl::StatusOr<const BlindIndexKey*> FieldRun::IndexKey(const LoadedField& field, uint32_t index_id,
                                                        uint32_t bits,
                                                        const LoadedVersion& version) {
  auto& keys = UsedOf(field).index_keys;
  for (const Used::Index& index : keys) {
    if (index.id == index_id && index.version == version.version) return &index.key;
  }
  const SecretBytes* const root = version.As<SecretBytes>();
  if (root == nullptr) return Bug("an index key was loaded without its root");
  FIELDKMS_ASSIGN_OR_RETURN(BlindIndexKey key,
                            BlindIndexKey::Derive(*root, {.tenant = tenant_,
                                                          .field_id = field.record.field_id,
                                                          .index_id = index_id,
                                                          .version = version.version,
                                                          .bits = bits}));
  keys.push_back({index_id, version.version, std::move(key)});
  return &keys.back().key;
}

absl::StatusOr<MaskLevel> FieldRun::LevelFor(const LoadedField& field, v1::View view) const {
  if (!v1::View_IsValid(view)) return InvalidField("view", "is not one that this release knows");
  const MaskLevel most =
      context_.service.authorizer.MayView(context_.who, action_, tenant_, field.record.name);
  if (view == v1::VIEW_UNSPECIFIED) return most;
  const auto wanted = static_cast<MaskLevel>(view);
  if (wanted > most) return PermissionDenied();
  return wanted;
}

void FieldRun::NoteShown(MaskLevel level) {
  context_.outcome.shown = std::max(context_.outcome.shown.value_or(level), level);
}

void FieldRun::Show(const LoadedField& field, MaskLevel level, std::string_view value,
                    std::string* out) {
  NoteShown(level);
  if (level == MaskLevel::kFull) {
    out->assign(value);
  } else if (Validate(field, value) != nullptr) {
    out->assign(kHidden);
  } else if (level == MaskLevel::kBinLast4 && field.policy.format == FieldFormat::kPan) {
    MaskAtLevel(*field.format, level, {value, canonical_}, out);
  } else {
    MaskFor(field, &context_.who, {value, canonical_}, out);
  }
}

void MaskFor(const LoadedField& field, const Principal* who, const FieldValue& value,
             std::string* out) {
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

}  // namespace fieldkms
