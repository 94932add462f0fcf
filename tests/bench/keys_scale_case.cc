// keys_scale: what it costs that there are many keys.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "clients/cpp/client.h"
#include "crypto/status.h"
#include "tests/bench/bench_case.h"
#include "tests/bench/in_turn.h"
#include "tests/bench/key_filler.h"
#include "tests/bench/loaded_server.h"
#include "tests/bench/report.h"
#include "tests/support/seeded_random.h"

namespace fieldkms::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr double kTurnSeconds = 0.5;
constexpr size_t kHotKeys = 10'000;
constexpr size_t kWalkedKeys = 100'000;  // more than are loaded at a time
constexpr int kRotations = 20;
constexpr uint64_t kMemlock = uint64_t{8} << 20;

double SecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

// `count` of `all` keys, in no order of the store's.
std::vector<std::string> SomeKeys(size_t count, size_t all) {
  std::vector<size_t> indices(all);
  for (size_t i = 0; i < all; ++i) indices[i] = i;
  fieldkms::testing::SeededRandom random(1);
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) {
    std::swap(indices[i], indices[i + random.Below(all - i)]);
    names.push_back(FilledKeyName(indices[i]));
  }
  return names;
}

// Batches whose items name these keys, one after the other, each at least once.
std::vector<v1::BatchEncryptRequest> BatchesOver(const std::vector<std::string>& names) {
  std::vector<v1::BatchEncryptRequest> batches;
  for (size_t next = 0; next < names.size();) {
    v1::BatchEncryptRequest batch = BatchRequest();
    batch.clear_key();
    for (auto& item : *batch.mutable_items()) item.set_key(names[next++ % names.size()]);
    batches.push_back(std::move(batch));
  }
  return batches;
}

// The same number of batches whose items name one key.
std::vector<v1::BatchEncryptRequest> BatchesOfOne(const std::string& name, size_t count) {
  return std::vector<v1::BatchEncryptRequest>(count, BatchesOver({name}).front());
}

// What the case asks of the daemon beside the load.
class Owner {
 public:
  static absl::StatusOr<Owner> Of(std::shared_ptr<ServerProcess> server) {
    FIELDKMS_ASSIGN_OR_RETURN(auto client, Client::Create({.target = server->target()}));
    return Owner(std::move(server), std::move(client));
  }

  // Encrypts under each of the keys, so that they are loaded; all must succeed.
  absl::Status Use(const std::vector<std::string>& names) {
    for (const v1::BatchEncryptRequest& batch : BatchesOver(names)) {
      FIELDKMS_ASSIGN_OR_RETURN(const auto response, client_->BatchEncrypt(batch));
      if (response.failed_count() > 0) return absl::InternalError("items of a batch failed");
    }
    return absl::OkStatus();
  }

  // Rotates a key and has it seal under its new version; milliseconds from one to the other.
  absl::StatusOr<double> Publish(const std::string& name) {
    v1::RotateKeyRequest rotation;
    rotation.set_tenant(std::string(kBenchTenant));
    rotation.set_name(name);
    v1::EncryptRequest use;
    use.set_tenant(rotation.tenant());
    use.set_key(name);
    use.set_plaintext("4111111111111111");
    const auto start = SteadyClock::now();
    FIELDKMS_ASSIGN_OR_RETURN(const v1::Key key, client_->RotateKey(rotation));
    FIELDKMS_ASSIGN_OR_RETURN(const v1::EncryptResponse sealed, client_->Encrypt(use));
    const double took = SecondsSince(start) * 1e3;
    if (sealed.key_version() != key.primary_version()) {
      return absl::InternalError("a rotation was answered before it was in force");
    }
    return took;
  }

  double Resident() const { return server_->MemoryBytes("VmRSS"); }
  double Locked() const { return server_->MemoryBytes("VmLck"); }

 private:
  Owner(std::shared_ptr<ServerProcess> server, std::unique_ptr<Client> client)
      : server_(std::move(server)), client_(std::move(client)) {}

  std::shared_ptr<ServerProcess> server_;
  std::unique_ptr<Client> client_;
};

std::string MiB(double bytes) { return fmt::format("{:.1f} MiB", bytes / (1 << 20)); }

// What `use` adds to the daemon, for each of `keys` keys.
absl::StatusOr<std::vector<std::string>> LoadKeys(Owner& owner, const std::string& what,
                                                  const std::vector<std::string>& names) {
  const double resident = owner.Resident();
  const double locked = owner.Locked();
  const auto start = SteadyClock::now();
  FIELDKMS_RETURN_IF_ERROR(owner.Use(names));
  const double each = static_cast<double>(names.size());
  const std::string per_key =
      fmt::format("{:.0f} us, {:.0f} B resident, {:.0f} B locked", SecondsSince(start) / each * 1e6,
                  (owner.Resident() - resident) / each, (owner.Locked() - locked) / each);
  return std::vector<std::string>{fmt::format("{} {} keys", names.size(), what), per_key,
                                  MiB(owner.Resident()), MiB(owner.Locked())};
}

absl::StatusOr<std::vector<double>> PublishSome(Owner& owner,
                                                const std::vector<std::string>& names) {
  std::vector<double> took;
  for (size_t i = 0; i < std::min<size_t>(kRotations, names.size()); ++i) {
    FIELDKMS_ASSIGN_OR_RETURN(const double one, owner.Publish(names[i]));
    took.push_back(one);
  }
  return took;
}

}  // namespace

absl::StatusOr<BenchResult> RunKeysScale(const BenchOptions& options) {
  double fill_seconds = 0;
  const auto fill = [&](const ServerProcess& server) {
    const auto start = SteadyClock::now();
    const auto ids = FillStore(server.store_path(), server.root_path(), options.keys);
    fill_seconds = SecondsSince(start);
    return ids.status();
  };
  FIELDKMS_ASSIGN_OR_RETURN(std::shared_ptr<ServerProcess> server,
                            ServerProcess::StartDaemon(
                                {.durability = AuditDurability::kNone, .memlock = kMemlock}, fill));
  FIELDKMS_ASSIGN_OR_RETURN(Owner owner, Owner::Of(server));

  const auto hot = SomeKeys(std::min(kHotKeys, options.keys), options.keys);
  std::vector<v1::BatchEncryptRequest> over_hot = BatchesOver(hot);
  const Traffic one_key = BatchTraffic(BatchesOfOne(std::string(kBenchKey), over_hot.size()));
  const Traffic many_keys = BatchTraffic(std::move(over_hot));
  LoadedServer many(fmt::format("{} keys", hot.size()), {server}, many_keys);
  LoadedServer one("1 key (baseline)", {server}, one_key);
  one.Measure(kTurnSeconds);  // what the daemon needs for any load is there before the keys
  FIELDKMS_ASSIGN_OR_RETURN(const auto hot_row, LoadKeys(owner, "hot", hot));
  const Contender contenders[] = {[&](double s) { return many.Measure(s); },
                                  [&](double s) { return one.Measure(s); }};
  const std::vector<Rates> rates = MeasureInTurn(contenders, options.seconds, kTurnSeconds);
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<double> published, PublishSome(owner, hot));
  FIELDKMS_ASSIGN_OR_RETURN(
      const auto walked_row,
      LoadKeys(owner, "more", SomeKeys(std::min(kWalkedKeys, options.keys), options.keys)));
  const double locked = owner.Locked();
  if (locked > static_cast<double>(kMemlock)) return absl::InternalError("locked above the limit");

  PrintSettings(
      {{"store", fmt::format("SQLite with {} keys, each wrapped on its own; filled in {:.1f} s",
                             options.keys, fill_seconds)},
       {"load", "8 calls of 1,000 values of 16 bytes in flight, each value names its key"},
       {"key memory", fmt::format("memory.lock: required, RLIMIT_MEMLOCK {}", MiB(kMemlock))},
       {"access", DescribeAccess()},
       {"audit", "one record a call, not synced"},
       {"baseline", "the same daemon and messages; all values name one key"},
       {"rounds", fmt::format("{} of {:.1f} s each", rates[0].size(), kTurnSeconds)}});
  PrintTable(LoadedServer::Header(many_keys),
             {many.Row(rates[0], rates[1]), one.Row(rates[1], rates[1])});
  PrintTable({"first use of", "each", "resident after", "locked after"}, {hot_row, walked_row});
  fmt::print(
      "  publish: RotateKey to the first value under the new version, median {:.1f} ms, "
      "most {:.1f} ms\n\n",
      Median(published), Percentile(published, 1));
  return BenchResult{Compare(rates[0], rates[1]).median, Median(rates[0]), Median(rates[1]),
                     many_keys.unit};
}

}  // namespace fieldkms::bench
