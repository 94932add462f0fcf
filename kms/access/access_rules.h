// Rules of access: what they say, and what a set of them allows.
#ifndef FIELDKMS_KMS_ACCESS_ACCESS_RULES_H_
#define FIELDKMS_KMS_ACCESS_ACCESS_RULES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/field/mask.h"
#include "kms/access/action.h"

namespace fieldkms {

// A rule allows each of its actions on each key or field whose tenant and name match one
// of its patterns (see glob.h).
struct AccessRule {
  std::vector<Action> actions;
  std::vector<std::string> tenants;
  std::vector<std::string> keys;              // asked for actions on keys
  std::vector<std::string> fields = {};       // asked for actions on fields
  MaskLevel mask_level = MaskLevel::kMasked;  // up to which values are shown
};

// AccessRules denies by default. Immutable once made, so thread-safe; answers without allocation,
// lock or I/O. What each question means, Authorizer (access.h) says.
class AccessRules {
 public:
  void Add(const AccessRule& rule);

  bool Allows(Action action, std::string_view tenant, std::string_view name) const;
  MaskLevel MayView(Action action, std::string_view tenant, std::string_view field) const;
  bool AllowsSome(Action action, std::string_view tenant) const;
  bool AllowsAnywhere(Action action) const;

 private:
  struct Rule {
    uint64_t actions = 0;  // bit of each Action
    std::vector<std::string> tenants;
    std::vector<std::string> keys;
    std::vector<std::string> fields;
    MaskLevel mask_level = MaskLevel::kMasked;

    // Whether it allows `action` on `name` of a tenant; on any name of it.
    bool Allows(Action action, std::string_view tenant, std::string_view name) const;
    bool AllowsSome(Action action, std::string_view tenant) const;
    // Whether its patterns name anything that `action` is on.
    bool NamesSome(Action action) const;
  };

  std::vector<Rule> rules_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ACCESS_ACCESS_RULES_H_
