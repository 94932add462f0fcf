// A PostgreSQL whose tables have no space left: typed errors, nothing half-made, and life
// after it. The tables lie on a tmpfs of a few MiB, which takes root to mount.
#include <gmock/gmock.h>

#include <string>

#include "kms/store/postgres_store.h"
#include "tests/support/postgres_server.h"
#include "tests/support/small_disk.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

// Before the server starts, which has to see what is mounted.
[[maybe_unused]] ::testing::Environment* const private_mounts =
    ::testing::AddGlobalTestEnvironment(new PrivateMounts);

TEST(PostgresFullDisk, ChangesNothingAndSaysSo) {
  PostgresServer& server = PostgresServer::Shared();
  const SmallDisk disk(server.MakeDirectory("disk"), "size=24m");
  server.Sql("postgres", PostgresServer::kSuperuser,
             "CREATE TABLESPACE small LOCATION '" + server.MakeDirectory("disk/space") + "'");
  const std::string database = server.MakeStore("TABLESPACE small");
  auto opened = OpenPostgresStore(
      {.conninfo = server.Conninfo(database, PostgresServer::kServiceLogin)}, SystemClock());
  ASSERT_OK(opened);
  Store& store = **opened;
  const WallTime now{std::chrono::microseconds(1'700'000'000'000'000)};
  ASSERT_OK(store.CreateTenant("acme", {1, "kek", now}, {"t", std::string(32, 'f')}, kNoDeadline));

  disk.Fill();
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
  disk.Free();
  EXPECT_THAT(store.GetKeyById("acme", id, kNoDeadline), StatusIs(Reason::kKeyNotFound));
  ASSERT_OK_AND_ASSIGN(const auto again, create(id));
  EXPECT_FALSE(again.replayed);
  EXPECT_EQ(again.value.change, 1 + id);  // no number was lost to what failed
  opened->reset();
  server.Sql("postgres", PostgresServer::kSuperuser, "DROP DATABASE " + database);
  server.Sql("postgres", PostgresServer::kSuperuser, "DROP TABLESPACE small");
}

}  // namespace
}  // namespace fieldkms::testing
