// Access from the configuration file: who is which principal, roles with rules, one
// token bucket a principal. Fixed at start.
#ifndef FIELDKMS_KMS_ACCESS_STATIC_ACCESS_H_
#define FIELDKMS_KMS_ACCESS_STATIC_ACCESS_H_

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "kms/access/access.h"
#include "kms/access/access_rules.h"
#include "kms/access/reveal_budget.h"
#include "kms/access/token_bucket.h"

namespace fieldkms {

struct AccessPolicy {
  struct Member {
    std::string name;
    std::vector<uid_t> uids = {};
    std::vector<std::string> roles = {};
    Rate rate = {};                              // items a second
    std::vector<std::string> certificates = {};  // "dns:NAME", "uri:URI", as certificates name them
    std::vector<std::string> tokens = {};        // "ISSUER:SUBJECT", ISSUER by its name here
    RevealBudget reveals = {};
  };
  std::map<std::string, std::vector<AccessRule>> roles;  // by name
  std::vector<Member> principals;

  // One principal that may do everything: what --dev and tests run with.
  static AccessPolicy Administrator(uid_t uid);
};

class StaticAccess final : public Authenticator, public Authorizer, public Limiter {
 public:
  // Error: kInvalidArgument, reason kConfigInvalid, for a role that is not defined, and a uid,
  // certificate's name, token or name given twice. The message names it.
  static absl::StatusOr<std::unique_ptr<StaticAccess>> Create(const AccessPolicy& policy);

  // By the uid of its Unix socket; whatever else the caller shows is not looked at.
  absl::StatusOr<const Principal*> Authenticate(const Caller& caller) const override;
  // The principal with this name of certificates, or this subject of an issuer's tokens; null:
  // there is none.
  const Principal* FindCertificate(std::string_view name) const;
  const Principal* FindToken(std::string_view issuer, std::string_view subject) const;

  bool Allows(const Principal& who, Action action, std::string_view tenant,
              std::string_view name) const override;
  MaskLevel MayView(const Principal& who, Action action, std::string_view tenant,
                    std::string_view field) const override;
  bool AllowsSome(const Principal& who, Action action, std::string_view tenant) const override;
  bool AllowsAnywhere(const Principal& who, Action action) const override;
  std::chrono::nanoseconds Take(const Principal& who, double cost,
                                std::chrono::steady_clock::time_point now) override;

 private:
  struct Entry {
    Principal principal;
    AccessRules rules;
    Rate rate;
    TokenBucket bucket;
  };

  absl::Status AddNames(const AccessPolicy::Member& member, const Entry* entry);

  std::vector<std::unique_ptr<Entry>> entries_;  // by Principal::index
  std::unordered_map<uid_t, const Entry*> by_uid_;
  std::map<std::string, const Entry*, std::less<>> by_certificate_;
  std::map<std::string, const Entry*, std::less<>> by_token_;  // "ISSUER:SUBJECT"
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ACCESS_STATIC_ACCESS_H_
