// The disk that the application's table lies on is full in the midst of a rotation. It is a tmpfs,
// which takes root to mount.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/fault/rotation_fixture.h"
#include "tests/support/small_disk.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using rotation::Worker;
using rotation::WorkerNews;

constexpr uint64_t kRows = 2'000;

// Before the server starts, which has to see what is mounted.
[[maybe_unused]] ::testing::Environment* const private_mounts =
    ::testing::AddGlobalTestEnvironment(new PrivateMounts);

class RotationFullDisk : public RotationFault {
 protected:
  SmallDisk disk_{bed().server().MakeDirectory("disk"), "size=24m"};
};

TEST_F(RotationFullDisk, WorkersRestUntilThereIsSpace) {
  KeepJobsInMemory();
  PostgresServer& server = bed().server();
  server.Sql("postgres", PostgresServer::kSuperuser,
             "CREATE TABLESPACE small LOCATION '" + server.MakeDirectory("disk/space") + "'");
  bed().MakeCards(kRows, "TABLESPACE small");
  const v1::RotationJob job = Rotate();
  rotation::ServiceCalls calls = Calls();
  int batch = 0;
  calls.rewrap = [&, rewrap = calls.rewrap](const v1::BatchRewrapRequest& request) {
    if (++batch == 3) disk_.Fill();
    return rewrap(request);
  };
  int rests = 0;
  Worker worker(Options(job), calls, [&](const WorkerNews& news) {
    if (news.resting.find("SQLSTATE 53100") == std::string::npos || ++rests < 3) return;
    ExpectKept(1);
    disk_.Free();
  });
  const auto ended = worker.Run();
  ASSERT_OK(ended);
  EXPECT_GE(rests, 3);
  EXPECT_EQ(ended->outcome().counts().changed(), kRows);
  ExpectDone(*ended);
  bed().Sql("DROP TABLE public.cards");
  server.Sql("postgres", PostgresServer::kSuperuser, "DROP TABLESPACE small");
}

}  // namespace
}  // namespace fieldkms::testing
