// Certificates as the tests of this folder need them.
#ifndef FIELDKMS_TESTS_UNIT_KMS_IDENTITY_TRIAL_H_
#define FIELDKMS_TESTS_UNIT_KMS_IDENTITY_TRIAL_H_

#include <chrono>
#include <string>
#include <vector>

#include "kms/identity/trial_authority.h"

namespace fieldkms::testing {

inline constexpr WallTime kTrialNow{std::chrono::seconds(1'800'000'000)};

inline TrialAuthority Authority(const std::string& name = "Trial CA") {
  return *TrialAuthority::Make(name, kTrialNow - std::chrono::hours(1),
                               kTrialNow + std::chrono::hours(1'000));
}

inline CertificateAndKey Client(const TrialAuthority& authority, std::vector<std::string> names,
                                std::chrono::hours life = std::chrono::hours(24)) {
  CertificateWish wish;
  wish.common_name = "client";
  wish.names = std::move(names);
  wish.from = kTrialNow - std::chrono::hours(1);
  wish.until = kTrialNow + life;
  return *authority.Issue(wish);
}

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_KMS_IDENTITY_TRIAL_H_
