#include "kms/access/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace fieldkms {
namespace {

TEST(GlobTest, PlainTextMatchesItself) {
  EXPECT_TRUE(GlobMatches("customers.card", "customers.card"));
  EXPECT_FALSE(GlobMatches("customers.card", "customers.car"));
  EXPECT_FALSE(GlobMatches("customers.card", "customers.cards"));
  EXPECT_TRUE(GlobMatches("", ""));
  EXPECT_FALSE(GlobMatches("", "a"));
}

TEST(GlobTest, OnlyTheStarIsSpecial) {
  EXPECT_FALSE(GlobMatches("customers.card", "customersxcard"));
  EXPECT_FALSE(GlobMatches("a?c", "abc"));
  EXPECT_FALSE(GlobMatches("[ab]", "a"));
}

TEST(GlobTest, StarMatchesAnyRun) {
  EXPECT_TRUE(GlobMatches("*", ""));
  EXPECT_TRUE(GlobMatches("*", "anything"));
  EXPECT_TRUE(GlobMatches("customers.*", "customers."));
  EXPECT_TRUE(GlobMatches("customers.*", "customers.card"));
  EXPECT_FALSE(GlobMatches("customers.*", "customers"));
  EXPECT_FALSE(GlobMatches("customers.*", "xcustomers.card"));
  EXPECT_TRUE(GlobMatches("*.card", "customers.card"));
  EXPECT_FALSE(GlobMatches("*.card", "customers.card2"));
  EXPECT_TRUE(GlobMatches("a*b*c", "a--b--b--c"));
  EXPECT_FALSE(GlobMatches("a*b*c", "a--c--b"));
  EXPECT_TRUE(GlobMatches("**", "x"));
}

TEST(GlobTest, ManyStarsStayCheap) {
  std::string pattern;
  for (int i = 0; i < 60; ++i) pattern += "a*";
  EXPECT_FALSE(GlobMatches(pattern + "b", std::string(127, 'a')));
}

}  // namespace
}  // namespace fieldkms
