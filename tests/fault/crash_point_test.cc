// A daemon that dies before each of its syncs, one after the other, in its first
// start and in every change after it.
//
// What it had written by then lies in the page cache, so its successor sees it. What
// the successor shows, or answers from, must be on the disk by then: the power may
// be cut the next moment.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

#include "clients/cpp/client.h"
#include "tests/support/daemon.h"
#include "tests/support/status_matchers.h"
#include "tests/support/subprocess.h"
#include "tests/support/sync_shadow.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::fault {
namespace {

using ::fieldkms::testing::Daemon;
using ::fieldkms::testing::MaterializeShadow;
using ::fieldkms::testing::ReadFile;
using ::fieldkms::testing::RunCommand;
using ::fieldkms::testing::SyncShadowEnv;
using ::fieldkms::testing::TempDir;
using ::fieldkms::testing::WriteFile;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;

constexpr char kTenant[] = "acme";
constexpr char kKey[] = "customers.card_number";
// More syncs than the script needs, and a loop that ends if it never completes.
constexpr int kMaxSyncs = 100;

// Each file in a directory of its own, so that the sync of one name does not make
// another durable by the way.
std::string ConfigIn(const std::string& dir) {
  return fmt::format(R"(data_dir: {0}/data
listen:
  unix: {0}/data/fieldkmsd.sock
root:
  local:
    path: {0}/root/root.key
    create_if_missing: true
audit:
  file: {0}/audit/audit.jsonl
memory:
  lock: preferred
hardening:
  landlock: off # the shadow lies elsewhere
access:
  roles:
    all:
      - actions: [encrypt, decrypt, key.create, key.read, key.rotate, tenant.create, tenant.read]
        tenants: ["*"]
        keys: ["*"]
  principals:
    tester:
      users: [{1}]
      roles: [all]
)",
                     dir, ::geteuid());
}

std::unique_ptr<Client> Connect(const Daemon& daemon) {
  auto client = Client::Create({.target = daemon.target(), .max_attempts = 1});
  EXPECT_THAT(client, IsOk());
  return *std::move(client);
}

// What a service shows of itself: rows by the ciphertexts that it must open, the
// version that is primary, 0 where there is no key, -1 where there is no tenant; and
// the calls that it answered, which its trail must have.
struct Shown {
  int primary = -1;
  std::map<std::string, std::string> rows;
  std::set<std::string> request_ids;  // of changes
};

absl::Status Encrypt(Client& client, const std::string& value, Shown* shown) {
  v1::EncryptRequest request;
  request.set_tenant(kTenant);
  request.set_key(kKey);
  request.set_plaintext(value);
  const auto sealed = client.Encrypt(request);
  if (sealed.ok()) shown->rows[sealed->ciphertext()] = value;
  return sealed.status();
}

absl::Status Acknowledge(const absl::Status& status, const std::string& request_id, int primary,
                         Shown* acknowledged) {
  if (!status.ok()) return status;
  acknowledged->request_ids.insert(request_id);
  acknowledged->primary = primary;
  return status;
}

absl::Status CreateTenant(Client& client, Shown* acknowledged) {
  v1::CreateTenantRequest request;
  request.set_tenant(kTenant);
  request.set_request_id("create-tenant");
  return Acknowledge(client.CreateTenant(request).status(), request.request_id(), 0, acknowledged);
}

absl::Status CreateKey(Client& client, Shown* acknowledged) {
  v1::CreateKeyRequest request;
  request.set_tenant(kTenant);
  request.set_name(kKey);
  request.set_request_id("create-key");
  return Acknowledge(client.CreateKey(request).status(), request.request_id(), 1, acknowledged);
}

absl::Status Rotate(Client& client, Shown* acknowledged) {
  v1::RotateKeyRequest request;
  request.set_tenant(kTenant);
  request.set_name(kKey);
  request.set_expected_primary(1);
  request.set_request_id("rotate-key");
  return Acknowledge(client.RotateKey(request).status(), request.request_id(), 2, acknowledged);
}

// Every kind of change and a value under each version, noting what is acknowledged.
// Ends at the first error: the daemon is dead.
absl::Status RunScript(Client& client, Shown* acknowledged) {
  FIELDKMS_RETURN_IF_ERROR(CreateTenant(client, acknowledged));
  FIELDKMS_RETURN_IF_ERROR(CreateKey(client, acknowledged));
  FIELDKMS_RETURN_IF_ERROR(Encrypt(client, "under version 1", acknowledged));
  FIELDKMS_RETURN_IF_ERROR(Rotate(client, acknowledged));
  return Encrypt(client, "under version 2", acknowledged);
}

int PrimaryOf(Client& client) {
  v1::GetKeyRequest request;
  request.set_tenant(kTenant);
  request.set_name(kKey);
  const auto key = client.GetKey(request);
  if (key.ok()) return static_cast<int>(key->primary_version());
  if (ReasonOf(key.status()) == Reason::kTenantNotFound) return -1;
  EXPECT_EQ(ReasonOf(key.status()), Reason::kKeyNotFound);
  return 0;
}

void ExpectOpens(Client& client, const Shown& shown) {
  for (const auto& [ciphertext, value] : shown.rows) {
    v1::DecryptRequest request;
    request.set_tenant(kTenant);
    request.set_ciphertext(ciphertext);
    ASSERT_OK_AND_ASSIGN(const auto opened, client.Decrypt(request));
    EXPECT_EQ(opened.plaintext(), value);
  }
}

// Every answer is in the trail.
void ExpectRecorded(const Shown& shown, const std::string& trail) {
  std::set<std::string> request_ids;
  size_t sealed = 0;
  std::istringstream lines(trail);
  for (std::string line; std::getline(lines, line);) {
    const auto record = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!record.is_object() || record["kind"] != "outcome" || record["code"] != "OK") continue;
    if (record.contains("request_id")) request_ids.insert(record["request_id"]);
    if (record["method"] == "CryptoService.Encrypt") ++sealed;
  }
  EXPECT_THAT(request_ids, IsSupersetOf(shown.request_ids));
  EXPECT_GE(sealed, shown.rows.size());
}

class CrashPointTest : public ::testing::Test {
 protected:
  static Daemon DaemonIn(const std::string& place, std::map<std::string, std::string> env) {
    WriteFile(place + ".yaml", ConfigIn(place));
    return Daemon({.data_dir = place + "/data",
                   .args = {"--config", place + ".yaml"},
                   .env = std::move(env),
                   .log_path = place + ".log"});
  }

  // Lets a daemon die before its sync `number`. False: it lived to the script's end.
  bool DiesBefore(int number, Shown* acknowledged) {
    Daemon daemon = DaemonIn(files(), SyncShadowEnv(files(), shadow(), number));
    const absl::Status started = daemon.Start();
    if (!started.ok()) {
      EXPECT_THAT(started.message(), HasSubstr("signal 9"));
      return true;
    }
    const bool finished = RunScript(*Connect(daemon), acknowledged).ok();
    if (finished) {
      daemon.Kill();
    } else {
      EXPECT_EQ(daemon.AwaitEnd().signal, SIGKILL) << daemon.Log();
    }
    return !finished;
  }

  // The successor: shows what was acknowledged at least, and all of that it opens.
  void ShowOnSuccessor(Shown* shown) {
    Daemon daemon = DaemonIn(files(), SyncShadowEnv(files(), shadow()));
    ASSERT_THAT(daemon.Start(), IsOk());
    const auto client = Connect(daemon);
    const int primary = PrimaryOf(*client);
    EXPECT_GE(primary, shown->primary);
    shown->primary = primary;
    ExpectOpens(*client, *shown);
    if (primary > 0) {
      EXPECT_THAT(Encrypt(*client, "by the successor", shown), IsOk());
    }
    daemon.Kill();
  }

  // After a power cut: all that was shown is there, and the script can be finished.
  void ExpectSurvives(const Shown& shown) {
    MaterializeShadow(shadow(), dir_.File("copy"));
    ExpectRecorded(shown, ReadFile(dir_.File("copy/audit/audit.jsonl")));
    Daemon daemon = DaemonIn(dir_.File("copy"), {});
    ASSERT_THAT(daemon.Start(), IsOk());
    const auto client = Connect(daemon);
    EXPECT_EQ(PrimaryOf(*client), shown.primary);
    ExpectOpens(*client, shown);
    Shown finished;
    EXPECT_THAT(RunScript(*client, &finished), IsOk());
    EXPECT_EQ(PrimaryOf(*client), 2);
    daemon.Kill();
  }

  // Empty directories whose names are durable.
  void StartOver() {
    for (const std::string name : {"files", "shadow", "copy"}) {
      std::filesystem::remove_all(dir_.File(name));
    }
    for (const std::string name : {"data", "root", "audit"}) {
      std::filesystem::create_directories(files() + "/" + name);
      std::filesystem::permissions(files() + "/" + name, std::filesystem::perms::owner_all);
    }
    const auto synced =
        RunCommand({.argv = {"/bin/sync", files()}, .env = SyncShadowEnv(files(), shadow())});
    ASSERT_EQ(synced.status.code, 0) << synced.err;
  }

  std::string files() const { return dir_.File("files"); }
  std::string shadow() const { return dir_.File("shadow"); }

 private:
  TempDir dir_;
};

TEST_F(CrashPointTest, WhatASuccessorShowsSurvivesAPowerCut) {
  int number = 1;
  bool died = true;
  for (; died && number <= kMaxSyncs; ++number) {
    SCOPED_TRACE(fmt::format("killed before sync {}", number));
    ASSERT_NO_FATAL_FAILURE(StartOver());
    Shown shown;
    died = DiesBefore(number, &shown);
    ASSERT_NO_FATAL_FAILURE(ShowOnSuccessor(&shown));
    ASSERT_NO_FATAL_FAILURE(ExpectSurvives(shown));
    if (HasFailure()) return;
  }
  EXPECT_FALSE(died) << "the script was never run to its end";
  EXPECT_GT(number, 15) << "a start, three changes and their records take more syncs than that";
  fmt::print("{} points of death\n", number - 2);
}

}  // namespace
}  // namespace fieldkms::fault
