#include "kms/access/access_rules.h"

#include <algorithm>

#include "kms/access/glob.h"

namespace fieldkms {
namespace {

constexpr uint64_t Bit(Action action) { return uint64_t{1} << static_cast<unsigned>(action); }
static_assert(kActionCount <= 64);

bool MatchesAny(const std::vector<std::string>& patterns, std::string_view text) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [text](const std::string& pattern) { return GlobMatches(pattern, text); });
}

}  // namespace

bool AccessRules::Rule::NamesSome(Action action) const {
  if ((actions & Bit(action)) == 0) return false;
  const ActionTarget target = TargetOf(action);
  return target == ActionTarget::kTenants ||
         !(target == ActionTarget::kKeys ? keys : fields).empty();
}

bool AccessRules::Rule::AllowsSome(Action action, std::string_view tenant) const {
  return NamesSome(action) && MatchesAny(tenants, tenant);
}

bool AccessRules::Rule::Allows(Action action, std::string_view tenant,
                               std::string_view name) const {
  if ((actions & Bit(action)) == 0 || !MatchesAny(tenants, tenant)) return false;
  const ActionTarget target = TargetOf(action);
  return target == ActionTarget::kTenants ||
         MatchesAny(target == ActionTarget::kKeys ? keys : fields, name);
}

void AccessRules::Add(const AccessRule& rule) {
  Rule compiled{0, rule.tenants, rule.keys, rule.fields, rule.mask_level};
  for (const Action action : rule.actions) compiled.actions |= Bit(action);
  rules_.push_back(std::move(compiled));
}

bool AccessRules::Allows(Action action, std::string_view tenant, std::string_view name) const {
  return std::any_of(rules_.begin(), rules_.end(),
                     [&](const Rule& rule) { return rule.Allows(action, tenant, name); });
}

MaskLevel AccessRules::MayView(Action action, std::string_view tenant,
                               std::string_view field) const {
  MaskLevel most = MaskLevel::kMasked;
  for (const Rule& rule : rules_) {
    if (rule.mask_level > most && rule.Allows(action, tenant, field)) most = rule.mask_level;
  }
  return most;
}

bool AccessRules::AllowsSome(Action action, std::string_view tenant) const {
  return std::any_of(rules_.begin(), rules_.end(),
                     [&](const Rule& rule) { return rule.AllowsSome(action, tenant); });
}

bool AccessRules::AllowsAnywhere(Action action) const {
  return std::any_of(rules_.begin(), rules_.end(), [action](const Rule& rule) {
    return !rule.tenants.empty() && rule.NamesSome(action);
  });
}

}  // namespace fieldkms
