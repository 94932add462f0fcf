// The part of the contract of stores that is for copies of them: a backend instantiates
// VaultContract, as StoreContract.
#ifndef FIELDKMS_TESTS_CONTRACT_VAULT_FIXTURE_H_
#define FIELDKMS_TESTS_CONTRACT_VAULT_FIXTURE_H_

#include <gmock/gmock.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/contract/store_contract.h"
#include "tests/contract/subject_fixture.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {

class VaultContract : public StoreContract {
 protected:
  void SetUp() override {
    StoreContract::SetUp();
    HaveTenant("acme");
    HaveTenant("globex");
  }
  TokenStore& tokens() { return store().tokens(); }
  SubjectStore& subjects() { return store().subjects(); }

  std::vector<PlacedToken> AllTokens(std::string_view tenant, size_t page_size = 100) {
    std::vector<PlacedToken> all;
    std::optional<TokenPlace> after;
    while (true) {
      const auto page = tokens().ScanTokens(tenant, after, page_size, Now(), kNoDeadline);
      EXPECT_OK(page);
      if (!page.ok() || page->empty()) return all;
      EXPECT_LE(page->size(), page_size);
      all.insert(all.end(), page->begin(), page->end());
      after = TokenPlace{all.back().first, all.back().second.token};
    }
  }
  using Places = std::vector<std::pair<uint64_t, std::string>>;
  Places PlacesOf(std::string_view tenant) {
    Places places;
    for (const auto& [field_id, token] : AllTokens(tenant, 2)) {
      places.emplace_back(field_id, token.token);
    }
    return places;
  }
  std::vector<WholeSubject> AllSubjects(std::string_view tenant, size_t page_size = 100) {
    std::vector<WholeSubject> all;
    std::string after;
    while (true) {
      const auto page = subjects().ScanSubjects(tenant, after, page_size, kNoDeadline);
      EXPECT_OK(page);
      if (!page.ok() || page->empty()) return all;
      EXPECT_LE(page->size(), page_size);
      all.insert(all.end(), page->begin(), page->end());
      after = all.back().subject.subject;
    }
  }
  static WholeSubject Whole(const SubjectRecord& subject, std::vector<uint64_t> field_ids) {
    return {subject, std::move(field_ids)};
  }
  absl::Status CopyTokens(const std::vector<PlacedToken>& copied) {
    return tokens().CopyTokens("acme", copied, kNoDeadline);
  }
  absl::Status CopySubjects(const std::vector<WholeSubject>& copied) {
    return subjects().CopySubjects("acme", copied, kNoDeadline);
  }
};

inline auto IsPlaced(const PlacedToken& expected) {
  return ::testing::Pair(expected.first, IsRecord(expected.second));
}
inline auto IsWhole(const WholeSubject& expected) {
  return ::testing::AllOf(
      ::testing::Field(&WholeSubject::subject, IsRecord(expected.subject)),
      ::testing::Field(&WholeSubject::field_ids, ::testing::Eq(expected.field_ids)));
}

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_CONTRACT_VAULT_FIXTURE_H_
