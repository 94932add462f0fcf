#include "kms/service/protected_values.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace fieldkms {
namespace {

TEST(ProtectedValuesTest, WhatIsGivenIsTakenAgainCleared) {
  ProtectedValues values;
  std::unique_ptr<v1::ProtectedValue> value = values.Take();
  const v1::ProtectedValue* const address = value.get();
  value->set_ciphertext(std::string(100, 'c'));
  value->set_mask("****");
  value->set_blind_index("index");
  value->set_key_version(7);
  value->mutable_fpe()->set_text("text");
  const std::string* const ciphertext = &value->ciphertext();
  values.Give(std::move(value));
  EXPECT_EQ(values.size(), 1u);
  value = values.Take();
  EXPECT_EQ(value.get(), address);
  EXPECT_EQ(value->SerializeAsString(), "");
  EXPECT_FALSE(value->has_fpe());
  EXPECT_EQ(&value->ciphertext(), ciphertext);
  EXPECT_GE(ciphertext->capacity(), 100u);  // for the next
  EXPECT_NE(values.Take().get(), address);
}

TEST(ProtectedValuesTest, WhatIsLargeOrBeyondTheMostIsFreed) {
  ProtectedValues values;
  std::unique_ptr<v1::ProtectedValue> large = values.Take();
  large->set_document(std::string(ProtectedValues::kMostBytes + 1, 'd'));
  values.Give(std::move(large));
  EXPECT_EQ(values.size(), 0u);
  for (size_t i = 0; i <= ProtectedValues::kMost; ++i) {
    values.Give(std::make_unique<v1::ProtectedValue>());
  }
  EXPECT_EQ(values.size(), ProtectedValues::kMost);
}

TEST(ProtectedValuesTest, EachThreadHasItsOwn) {
  ProtectedValues* const mine = &ProtectedValues::OfThread();
  EXPECT_EQ(mine, &ProtectedValues::OfThread());
  std::jthread([mine] { EXPECT_NE(mine, &ProtectedValues::OfThread()); });
}

}  // namespace
}  // namespace fieldkms
