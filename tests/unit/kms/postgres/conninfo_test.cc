#include "kms/postgres/conninfo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(PostgresConninfo, AddsWhatIsLeftOpen) {
  ASSERT_OK_AND_ASSIGN(const std::string complete, CompleteConninfo("host=a,b dbname=d", "app"));
  EXPECT_THAT(
      complete,
      AllOf(HasSubstr("host='a,b'"), HasSubstr("dbname='d'"),
            HasSubstr("target_session_attrs='read-write'"), HasSubstr("connect_timeout='5'"),
            HasSubstr("tcp_user_timeout='10000'"), HasSubstr("application_name='app'"),
            HasSubstr("client_encoding='UTF8'"), HasSubstr("-c TimeZone=UTC")));
}

TEST(PostgresConninfo, KeepsWhatIsSaid) {
  ASSERT_OK_AND_ASSIGN(const std::string complete,
                       CompleteConninfo("postgresql://u:p%27w@h:1/d?connect_timeout=9&sslmode="
                                        "verify-full&options=-c%20work_mem%3D1MB",
                                        "app"));
  EXPECT_THAT(complete, AllOf(HasSubstr("connect_timeout='9'"), HasSubstr("sslmode='verify-full'"),
                              HasSubstr("password='p\\'w'"),
                              HasSubstr("options='-c work_mem=1MB -c "), HasSubstr("port='1'")));
}

TEST(PostgresConninfo, RefusalsQuoteNothing) {
  for (const char* bad : {"s3cret", "password s3cret", "s3cret=1", "postgresql://u:s3cret@[x/d"}) {
    const auto complete = CompleteConninfo(bad, "app");
    EXPECT_THAT(complete, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid));
    EXPECT_THAT(std::string(MessageOf(complete.status())), Not(HasSubstr("s3cret")));
  }
}

TEST(PostgresConninfo, FileHasOneLineAndOneReader) {
  const testing::TempDir dir;
  const std::string path = dir.File("database");
  const auto refused = StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kConfigInvalid);
  EXPECT_THAT(ReadConninfoFile(path), refused);
  testing::WriteFile(path, "# for acme\n\n  host=h dbname=d \n");
  ASSERT_OK_AND_ASSIGN(const std::string conninfo, ReadConninfoFile(path));
  EXPECT_EQ(conninfo, "host=h dbname=d");
  testing::WriteFile(path, "host=h\nhost=i\n");
  EXPECT_THAT(ReadConninfoFile(path), refused);
  testing::WriteFile(path, "# nothing\n");
  EXPECT_THAT(ReadConninfoFile(path), refused);
  testing::WriteFile(path, "host=h");
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  EXPECT_THAT(ReadConninfoFile(path), refused);
  EXPECT_THAT(ReadConninfoFile(dir.path()), refused);
}

}  // namespace
}  // namespace fieldkms
