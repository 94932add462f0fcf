#include "kms/settings/access_rules.h"

#include <algorithm>
#include <string_view>

#include "kms/access/action.h"

namespace fieldkms {
namespace {

std::vector<Action> ReadActions(const YAML::Node& node) {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    for (int i = 0; i < kActionCount; ++i) all.push_back(ActionName(static_cast<Action>(i)));
    return all;
  }();
  if (!node.IsSequence() || node.size() == 0) {
    throw YamlError(node, "must be a list of at least one action");
  }
  std::vector<Action> actions;
  for (const YAML::Node& name : node)
    actions.push_back(static_cast<Action>(ReadChoice(name, names)));
  return actions;
}

constexpr std::string_view kMaskLevels[] = {"masked", "bin_last4", "full"};

constexpr YamlKey<AccessRule> kRuleKeys[] = {
    {"actions", "list of actions", "required",
     [](const YAML::Node& node, AccessRule& rule) { rule.actions = ReadActions(node); }},
    {"tenants", "list of patterns", "required",
     [](const YAML::Node& node, AccessRule& rule) { rule.tenants = ReadTexts(node); }},
    {"keys", "list of patterns", "none",
     [](const YAML::Node& node, AccessRule& rule) { rule.keys = ReadTexts(node); }},
    {"fields", "list of patterns", "none",
     [](const YAML::Node& node, AccessRule& rule) { rule.fields = ReadTexts(node); }},
    {"mask_level", "masked, bin_last4 or full", "masked",
     [](const YAML::Node& node, AccessRule& rule) {
       rule.mask_level = static_cast<MaskLevel>(1 + ReadChoice(node, kMaskLevels));
     }},
};

}  // namespace

std::span<const YamlKey<AccessRule>> AccessRuleKeys() { return kRuleKeys; }

std::map<std::string, std::vector<AccessRule>> ReadAccessRoles(const YAML::Node& node) {
  std::map<std::string, std::vector<AccessRule>> roles;
  ForEachEntry(node, [&](const YAML::Node& at, const std::string& name, const YAML::Node& rules) {
    if (!rules.IsSequence()) throw YamlError(rules, "a role is a list of rules");
    std::vector<AccessRule>& role = roles[name];
    for (const YAML::Node& rule : rules) {
      role.emplace_back();
      ReadMapping<AccessRule>(rule, kRuleKeys, role.back());
      if (role.back().actions.empty() || role.back().tenants.empty()) {
        throw YamlError(at, "each rule of role '" + name + "' needs actions and tenants");
      }
      const AccessRule& read = role.back();
      const auto acts_on = [&read](ActionTarget target) {
        return std::any_of(read.actions.begin(), read.actions.end(),
                           [target](Action action) { return TargetOf(action) == target; });
      };
      if (read.keys.empty() && acts_on(ActionTarget::kKeys)) {
        throw YamlError(rule, "a rule with actions on keys needs keys: without, it allows nothing");
      }
      if (read.fields.empty() && acts_on(ActionTarget::kFields)) {
        throw YamlError(rule,
                        "a rule with actions on fields needs fields: without, it allows nothing");
      }
    }
  });
  return roles;
}

}  // namespace fieldkms
