// Two replicas over one PostgreSQL under mixed load, while daemons and the database are
// killed and sockets cut around COMMIT. At the end every acknowledged ciphertext opens
// on both replicas, and no acknowledged key or version is lost.
//
// A minute, or ten in a soak (FIELDKMS_SOAK). FIELDKMS_FAULT_SEED repeats the choices.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "clients/cpp/client.h"
#include "clients/cpp/rpc_status.h"
#include "crypto/status.h"
#include "tests/support/cut_proxy.h"
#include "tests/support/postgres_server.h"
#include "tests/support/replicas.h"
#include "tests/support/seeded_random.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr size_t kBatch = 1'000;

seconds SoakTime() { return seconds(std::getenv("FIELDKMS_SOAK") != nullptr ? 600 : 60); }

// What was acknowledged. Thread-safe.
class SoakLedger {
 public:
  struct Row {
    std::string ciphertext;
    std::string value;
    std::string pk;
  };
  void AddRow(Row row) {
    const std::lock_guard lock(mutex_);
    rows_.push_back(std::move(row));
  }
  void AddKey(const std::string& name) {
    const std::lock_guard lock(mutex_);
    primaries_.emplace(name, 1);
  }
  void NotePrimary(const std::string& name, uint32_t primary) {
    const std::lock_guard lock(mutex_);
    uint32_t& known = primaries_[name];
    known = std::max(known, primary);
  }
  std::string AnyKey(SeededRandom& random) const {
    const std::lock_guard lock(mutex_);
    auto it = primaries_.begin();
    std::advance(it, static_cast<long>(random.Below(primaries_.size())));
    return it->first;
  }
  // For when all threads have ended.
  const std::vector<Row>& rows() const { return rows_; }
  const std::map<std::string, uint32_t>& primaries() const { return primaries_; }

 private:
  mutable std::mutex mutex_;
  std::vector<Row> rows_;
  std::map<std::string, uint32_t> primaries_;
};

class ReplicaSoak : public ::testing::Test {
 protected:
  void SetUp() override {
    fmt::print("seed {} (set FIELDKMS_FAULT_SEED to repeat)\n", RunSeed());
    const std::string database = server_.MakeStore();
    const auto through = [&](const CutProxy& proxy) {
      return "host=" + proxy.socket_dir() + " port=5432 dbname=" + database +
             " user=" + PostgresServer::kServiceLogin;
    };
    replicas_ = std::make_unique<Replicas>(
        std::vector<std::string>{through(proxies_[0]), through(proxies_[1])},
        "cache: {poll: 200ms}\ncaretaker: {pause: 200ms}\n");
    replicas_->Start();
    for (size_t i = 0; i < 2; ++i) clients_[i] = NewClient(i, seconds(3), 2);
    v1::CreateTenantRequest request;
    request.set_tenant("acme");
    ASSERT_OK(clients_[0]->CreateTenant(request));
    ASSERT_OK(MakeKey(*clients_[0], "key-0"));
  }
  std::unique_ptr<Client> NewClient(size_t replica, milliseconds timeout, int attempts) {
    auto client = Client::Create(
        {.target = replicas_->at(replica).target(), .timeout = timeout, .max_attempts = attempts});
    EXPECT_OK(client);
    return *std::move(client);
  }

  absl::Status MakeKey(Client& client, const std::string& name) {
    v1::CreateKeyRequest request;
    request.set_tenant("acme");
    request.set_name(name);
    FIELDKMS_RETURN_IF_ERROR(client.CreateKey(request).status());
    ledger_.AddKey(name);
    return absl::OkStatus();
  }
  absl::Status Rotate(Client& client, const std::string& name) {
    v1::RotateKeyRequest request;
    request.set_tenant("acme");
    request.set_name(name);
    FIELDKMS_ASSIGN_OR_RETURN(const v1::Key key, client.RotateKey(request));
    ledger_.NotePrimary(name, key.primary_version());
    return absl::OkStatus();
  }
  absl::Status Seal(Client& client, const std::string& name, SeededRandom& random) {
    SoakLedger::Row row{{}, std::to_string(random.Next()), std::to_string(random.Next())};
    v1::EncryptRequest request;
    request.set_tenant("acme");
    request.set_key(name);
    request.set_plaintext(row.value);
    auto* const entry = request.add_context();
    entry->set_name("pk");
    entry->set_value(row.pk);
    FIELDKMS_ASSIGN_OR_RETURN(const v1::EncryptResponse response, client.Encrypt(request));
    row.ciphertext = response.ciphertext();
    ledger_.AddRow(std::move(row));
    return absl::OkStatus();
  }
  // Opens `count` rows from `begin` on in one call.
  void OpenAll(Client& client, size_t begin, size_t count) {
    v1::BatchDecryptRequest request;
    request.set_tenant("acme");
    for (size_t i = begin; i < begin + count; ++i) {
      auto* const item = request.add_items();
      item->set_ciphertext(ledger_.rows()[i].ciphertext);
      auto* const entry = item->add_context();
      entry->set_name("pk");
      entry->set_value(ledger_.rows()[i].pk);
    }
    const auto response = client.BatchDecrypt(request);
    ASSERT_OK(response);
    for (size_t i = 0; i < count; ++i) {
      const auto& result = response->results(static_cast<int>(i));
      ASSERT_OK(StatusOfItem(result.error())) << "row " << begin + i;
      ASSERT_EQ(result.plaintext(), ledger_.rows()[begin + i].value) << "row " << begin + i;
    }
  }

  // Load until `stop`. What fails is retried or let go by the client; what is
  // acknowledged counts.
  void Load(uint64_t seed) {
    SeededRandom random(seed);
    while (!stop_.load()) {
      Client& client = *clients_[random.Below(2)];
      const uint64_t choice = random.Below(100);
      const std::string name = ledger_.AnyKey(random);
      absl::Status status;
      if (choice < 2) {
        status = MakeKey(client, "key-" + std::to_string(random.Next()));
      } else if (choice < 8) {
        status = Rotate(client, name);
      } else {
        status = Seal(client, name, random);
      }
      status.ok() ? ++acknowledged_ : ++failed_;
      // A failure in doubt is none of loss; anything but an outage is a bug.
      if (!status.ok() && !absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status) &&
          !absl::IsAborted(status)) {
        ADD_FAILURE() << status;
      }
    }
  }

  // One thing that goes wrong. On the main thread, which owns the processes.
  void Hurt(SeededRandom& random) {
    const size_t replica = random.Below(2);
    switch (random.Below(6)) {
      case 0:
        replicas_->at(replica).Kill();
        std::this_thread::sleep_for(milliseconds(random.Below(300)));
        ASSERT_OK(replicas_->at(replica).Start());
        break;
      case 1:
        server_.Kill();
        std::this_thread::sleep_for(milliseconds(random.Below(500)));
        server_.Start();
        break;
      case 2:
        proxies_[replica].CutNextCommit(CutProxy::Cut::kBeforeCommit);
        break;
      case 3:
        proxies_[replica].CutNextCommit(CutProxy::Cut::kAfterCommit);
        break;
      default:
        proxies_[replica].CutAll();
        break;
    }
    ++hurts_;
  }

  PostgresServer server_;
  CutProxy proxies_[2]{CutProxy(server_.socket_dir()), CutProxy(server_.socket_dir())};
  std::unique_ptr<Replicas> replicas_;
  std::unique_ptr<Client> clients_[2];
  SoakLedger ledger_;
  std::atomic<bool> stop_{false};
  std::atomic<int> acknowledged_{0};
  std::atomic<int> failed_{0};
  int hurts_ = 0;
};

TEST_F(ReplicaSoak, NothingThatWasAcknowledgedIsLost) {
  SeededRandom random(RunSeed());
  std::vector<std::thread> load;
  for (int i = 0; i < 3; ++i) load.emplace_back([this, seed = random.Next()] { Load(seed); });
  const auto end = steady_clock::now() + SoakTime();
  while (steady_clock::now() < end && !HasFatalFailure()) {
    std::this_thread::sleep_for(milliseconds(500 + random.Below(1'500)));
    Hurt(random);
  }
  stop_ = true;
  for (std::thread& thread : load) thread.join();
  fmt::print("{} acknowledged, {} failed, {} hurts, {} rows, {} keys\n", acknowledged_.load(),
             failed_.load(), hurts_, ledger_.rows().size(), ledger_.primaries().size());
  ASSERT_GT(hurts_, 10);
  ASSERT_GT(ledger_.rows().size(), 100u);

  for (CutProxy& proxy : proxies_) proxy.CutNextCommit(CutProxy::Cut::kNone);
  for (size_t i = 0; i < 2; ++i) {
    // From nothing: what opens does not do so out of a cache.
    replicas_->at(i).Kill();
    ASSERT_OK(replicas_->at(i).Start());
    // Time for a batch that has to load each of its keys first.
    const std::unique_ptr<Client> client = NewClient(i, seconds(60), 10);
    for (size_t begin = 0; begin < ledger_.rows().size(); begin += kBatch) {
      OpenAll(*client, begin, std::min(kBatch, ledger_.rows().size() - begin));
      ASSERT_FALSE(HasFatalFailure()) << "on replica " << i;
    }
    for (const auto& [name, primary] : ledger_.primaries()) {
      v1::GetKeyRequest request;
      request.set_tenant("acme");
      request.set_name(name);
      const auto key = client->GetKey(request);
      ASSERT_OK(key);
      EXPECT_GE(key->primary_version(), primary) << name;
    }
  }
}

}  // namespace
}  // namespace fieldkms::testing
