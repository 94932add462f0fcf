#include "kms/service/subject_keys.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "crypto/envelope.h"
#include "crypto/random.h"
#include "crypto/subject_key.h"

namespace fieldkms {
namespace {

// The store knows nothing of envelopes, and keeps what they need.
static_assert(kSubjectHandleSize == kEnvelopeSubjectSize);
static_assert(kSubjectSecretSize == kSubjectKeySecretSize);

absl::StatusOr<std::string> RandomText(size_t size) {
  std::string bytes(size, '\0');
  FIELDKMS_RETURN_IF_ERROR(RandomBytes(AsMutableBytes(bytes)));
  return bytes;
}

absl::StatusOr<SubjectUse> FreshUse(const SubjectKeys::Use& use, WallTime now) {
  if (use.subject.empty() || use.subject.size() > kMaxSubjectId) {
    return InvalidField("subject", "is not 1 to 256 bytes");
  }
  SubjectUse fresh;
  fresh.fresh.subject = use.subject;
  FIELDKMS_ASSIGN_OR_RETURN(fresh.fresh.handle, RandomText(kSubjectHandleSize));
  FIELDKMS_ASSIGN_OR_RETURN(fresh.fresh.secret, RandomText(kSubjectSecretSize));
  fresh.fresh.create_time = now;
  fresh.field_id = use.field_id;
  return fresh;
}

}  // namespace

std::string_view SubjectOfEnvelope(std::string_view envelope) {
  const auto parsed = ParseEnvelope(AsBytes(envelope));
  return parsed.ok() ? AsText(parsed->subject) : std::string_view();
}

absl::Status SubjectKeys::Keep(const SubjectRecord& record) {
  FIELDKMS_ASSIGN_OR_RETURN(context_.subjects.secrets[record.handle],
                            SecretBytes::CopyOf(AsBytes(record.secret)));
  return absl::OkStatus();
}

absl::Status SubjectKeys::Ensure(std::span<const Use> uses) {
  RunSubjects& known = context_.subjects;
  std::vector<SubjectUse> fresh;
  std::vector<RunSubjects::Use> names;
  for (const Use& use : uses) {
    RunSubjects::Use name{std::string(use.subject), use.field_id};
    if (known.handles.contains(name)) continue;
    FIELDKMS_ASSIGN_OR_RETURN(SubjectUse one, FreshUse(use, context_.service.clock.Now()));
    fresh.push_back(std::move(one));
    names.push_back(std::move(name));
  }
  if (fresh.empty()) return absl::OkStatus();
  absl::StatusOr<std::vector<SubjectRecord>> records =
      context_.service.subjects.EnsureSubjects(tenant_, fresh, context_.deadline);
  for (SubjectUse& use : fresh) WipeString(&use.fresh.secret);
  FIELDKMS_RETURN_IF_ERROR(records.status());
  absl::Status status;
  for (size_t i = 0; i < records->size(); ++i) {
    if (status.ok()) status = Keep((*records)[i]);
    WipeString(&(*records)[i].secret);
    known.handles[std::move(names[i])] = (*records)[i].handle;
  }
  return status;
}

absl::StatusOr<std::string_view> SubjectKeys::HandleOf(const Use& use) {
  const RunSubjects::Use name{std::string(use.subject), use.field_id};
  auto& handles = context_.subjects.handles;
  auto found = handles.find(name);
  if (found == handles.end()) {
    if (!context_.may_block) return std::string_view();
    FIELDKMS_RETURN_IF_ERROR(Ensure({&use, 1}));
    found = handles.find(name);
  }
  return std::string_view(found->second);
}

void SubjectKeys::Forget(const Use& use) {
  context_.subjects.handles.erase({std::string(use.subject), use.field_id});
}

absl::Status SubjectKeys::Load(std::span<const std::string_view> handles) {
  auto& secrets = context_.subjects.secrets;
  std::vector<std::string_view> unknown;
  for (const std::string_view handle : handles) {
    // What is not there stays as empty.
    const auto [place, first] = secrets.try_emplace(std::string(handle));
    if (first) unknown.push_back(place->first);
  }
  if (unknown.empty()) return absl::OkStatus();
  auto records = context_.service.subjects.GetSubjects(tenant_, unknown, context_.deadline);
  absl::Status status = records.status();
  for (size_t i = 0; records.ok() && i < records->size(); ++i) {
    auto& record = (*records)[i];
    if (!record) continue;
    if (status.ok()) status = Keep(*record);
    WipeString(&record->secret);
  }
  if (status.ok()) return status;
  // What could not be had is not to be taken for erased.
  const std::vector<std::string> forgotten(unknown.begin(), unknown.end());
  for (const std::string& handle : forgotten) secrets.erase(handle);
  return status;
}

absl::StatusOr<const XaesKey*> SubjectKeys::KeyFor(std::string_view handle,
                                                   const KeyFinder::Found& key) {
  RunSubjects& known = context_.subjects;
  auto secret = known.secrets.find(std::string(handle));
  if (secret == known.secrets.end()) {
    if (!context_.may_block) return nullptr;
    FIELDKMS_RETURN_IF_ERROR(Load({&handle, 1}));
    secret = known.secrets.find(std::string(handle));
  }
  if (secret->second.empty()) return DecryptError(Reason::kSubjectErased);
  const uint64_t key_id = key.key->record.key_id;
  const uint32_t version = key.version->version;
  const std::tuple name(std::string(handle), key_id, version);
  auto derived = known.keys.find(name);
  if (derived == known.keys.end()) {
    FIELDKMS_ASSIGN_OR_RETURN(
        XaesKey made,
        DeriveSubjectKey(
            *key.version->As<XaesKey>(), secret->second.Expose(),
            {.tenant = tenant_, .key_id = key_id, .version = version, .handle = AsBytes(handle)}));
    derived = known.keys.emplace(name, std::move(made)).first;
  }
  return &derived->second;
}

}  // namespace fieldkms
