#include "tests/contract/root_contract.h"

#include <gmock/gmock.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/status_matchers.h"

namespace fieldkms::testing {

void RootContract::SetUp() {
  place_ = GetParam()();
  ASSERT_OK_AND_ASSIGN(root_, place_->Open());
}

void RootContract::Reopen() {
  root_.reset();
  ASSERT_OK_AND_ASSIGN(root_, place_->Open());
}

namespace {

using absl::StatusCode;

auto WrongKey() { return StatusIs(StatusCode::kFailedPrecondition, Reason::kRootWrongKey); }

TEST_P(RootContract, UnwrapIsTheInverseOfWrap) {
  for (const size_t size : {1u, 16u, 32u, 64u}) {
    ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::Random(size));
    const std::string context(size, '\0');
    ASSERT_OK_AND_ASSIGN(const std::string wrapped, root().Wrap(key, context, kNoDeadline));
    ASSERT_OK_AND_ASSIGN(const SecretBytes same, root().Unwrap(wrapped, context, kNoDeadline));
    EXPECT_TRUE(ConstantTimeEqual(same.Expose(), key.Expose()));
  }
}

TEST_P(RootContract, UnwrapsAfterReopening) {
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::Random(32));
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, root().Wrap(key, "context", kNoDeadline));
  Reopen();
  ASSERT_OK_AND_ASSIGN(const SecretBytes same, root().Unwrap(wrapped, "context", kNoDeadline));
  EXPECT_TRUE(ConstantTimeEqual(same.Expose(), key.Expose()));
}

TEST_P(RootContract, WrappedKeyDoesNotShowTheKeyAndNeverRepeats) {
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::Random(32));
  ASSERT_OK_AND_ASSIGN(const std::string one, root().Wrap(key, "context", kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const std::string two, root().Wrap(key, "context", kNoDeadline));
  EXPECT_NE(one, two);
  EXPECT_EQ(one.find(AsText(key.Expose())), std::string::npos);
}

TEST_P(RootContract, KeyIsBoundToItsContext) {
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::Random(32));
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, root().Wrap(key, "context", kNoDeadline));
  for (const std::string& other : {std::string(), std::string("Context"), std::string("context "),
                                   std::string("context\0", 8), std::string("contex")}) {
    EXPECT_THAT(root().Unwrap(wrapped, other, kNoDeadline), WrongKey());
  }
}

TEST_P(RootContract, AlteredWrappedKeyIsRefused) {
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::Random(32));
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, root().Wrap(key, "context", kNoDeadline));
  for (size_t bit = 0; bit < wrapped.size() * 8; ++bit) {
    std::string altered = wrapped;
    altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ (1 << bit % 8));
    EXPECT_THAT(root().Unwrap(altered, "context", kNoDeadline), WrongKey()) << "bit " << bit;
  }
  for (size_t size = 0; size < wrapped.size(); ++size) {
    EXPECT_THAT(root().Unwrap(wrapped.substr(0, size), "context", kNoDeadline), WrongKey()) << size;
  }
  EXPECT_THAT(root().Unwrap(wrapped + '\0', "context", kNoDeadline), WrongKey());
  EXPECT_THAT(root().Unwrap(std::string(5000, 'x'), "context", kNoDeadline), WrongKey());
}

TEST_P(RootContract, AnotherRootDoesNotUnwrap) {
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::Random(32));
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, root().Wrap(key, "context", kNoDeadline));
  const std::unique_ptr<RootPlace> place = GetParam()();
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<RootKey> other, place->Open());
  EXPECT_THAT(other->Unwrap(wrapped, "context", kNoDeadline), WrongKey());
}

TEST_P(RootContract, LimitsOfKeyAndContext) {
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::Random(32));
  ASSERT_OK_AND_ASSIGN(const SecretBytes long_key, SecretBytes::Random(65));
  const std::string longest(1024, 'c');
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, root().Wrap(key, longest, kNoDeadline));
  EXPECT_OK(root().Unwrap(wrapped, longest, kNoDeadline));
  const auto refused = StatusIs(StatusCode::kInvalidArgument, Reason::kInvalidField);
  EXPECT_THAT(root().Wrap(SecretBytes(), "context", kNoDeadline), refused);
  EXPECT_THAT(root().Wrap(long_key, "context", kNoDeadline), refused);
  EXPECT_THAT(root().Wrap(key, longest + 'c', kNoDeadline), refused);
  EXPECT_THAT(root().Unwrap(wrapped, longest + 'c', kNoDeadline), refused);
}

TEST_P(RootContract, ServesManyThreads) {
  std::atomic<int> opened = 0;
  const auto work = [&](int thread) {
    for (int i = 0; i < 25; ++i) {
      const std::string context = std::to_string(thread) + "/" + std::to_string(i);
      const auto key = SecretBytes::Random(32);
      ASSERT_OK(key);
      const auto wrapped = root().Wrap(*key, context, kNoDeadline);
      ASSERT_OK(wrapped);
      const auto same = root().Unwrap(*wrapped, context, kNoDeadline);
      ASSERT_OK(same);
      ASSERT_TRUE(ConstantTimeEqual(same->Expose(), key->Expose()));
      ++opened;
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back(work, i);
  }
  EXPECT_EQ(opened, 100);
}

TEST_P(RootContract, DescribesItself) { EXPECT_FALSE(root().Describe().empty()); }

}  // namespace
}  // namespace fieldkms::testing
