#include "kms/store/postgres_error.h"

#include <gtest/gtest.h>

#include <pqxx/except>

#include "kms/postgres/sqlstate.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using absl::StatusCode;

TEST(PostgresError, CodesBecomeReasons) {
  EXPECT_THAT(PostgresError("53100"), StatusIs(StatusCode::kResourceExhausted, Reason::kStoreFull));
  EXPECT_THAT(PostgresError("XX001"), StatusIs(StatusCode::kDataLoss, Reason::kStoreCorrupt));
  EXPECT_THAT(PostgresError("23505"), StatusIs(StatusCode::kInternal, Reason::kInternal));
  EXPECT_THAT(PostgresError("22021"), StatusIs(StatusCode::kInternal, Reason::kInternal));
  for (const char* code : {"57P01", "57P02", "57P03", "08006", "25006", "53300", "40001", "42501",
                           "42P01", "XX000", "57014"}) {
    EXPECT_THAT(PostgresError(code), StatusIs(StatusCode::kUnavailable, Reason::kStoreUnavailable))
        << code;
  }
}

TEST(PostgresError, NoMessageQuotesTheServer) {
  const pqxx::sql_error error("duplicate key: (name)=(s3cret)", "INSERT 's3cret'", "23505");
  EXPECT_EQ(MessageOf(PostgresError(error)).find("s3cret"), std::string_view::npos);
  const pqxx::broken_connection lost("lost after s3cret");
  EXPECT_EQ(MessageOf(PostgresError(lost)).find("s3cret"), std::string_view::npos);
}

TEST(PostgresError, ExceptionsBecomeReasons) {
  EXPECT_THAT(PostgresError(pqxx::conversion_error("x")), StatusIs(Reason::kStoreCorrupt));
  EXPECT_THAT(PostgresError(pqxx::broken_connection("x")), StatusIs(Reason::kStoreUnavailable));
  EXPECT_THAT(PostgresError(pqxx::disk_full("x")), StatusIs(Reason::kStoreFull));
  EXPECT_EQ(SqlStateOf(pqxx::insufficient_privilege("x")), "42501");
  EXPECT_EQ(SqlStateOf(pqxx::unique_violation("x")), "23000");
  EXPECT_EQ(SqlStateOf(pqxx::sql_error("x", "y", "57014")), "57014");
  EXPECT_EQ(SqlStateOf(pqxx::deadlock_detected("x")), "40P01");
  EXPECT_EQ(SqlStateOf(pqxx::serialization_failure("x")), "40001");
}

TEST(PostgresError, WhatEndsAConnection) {
  for (const char* code : {"08006", "57P01", "57P03", "25006"}) {
    EXPECT_TRUE(EndsConnection(code)) << code;
  }
  for (const char* code : {"57014", "23505", "40001", ""}) {
    EXPECT_FALSE(EndsConnection(code)) << code;
  }
  EXPECT_TRUE(IsConflict("40001"));
  EXPECT_TRUE(IsConflict("40P01"));
  EXPECT_FALSE(IsConflict("23505"));
}

}  // namespace
}  // namespace fieldkms
