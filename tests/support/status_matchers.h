// Matchers for absl::Status and absl::StatusOr in tests.
//
//   EXPECT_THAT(store.Open(), IsOk());
//   EXPECT_THAT(key, StatusIs(absl::StatusCode::kNotFound, Reason::kKeyNotFound));
//   EXPECT_THAT(key, StatusIs(Reason::kKeyNotFound));
//   ASSERT_OK_AND_ASSIGN(SecretBytes secret, SecretBytes::Random(32));
#ifndef FIELDKMS_TESTS_SUPPORT_STATUS_MATCHERS_H_
#define FIELDKMS_TESTS_SUPPORT_STATUS_MATCHERS_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/status.h"

namespace fieldkms {

// How GoogleTest prints a reason.
inline void PrintTo(Reason reason, std::ostream* os) { *os << ReasonName(reason); }

namespace status_matchers_internal {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <class T>
const absl::Status& StatusOf(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

class IsOkMatcher {
 public:
  using is_gtest_matcher = void;
  template <class T>
  bool MatchAndExplain(const T& value, std::ostream* os) const {
    const absl::Status& status = StatusOf(value);
    if (!status.ok() && os != nullptr) *os << "whose status is " << status.ToString();
    return status.ok();
  }
  void DescribeTo(std::ostream* os) const { *os << "is OK"; }
  void DescribeNegationTo(std::ostream* os) const { *os << "is not OK"; }
};

class StatusIsMatcher {
 public:
  using is_gtest_matcher = void;
  StatusIsMatcher(std::optional<absl::StatusCode> code, Reason reason)
      : code_(code), reason_(reason) {}

  template <class T>
  bool MatchAndExplain(const T& value, std::ostream* os) const {
    const absl::Status& status = StatusOf(value);
    if (os != nullptr) {
      *os << "whose status is " << status.ToString() << " with reason "
          << ReasonName(ReasonOf(status));
    }
    return !status.ok() && ReasonOf(status) == reason_ && (!code_ || status.code() == *code_);
  }
  void DescribeTo(std::ostream* os) const {
    *os << "has";
    if (code_) *os << " code " << absl::StatusCodeToString(*code_) << " and";
    *os << " reason " << ReasonName(reason_);
  }
  void DescribeNegationTo(std::ostream* os) const {
    *os << "not: ";
    DescribeTo(os);
  }

 private:
  std::optional<absl::StatusCode> code_;
  Reason reason_;
};

}  // namespace status_matchers_internal

// Matches an OK Status, or a StatusOr that holds a value.
inline auto IsOk() { return status_matchers_internal::IsOkMatcher(); }

// Matches an error with this code and reason (crypto/status.h).
inline auto StatusIs(absl::StatusCode code, Reason reason) {
  return status_matchers_internal::StatusIsMatcher(code, reason);
}

// Matches an error with this reason, of any code.
inline auto StatusIs(Reason reason) {
  return status_matchers_internal::StatusIsMatcher(std::nullopt, reason);
}

}  // namespace fieldkms

#define EXPECT_OK(expr) EXPECT_THAT(expr, ::fieldkms::IsOk())
#define ASSERT_OK(expr) ASSERT_THAT(expr, ::fieldkms::IsOk())

// Assigns the value of a StatusOr to `lhs`, or fails the test and returns.
#define ASSERT_OK_AND_ASSIGN(lhs, expr) \
  ASSERT_OK_AND_ASSIGN_(FIELDKMS_CONCAT_(fieldkms_or_, __LINE__), lhs, expr)
#define ASSERT_OK_AND_ASSIGN_(tmp, lhs, expr) \
  auto tmp = (expr);                          \
  ASSERT_THAT(tmp, ::fieldkms::IsOk());       \
  lhs = std::move(tmp).value()

#endif  // FIELDKMS_TESTS_SUPPORT_STATUS_MATCHERS_H_
