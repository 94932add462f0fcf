#include "kms/fields/field_directory.h"

#include <algorithm>
#include <array>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/names.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

// Longer than any tenant id, a slash and any name together (crypto/names.h).
constexpr size_t kLongestName = 256;
// A field that others change may change again while it is read.
constexpr int kMostReads = 8;

std::string Joined(std::string_view tenant, std::string_view name) {
  return std::string(tenant) + '/' + std::string(name);
}

}  // namespace

bool LoadedField::Sealed(uint64_t key_id) const {
  return key_id == policy.key.key_id ||
         std::find(policy.former_keys.begin(), policy.former_keys.end(), key_id) !=
             policy.former_keys.end();
}

absl::StatusOr<LoadedFieldPtr> MakeLoadedField(FieldRecord record) {
  auto field = std::make_shared<LoadedField>();
  FIELDKMS_ASSIGN_OR_RETURN(field->policy, PolicyFromJson(record.policy));
  field->format = FindFormat(field->policy.format);
  if (field->policy.fpe) {
    FIELDKMS_ASSIGN_OR_RETURN(field->fpe, FpeAlphabet::Create(field->policy.fpe->text, "fpe"));
  }
  std::array<uint8_t, 8> id{};
  PutU64(id.data(), record.field_id);
  field->place.assign(id.begin(), id.end());
  field->fpe_domain.push_back(static_cast<char>(record.tenant.size()));  // at most 63 bytes
  field->fpe_domain += record.tenant + field->place;
  field->record = std::move(record);
  return LoadedFieldPtr(std::move(field));
}

LoadedFieldPtr FieldSnapshot::Find(std::string_view tenant, std::string_view name) const {
  // Joined on the stack: this runs for every call.
  std::array<char, kLongestName> joined;
  const size_t size = tenant.size() + 1 + name.size();
  if (size > joined.size()) return nullptr;
  char* end = std::copy(tenant.begin(), tenant.end(), joined.begin());
  *end++ = '/';
  std::copy(name.begin(), name.end(), end);
  const LoadedFieldPtr* const found = by_name_.Find(std::string_view(joined.data(), size));
  return found != nullptr ? *found : nullptr;
}

std::shared_ptr<const FieldSnapshot> FieldSnapshot::With(LoadedFieldPtr field) const {
  auto next = std::make_shared<FieldSnapshot>(*this);
  std::string name = Joined(field->record.tenant, field->record.name);
  next->by_name_ = by_name_.With(std::move(name), std::move(field));
  return next;
}

std::shared_ptr<const FieldSnapshot> FieldSnapshot::Without(std::string_view tenant,
                                                            std::string_view name) const {
  auto next = std::make_shared<FieldSnapshot>(*this);
  next->by_name_ = by_name_.Without(std::string_view(Joined(tenant, name)));
  return next;
}

FieldDirectory::FieldDirectory(Store& store, const Clock& clock, size_t most_fields)
    : store_(store), most_fields_(most_fields), loads_(clock) {}

absl::StatusOr<LoadedFieldPtr> FieldDirectory::Load(std::string_view tenant, std::string_view name,
                                                    Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(name, "field"));
  const uint64_t heard = heard_.load(std::memory_order_acquire);
  const std::string key = Joined(tenant, name);
  while (true) {
    FIELDKMS_ASSIGN_OR_RETURN(Read read, loads_.Do(key, deadline, [&] {
      return ReadUntilPublished(tenant, name, deadline);
    }));
    // The run of another caller may have read before a change that this one knows of.
    if (read.heard >= heard) return std::move(read.field);
  }
}

absl::StatusOr<FieldDirectory::Read> FieldDirectory::ReadUntilPublished(std::string_view tenant,
                                                                        std::string_view name,
                                                                        Deadline deadline) {
  for (int reads = 0; reads < kMostReads; ++reads) {
    bool published = false;
    absl::StatusOr<Read> read = ReadOnce(tenant, name, &published, deadline);
    if (!read.ok() || published) return read;
  }
  return Error(absl::StatusCode::kUnavailable, Reason::kOverloaded,
               "the field changes faster than it can be loaded");
}

// A load and a change may cross: the load reads the store before the change and publishes
// after it was heard of. What was read before anything was heard is not published.
absl::StatusOr<FieldDirectory::Read> FieldDirectory::ReadOnce(std::string_view tenant,
                                                              std::string_view name,
                                                              bool* published, Deadline deadline) {
  const uint64_t heard = heard_.load(std::memory_order_acquire);
  FIELDKMS_ASSIGN_OR_RETURN(FieldRecord record, store_.GetField(tenant, name, deadline));
  FIELDKMS_ASSIGN_OR_RETURN(LoadedFieldPtr field, MakeLoadedField(std::move(record)));
  cell_.Update([&](const FieldSnapshot& current) -> std::shared_ptr<const FieldSnapshot> {
    *published = heard_.load(std::memory_order_acquire) == heard;
    if (!*published) return nullptr;
    const bool full = current.size() >= most_fields_;
    return (full ? FieldSnapshot() : current).With(field);
  });
  return Read{std::move(field), heard};
}

// Counted first: a load that does not see the count publishes before what follows here.
void FieldDirectory::OnFieldChanged(std::string_view tenant, std::string_view name) {
  heard_.fetch_add(1, std::memory_order_acq_rel);
  cell_.Update([&](const FieldSnapshot& current) -> std::shared_ptr<const FieldSnapshot> {
    return current.Find(tenant, name) == nullptr ? nullptr : current.Without(tenant, name);
  });
}

void FieldDirectory::OnAllChanged() {
  heard_.fetch_add(1, std::memory_order_acq_rel);
  cell_.Update([](const FieldSnapshot&) { return std::make_shared<const FieldSnapshot>(); });
}

}  // namespace fieldkms
