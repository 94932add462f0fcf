// A disk without space: typed errors, nothing half-made, and life after it.
//
// The data lies on a tmpfs of a few MiB, mounted in a mount namespace of this
// process and its children. That takes root.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "clients/cpp/client.h"
#include "tests/support/daemon.h"
#include "tests/support/small_disk.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::fault {
namespace {

using ::fieldkms::testing::Daemon;
using ::fieldkms::testing::ExitStatus;
using ::fieldkms::testing::PrivateMounts;
using ::fieldkms::testing::SmallDisk;
using ::fieldkms::testing::TempDir;
using ::fieldkms::testing::WriteFile;
using ::testing::AnyOf;

[[maybe_unused]] ::testing::Environment* const private_mounts =
    ::testing::AddGlobalTestEnvironment(new PrivateMounts);

// One key per call, each with its own request id; stops at the first refusal.
struct Refused {
  absl::Status status;
  v1::CreateKeyRequest request;
};
Refused CreateKeysUntilRefused(Client& client) {
  for (int i = 0; i < 20'000; ++i) {
    v1::CreateKeyRequest request;
    request.set_tenant("acme");
    request.set_name(fmt::format("key.{:05}", i));
    request.set_request_id(fmt::format("create-{:05}", i));
    const auto made = client.CreateKey(request);
    if (!made.ok()) return {made.status(), request};
  }
  return {absl::OkStatus(), {}};
}

absl::StatusOr<v1::EncryptResponse> Seal(Client& client, const std::string& key) {
  v1::EncryptRequest request;
  request.set_tenant("acme");
  request.set_key(key);
  request.set_plaintext("value");
  return client.Encrypt(request);
}

absl::Status Opens(Client& client, const std::string& ciphertext) {
  v1::DecryptRequest request;
  request.set_tenant("acme");
  request.set_ciphertext(ciphertext);
  const auto opened = client.Decrypt(request);
  if (opened.ok() && opened->plaintext() != "value") return absl::DataLossError("another value");
  return opened.status();
}

class FullDiskTest : public ::testing::Test {
 protected:
  std::unique_ptr<Client> Connect(const Daemon& daemon) {
    // One attempt: a retry would hide an error.
    auto client = Client::Create({.target = daemon.target(), .max_attempts = 1});
    return std::move(client).value();
  }

  void MakeTenantAndKey(Client& client) {
    v1::CreateTenantRequest tenant;
    tenant.set_tenant("acme");
    ASSERT_THAT(client.CreateTenant(tenant), IsOk());
    v1::CreateKeyRequest key;
    key.set_tenant("acme");
    key.set_name("before");
    ASSERT_THAT(client.CreateKey(key), IsOk());
    ASSERT_OK_AND_ASSIGN(const auto sealed, Seal(client, "before"));
    ciphertext_ = sealed.ciphertext();
  }

  // The refused creation left nothing, and its retry makes the key once.
  void ExpectRetryMakesTheKeyOnce(Client& client, const v1::CreateKeyRequest& request) {
    ASSERT_OK_AND_ASSIGN(const v1::Key made, client.CreateKey(request));
    EXPECT_EQ(made.primary_version(), 1u);
    ASSERT_OK_AND_ASSIGN(const v1::Key again, client.CreateKey(request));
    EXPECT_EQ(again.key_id(), made.key_id());
    ASSERT_OK_AND_ASSIGN(const auto sealed, Seal(client, request.name()));
    EXPECT_THAT(Opens(client, sealed.ciphertext()), IsOk());
    EXPECT_THAT(Opens(client, ciphertext_), IsOk());
  }

  TempDir dir_;
  std::string ciphertext_;
};

// All on the full disk, as with --dev.
TEST_F(FullDiskTest, EverythingOnTheFullDisk) {
  const SmallDisk disk(dir_.File("disk"), "size=4m,mode=0700");
  Daemon daemon({.data_dir = dir_.File("disk/data"), .log_path = dir_.File("log")});
  ASSERT_THAT(daemon.Start(), IsOk());
  auto client = Connect(daemon);
  ASSERT_NO_FATAL_FAILURE(MakeTenantAndKey(*client));
  disk.Fill();

  const Refused refused = CreateKeysUntilRefused(*client);
  EXPECT_THAT(refused.status,
              AnyOf(StatusIs(absl::StatusCode::kResourceExhausted, Reason::kStoreFull),
                    StatusIs(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable)));
  EXPECT_TRUE(daemon.Alive()) << daemon.Log();

  disk.Free();
  daemon.Terminate();  // An audit trail that has failed is not trusted again.
  ASSERT_THAT(daemon.Start(), IsOk());
  client = Connect(daemon);
  v1::GetKeyRequest get;
  get.set_tenant("acme");
  get.set_name(refused.request.name());
  EXPECT_THAT(client->GetKey(get), StatusIs(Reason::kKeyNotFound));
  ExpectRetryMakesTheKeyOnce(*client, refused.request);
  EXPECT_EQ(daemon.Terminate(), (ExitStatus{0, 0}));
}

// A configuration whose data and audit trail lie where they are told to.
std::string ConfigWith(const std::string& data_dir, const std::string& audit_file) {
  return fmt::format(R"(data_dir: {0}
listen:
  unix: {0}/fieldkmsd.sock
root:
  local:
    create_if_missing: true
audit:
  file: {1}
memory:
  lock: preferred
access:
  roles:
    all:
      - actions: [encrypt, decrypt, key.create, key.read, key.rotate, tenant.create]
        tenants: ["*"]
        keys: ["*"]
  principals:
    tester:
      users: [{2}]
      roles: [all]
)",
                     data_dir, audit_file, ::geteuid());
}

// The store is full, the audit trail is not: changes are refused and undone, what
// is sealed opens and what is loaded seals, and space is all that it takes.
TEST_F(FullDiskTest, StoreOnTheFullDisk) {
  const SmallDisk disk(dir_.File("disk"), "size=4m,mode=0700");
  WriteFile(dir_.File("config.yaml"), ConfigWith(dir_.File("disk/data"), dir_.File("audit.jsonl")));
  Daemon daemon({.data_dir = dir_.File("disk/data"),
                 .args = {"--config", dir_.File("config.yaml")},
                 .log_path = dir_.File("log")});
  ASSERT_THAT(daemon.Start(), IsOk());
  const auto client = Connect(daemon);
  ASSERT_NO_FATAL_FAILURE(MakeTenantAndKey(*client));
  disk.Fill();

  const Refused refused = CreateKeysUntilRefused(*client);
  EXPECT_THAT(refused.status, StatusIs(absl::StatusCode::kResourceExhausted, Reason::kStoreFull));
  v1::RotateKeyRequest rotate;
  rotate.set_tenant("acme");
  rotate.set_name("before");
  rotate.set_expected_primary(1);
  rotate.set_request_id("rotate-before");
  EXPECT_THAT(client->RotateKey(rotate), StatusIs(Reason::kStoreFull));
  EXPECT_THAT(Opens(*client, ciphertext_), IsOk());
  ASSERT_OK_AND_ASSIGN(const auto sealed, Seal(*client, "before"));
  EXPECT_EQ(sealed.key_version(), 1u);

  disk.Free();
  ExpectRetryMakesTheKeyOnce(*client, refused.request);
  ASSERT_OK_AND_ASSIGN(const v1::Key rotated, client->RotateKey(rotate));
  EXPECT_EQ(rotated.primary_version(), 2u);
  EXPECT_EQ(daemon.Terminate(), (ExitStatus{0, 0}));
}

// The audit trail is full: nothing is answered any more, not even reads of values,
// until the daemon is started anew on a disk with space.
TEST_F(FullDiskTest, AuditOnTheFullDisk) {
  const SmallDisk disk(dir_.File("disk"), "size=1m,mode=0700");
  WriteFile(dir_.File("config.yaml"), ConfigWith(dir_.File("data"), dir_.File("disk/audit.jsonl")));
  Daemon daemon({.data_dir = dir_.File("data"), .args = {"--config", dir_.File("config.yaml")}});
  ASSERT_THAT(daemon.Start(), IsOk());
  auto client = Connect(daemon);
  ASSERT_NO_FATAL_FAILURE(MakeTenantAndKey(*client));
  disk.Fill();

  absl::Status refused;
  for (int i = 0; i < 10'000 && refused.ok(); ++i) refused = Seal(*client, "before").status();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable));
  EXPECT_THAT(Opens(*client, ciphertext_), StatusIs(Reason::kAuditUnavailable));
  v1::CreateKeyRequest request;
  request.set_tenant("acme");
  request.set_name("unaudited");
  request.set_request_id("create-unaudited");
  EXPECT_THAT(client->CreateKey(request), StatusIs(Reason::kAuditUnavailable));
  EXPECT_TRUE(daemon.Alive()) << daemon.Log();

  disk.Free();
  daemon.Terminate();
  ASSERT_THAT(daemon.Start(), IsOk());
  client = Connect(daemon);
  v1::GetKeyRequest get;
  get.set_tenant("acme");
  get.set_name("unaudited");
  EXPECT_THAT(client->GetKey(get), StatusIs(Reason::kKeyNotFound)) << "no intent, no change";
  ExpectRetryMakesTheKeyOnce(*client, request);
  EXPECT_EQ(daemon.Terminate(), (ExitStatus{0, 0}));
}

}  // namespace
}  // namespace fieldkms::fault
