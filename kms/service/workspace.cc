#include "kms/service/workspace.h"

#include <algorithm>

#include "crypto/status.h"

namespace fieldkms {

Workspace& Workspace::For(std::string_view tenant) {
  thread_local Workspace workspace;
  if (!workspace.sealer_ || workspace.tenant_ != tenant) {
    workspace.tenant_ = tenant;
    workspace.sealer_.emplace(workspace.tenant_);
  }
  return workspace;
}

const ContextField& Workspace::NoContext() {
  static const ContextField& none = *new ContextField;
  return none;
}

void Workspace::Collect(const ContextField& shared, const ContextField& own,
                        std::vector<ContextEntry>* entries) {
  entries->clear();
  for (const v1::ContextEntry& entry : shared) entries->push_back({entry.name(), entry.value()});
  for (const v1::ContextEntry& entry : own) entries->push_back({entry.name(), entry.value()});
}

absl::Status Workspace::SetContext(const ContextField& shared, const ContextField& own) {
  Collect(shared, own, &entries_);
  return sealer_->SetContext(entries_);
}

absl::StatusOr<std::string_view> Workspace::CanonicalContext(const ContextField& shared,
                                                             const ContextField& own) {
  Collect(shared, own, &entries_);
  canonical_.clear();
  FIELDKMS_RETURN_IF_ERROR(AppendContext(entries_, &canonical_));
  return std::string_view(canonical_);
}

bool Workspace::SameContext(const ContextField& shared, const ContextField& own,
                            const ContextField& other) {
  Collect(shared, own, &entries_);
  Collect(NoContext(), other, &other_entries_);
  const auto by_name = [](const ContextEntry& a, const ContextEntry& b) { return a.name < b.name; };
  std::sort(entries_.begin(), entries_.end(), by_name);
  std::sort(other_entries_.begin(), other_entries_.end(), by_name);
  return entries_ == other_entries_;
}

}  // namespace fieldkms
