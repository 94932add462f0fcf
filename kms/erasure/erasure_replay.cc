#include "kms/erasure/erasure_replay.h"

#include <algorithm>
#include <span>

#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr size_t kMostPending = 1'000;

std::vector<std::string_view> NamesOf(std::span<const LoggedErasure> part) {
  std::vector<std::string_view> names;
  names.reserve(part.size());
  for (const LoggedErasure& erasure : part) names.push_back(erasure.name);
  return names;
}

}  // namespace

absl::Status ErasureBatch::Add(const LoggedErasure& erasure, bool also_held) {
  groups_[{erasure.kind, erasure.tenant, erasure.field_id, also_held}].push_back(erasure);
  ++replayed_.entries;
  return ++pending_ < kMostPending ? absl::OkStatus() : Flush();
}

absl::Status ErasureBatch::Flush() {
  for (auto& [group, part] : groups_) FIELDKMS_RETURN_IF_ERROR(Do(group, part));
  groups_.clear();
  pending_ = 0;
  return absl::OkStatus();
}

absl::Status ErasureBatch::Do(const Group& group, Part& part) {
  const auto& [kind, tenant, field_id, also_held] = group;
  switch (kind) {
    case ErasureKind::kToken:
      return Tokens({tenant, field_id}, part, also_held);
    case ErasureKind::kLookup:
      return Lookups({tenant, field_id}, part, also_held);
    case ErasureKind::kSubject:
      return also_held ? Subjects(tenant, part) : SubjectsInDoubt(tenant, part);
  }
  return Bug("an erasure of no kind");
}

// Most are not there, and are only looked for. Those that are go in one call: no later than the
// youngest of them was made, so that one that is made anew meanwhile stays. The call is made where
// there are none, too: a first one may have left values in the store's own log.
absl::Status ErasureBatch::Tokens(const TokenDomain& domain, const Part& part, bool also_held) {
  constexpr WallTime kBeforeAll{};  // what has expired is there as well
  FIELDKMS_ASSIGN_OR_RETURN(
      const auto found, store_.tokens().GetTokens(domain, NamesOf(part), kBeforeAll, deadline_));
  std::vector<std::string_view> doomed;
  WallTime youngest{};
  for (size_t i = 0; i < part.size(); ++i) {
    if (!found[i] || found[i]->create_time >= part[i].time) continue;
    doomed.push_back(part[i].name);
    youngest = std::max(youngest, found[i]->create_time);
  }
  const EraseScope scope{also_held, youngest + std::chrono::microseconds(1)};
  FIELDKMS_ASSIGN_OR_RETURN(const auto erased,
                            store_.tokens().EraseTokens(domain, doomed, scope, deadline_));
  replayed_.tokens +=
      static_cast<uint64_t>(std::count(erased.begin(), erased.end(), EraseResult::kErased));
  return absl::OkStatus();
}

// Nothing tells what a lookup has and when it was made: those of one time go in one call.
absl::Status ErasureBatch::Lookups(const TokenDomain& domain, Part& part, bool also_held) {
  std::stable_sort(part.begin(), part.end(),
                   [](const auto& one, const auto& other) { return one.time < other.time; });
  for (auto from = part.begin(); from != part.end();) {
    const auto to =
        std::find_if(from, part.end(), [from](const auto& one) { return one.time != from->time; });
    const EraseScope scope{also_held, from->time};
    FIELDKMS_ASSIGN_OR_RETURN(
        const auto erased,
        store_.tokens().EraseTokensByLookup(domain, NamesOf({from, to}), scope, deadline_));
    for (const ErasedCount& count : erased) replayed_.tokens += count.erased;
    from = to;
  }
  return absl::OkStatus();
}

absl::Status ErasureBatch::Subjects(std::string_view tenant, const Part& part) {
  FIELDKMS_ASSIGN_OR_RETURN(const uint64_t erased,
                            store_.subjects().EraseAgain(tenant, NamesOf(part), deadline_));
  replayed_.subjects += erased;
  return absl::OkStatus();
}

absl::Status ErasureBatch::SubjectsInDoubt(std::string_view tenant, const Part& part) {
  FIELDKMS_ASSIGN_OR_RETURN(auto found,
                            store_.subjects().GetSubjects(tenant, NamesOf(part), deadline_));
  for (std::optional<SubjectRecord>& subject : found) {
    if (!subject) continue;
    const auto erased =
        store_.subjects().EraseSubject(tenant, subject->subject, subject->handle, deadline_);
    replayed_.subjects += erased.ok() ? 1 : 0;
    const Reason reason = ReasonOf(erased.status());
    if (!erased.ok() && reason != Reason::kLegalHold && reason != Reason::kSubjectNotFound) {
      return erased.status();
    }
  }
  return absl::OkStatus();
}

}  // namespace fieldkms
