// Tokens for tests of TokenStore (kms/store/token_store.h).
#ifndef FIELDKMS_TESTS_CONTRACT_TOKEN_FIXTURE_H_
#define FIELDKMS_TESTS_CONTRACT_TOKEN_FIXTURE_H_

#include <gmock/gmock.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kms/store/token_store.h"
#include "tests/contract/record_matchers.h"

namespace fieldkms::testing {

inline constexpr TokenDomain kCards{"acme", 0xfedcba9876543210};  // negative as a signed number

// Sealed bytes differ each time, as those of an envelope do.
inline TokenRecord Token(std::string_view token, WallTime now) {
  static std::atomic<uint64_t> sealed = 0;
  TokenRecord record;
  record.token = token;
  record.sealed = "sealed " + std::to_string(++sealed);
  record.create_time = now;
  return record;
}
inline TokenRecord Convergent(std::string_view token, std::string_view lookup, WallTime now) {
  TokenRecord record = Token(token, now);
  record.lookup = lookup;
  record.convergent = true;
  return record;
}
inline TokenRecord SingleUse(std::string_view token, WallTime now) {
  TokenRecord record = Token(token, now);
  record.single_use = true;
  return record;
}

inline auto IsStored(const TokenRecord& record) {
  return IsRecord(PutOutcome{PutResult::kStored, record.token, record.expire_time});
}
inline auto IsTaken() { return IsRecord(PutOutcome{PutResult::kTaken, "", std::nullopt}); }
inline auto Exists(std::string_view token, std::optional<WallTime> expire_time = std::nullopt) {
  return IsRecord(PutOutcome{PutResult::kExists, std::string(token), expire_time});
}
inline auto IsThere(const TokenRecord& record) { return ::testing::Optional(IsRecord(record)); }

using TokenNames = std::vector<std::string_view>;

inline std::vector<std::string> NamesOf(const std::vector<TokenRecord>& tokens) {
  std::vector<std::string> names;
  for (const TokenRecord& token : tokens) names.push_back(token.token);
  return names;
}

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_CONTRACT_TOKEN_FIXTURE_H_
