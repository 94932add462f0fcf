// A PostgreSQL whose tables have no space left: typed errors, nothing half-made, and life
// after it. The tables lie on a tmpfs of a few MiB, which takes root to mount.
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "kms/store/postgres_store.h"
#include "tests/support/postgres_server.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

// Before the server starts, which has to see what is mounted.
class PrivateMounts : public ::testing::Environment {
 public:
  void SetUp() override {
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0) << "run it as root: " << std::strerror(errno);
    const int made_private = ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    ASSERT_TRUE(made_private == 0 || errno == EINVAL) << std::strerror(errno);
  }
};
[[maybe_unused]] ::testing::Environment* const private_mounts =
    ::testing::AddGlobalTestEnvironment(new PrivateMounts);

// Takes all space that is left.
void Fill(const std::string& path) {
  std::ofstream file(path);
  const std::string page(4096, 'f');
  while (file.write(page.data(), static_cast<std::streamsize>(page.size())).flush()) {
  }
}

TEST(PostgresFullDisk, ChangesNothingAndSaysSo) {
  PostgresServer& server = PostgresServer::Shared();
  const std::string disk = server.MakeDirectory("disk");
  ASSERT_EQ(::mount("tmpfs", disk.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=24m"), 0);
  server.Sql("postgres", PostgresServer::kSuperuser,
             "CREATE TABLESPACE small LOCATION '" + server.MakeDirectory("disk/space") + "'");
  const std::string database = server.MakeStore("TABLESPACE small");
  auto opened = OpenPostgresStore(
      {.conninfo = server.Conninfo(database, PostgresServer::kServiceLogin)}, SystemClock());
  ASSERT_OK(opened);
  Store& store = **opened;
  const WallTime now{std::chrono::microseconds(1'700'000'000'000'000)};
  ASSERT_OK(store.CreateTenant("acme", {1, "kek", now}, {"t", std::string(32, 'f')}, kNoDeadline));

  Fill(disk + "/filler");
  const auto create = [&](uint64_t id) {
    KeyRecord key;
    key.tenant = "acme";
    key.name = "k" + std::to_string(id);
    key.key_id = id;
    KeyVersionRecord version;
    version.version = 1;
    version.wrapped = std::string(500, 'w');
    return store.CreateKey(key, version, {key.name, std::string(32, 'f')}, kNoDeadline);
  };
  uint64_t id = 1;
  auto made = create(id);
  while (made.ok()) made = create(++id);
  EXPECT_THAT(made, StatusIs(absl::StatusCode::kResourceExhausted, Reason::kStoreFull));

  // Looked for where there is room: a read, too, may have to write (hint bits, sorting).
  std::filesystem::remove(disk + "/filler");
  EXPECT_THAT(store.GetKeyById("acme", id, kNoDeadline), StatusIs(Reason::kKeyNotFound));
  ASSERT_OK_AND_ASSIGN(const auto again, create(id));
  EXPECT_FALSE(again.replayed);
  EXPECT_EQ(again.value.change, 1 + id);  // no number was lost to what failed
  opened->reset();
  server.Sql("postgres", PostgresServer::kSuperuser, "DROP DATABASE " + database);
  server.Sql("postgres", PostgresServer::kSuperuser, "DROP TABLESPACE small");
  ::umount2(disk.c_str(), MNT_DETACH);
}

}  // namespace
}  // namespace fieldkms::testing
