// What a rotation is asked to do on the command line.
#include "clients/cli/rotation_args.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using ::testing::HasSubstr;

// As the command line parses them, in the order that they have there.
absl::StatusOr<v1::RotationSpec> Parsed(const std::string& line) {
  CLI::App app;
  ScopeArgs args;
  AddScopeOptions(&app, &args);
  app.parse(line);
  return SpecOf(args);
}

v1::RotationTransform TransformOf(const std::string& line) {
  const auto spec = Parsed("--key card " + line);
  EXPECT_OK(spec);
  return spec.ok() ? spec->transform() : v1::ROTATION_TRANSFORM_UNSPECIFIED;
}

TEST(RotationArgsTest, SaysWhatBecomesOfValues) {
  EXPECT_EQ(TransformOf(""), v1::ROTATION_TRANSFORM_REENCRYPT);
  EXPECT_EQ(TransformOf("--to-key next"), v1::ROTATION_TRANSFORM_REKEY);
  EXPECT_EQ(TransformOf("--transform rekey --to-key next"), v1::ROTATION_TRANSFORM_REKEY);
  EXPECT_EQ(TransformOf("--transform reencrypt"), v1::ROTATION_TRANSFORM_REENCRYPT);
  EXPECT_EQ(TransformOf("--transform encrypt"), v1::ROTATION_TRANSFORM_ENCRYPT);
  EXPECT_EQ(TransformOf("--transform decrypt"), v1::ROTATION_TRANSFORM_DECRYPT);
  EXPECT_EQ(TransformOf("--transform REINDEX"), v1::ROTATION_TRANSFORM_REINDEX);
  EXPECT_EQ(TransformOf("--transform retokenize"), v1::ROTATION_TRANSFORM_RETOKENIZE);
}

TEST(RotationArgsTest, ASecondKeyIsToRekey) {
  const auto missing = Parsed("--key card --transform rekey");
  EXPECT_THAT(missing, StatusIs(Reason::kInvalidField));
  EXPECT_EQ(FieldOf(missing.status()), "to-key");
  const auto too_much = Parsed("--key card --transform reindex --to-key next");
  EXPECT_EQ(FieldOf(too_much.status()), "to-key");
  EXPECT_THAT(std::string(MessageOf(too_much.status())), HasSubstr("rekey only"));
}

TEST(RotationArgsTest, AnotherTransformIsRefused) {
  EXPECT_THROW(Parsed("--key card --transform melt").IgnoreError(), CLI::ParseError);
}

TEST(RotationArgsTest, TheRestIsTaken) {
  ASSERT_OK_AND_ASSIGN(
      const v1::RotationSpec spec,
      Parsed("--key card --to-key next --table public.t:a,b --table other.t --accept-triggers"));
  EXPECT_EQ(spec.key(), "card");
  EXPECT_EQ(spec.destination_key(), "next");
  ASSERT_EQ(spec.tables_size(), 2);
  EXPECT_EQ(spec.tables(0).columns(1), "b");
  EXPECT_EQ(spec.tables(1).schema(), "other");
  EXPECT_TRUE(spec.accept_triggers());
}

}  // namespace
}  // namespace fieldkms
