#include "kms/access/static_access.h"

#include <set>

#include "crypto/status.h"

namespace fieldkms {
namespace {

// A name stands in each line of the audit trail.
constexpr size_t kMaxPrincipalName = 256;

absl::Status PolicyError(const std::string& message) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid, message);
}

}  // namespace

AccessPolicy AccessPolicy::Administrator(uid_t uid) {
  AccessRule all{{}, {"*"}, {"*"}, {"*"}, MaskLevel::kFull};
  for (int i = 0; i < kActionCount; ++i) all.actions.push_back(static_cast<Action>(i));
  AccessPolicy policy;
  policy.roles["administrator"] = {all};
  policy.principals.push_back({"administrator", {uid}, {"administrator"}, Rate{}});
  return policy;
}

absl::StatusOr<std::unique_ptr<StaticAccess>> StaticAccess::Create(const AccessPolicy& policy) {
  auto access = std::make_unique<StaticAccess>();
  std::set<std::string> names;
  for (const AccessPolicy::Member& member : policy.principals) {
    if (member.name.empty() || member.name.size() > kMaxPrincipalName) {
      return PolicyError("the name of a principal has 1 to 256 bytes");
    }
    if (!names.insert(member.name).second) {
      return PolicyError("principal '" + member.name + "' is defined twice");
    }
    auto entry = std::make_unique<Entry>();
    entry->principal = {member.name, access->entries_.size(), member.roles};
    entry->rate = member.rate;
    for (const std::string& role : member.roles) {
      const auto rules = policy.roles.find(role);
      if (rules == policy.roles.end()) {
        return PolicyError("principal '" + member.name + "' has a role that is not defined: '" +
                           role + "'");
      }
      for (const AccessRule& rule : rules->second) entry->rules.Add(rule);
    }
    FIELDKMS_RETURN_IF_ERROR(access->AddNames(member, entry.get()));
    access->entries_.push_back(std::move(entry));
  }
  return access;
}

absl::Status StaticAccess::AddNames(const AccessPolicy::Member& member, const Entry* entry) {
  for (const uid_t uid : member.uids) {
    if (!by_uid_.emplace(uid, entry).second) {
      return PolicyError("uid " + std::to_string(uid) + " belongs to two principals");
    }
  }
  for (const std::string& name : member.certificates) {
    if (!by_certificate_.emplace(name, entry).second) {
      return PolicyError("certificates of '" + name + "' belong to two principals");
    }
  }
  for (const std::string& token : member.tokens) {
    if (!by_token_.emplace(token, entry).second) {
      return PolicyError("tokens of '" + token + "' belong to two principals");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<const Principal*> StaticAccess::Authenticate(const Caller& caller) const {
  const auto entry = caller.peer.known ? by_uid_.find(caller.peer.uid) : by_uid_.end();
  if (entry != by_uid_.end()) return &entry->second->principal;
  return Error(absl::StatusCode::kUnauthenticated, Reason::kUnauthenticated,
               "no principal is configured for the user that this connection comes from");
}

const Principal* StaticAccess::FindCertificate(std::string_view name) const {
  const auto entry = by_certificate_.find(name);
  return entry == by_certificate_.end() ? nullptr : &entry->second->principal;
}

const Principal* StaticAccess::FindToken(std::string_view issuer, std::string_view subject) const {
  const auto entry = by_token_.find(std::string(issuer) + ":" + std::string(subject));
  return entry == by_token_.end() ? nullptr : &entry->second->principal;
}

bool StaticAccess::Allows(const Principal& who, Action action, std::string_view tenant,
                          std::string_view name) const {
  return entries_[who.index]->rules.Allows(action, tenant, name);
}

MaskLevel StaticAccess::MayView(const Principal& who, Action action, std::string_view tenant,
                                std::string_view field) const {
  return entries_[who.index]->rules.MayView(action, tenant, field);
}

bool StaticAccess::AllowsSome(const Principal& who, Action action, std::string_view tenant) const {
  return entries_[who.index]->rules.AllowsSome(action, tenant);
}

bool StaticAccess::AllowsAnywhere(const Principal& who, Action action) const {
  return entries_[who.index]->rules.AllowsAnywhere(action);
}

std::chrono::nanoseconds StaticAccess::Take(const Principal& who, double cost,
                                            std::chrono::steady_clock::time_point now) {
  Entry& entry = *entries_[who.index];
  return entry.bucket.Take(entry.rate, cost, now);
}

}  // namespace fieldkms
