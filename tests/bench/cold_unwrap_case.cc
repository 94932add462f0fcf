// cold_unwrap: the first use of a data key, with its tenant's key at hand.
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/status.h"
#include "kms/keyring/keyring.h"
#include "kms/keyring/wrap.h"
#include "kms/root/local_root.h"
#include "kms/store/sqlite_connection.h"
#include "kms/store/sqlite_store.h"
#include "tests/bench/bare_evp.h"
#include "tests/bench/bench_case.h"
#include "tests/bench/daemon_config.h"
#include "tests/bench/in_turn.h"
#include "tests/bench/key_filler.h"
#include "tests/bench/processor_rate.h"
#include "tests/bench/report.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::bench {
namespace {

constexpr double kTurnSeconds = 0.05;
constexpr size_t kKeys = 50'000;
constexpr size_t kKeysAKeyring = 10'000;  // as many as are hot in keys_scale

template <class T>
T Get(absl::StatusOr<T> value) {
  CheckOk(value.status());
  return *std::move(value);
}

// A store of kKeys keys, and what opens it.
struct Installation {
  Installation() {
    CheckOk(CreateLocalRoot(root_path));
    root = Get(OpenLocalRoot(root_path));
    {
      const auto fresh = Get(OpenSqliteStore(store_path, SystemClock()));
      const auto keyring = Get(Keyring::Open(*fresh, *root, SystemClock()));
      CheckOk(keyring->admin().CreateTenant(kBenchTenant, "bench-tenant", kNoDeadline).status());
    }
    ids = Get(FillStore(store_path, root_path, kKeys));
    store = Get(OpenSqliteStore(store_path, SystemClock()));
  }

  fieldkms::testing::TempDir dir;
  const std::string store_path = dir.File("store.db");
  const std::string root_path = dir.File("root.key");
  std::unique_ptr<RootKey> root;
  std::unique_ptr<Store> store;
  std::vector<uint64_t> ids;
};

// Keys that were never used in their keyring, one after the other; after kKeysAKeyring of
// them a new keyring, which has unwrapped the tenant's key and nothing else.
class FirstUses {
 public:
  using Use = std::function<absl::Status(Keyring& keyring, size_t index)>;

  FirstUses(const Installation& all, Use use) : all_(all), use_(std::move(use)) {}

  void Next() {
    if (next_ % kKeysAKeyring == 0) Renew();
    CheckOk(use_(*keyring_, next_++ % kKeys));
  }

 private:
  void Renew() {
    keyring_.reset();
    keyring_ = Get(Keyring::Open(*all_.store, *all_.root, SystemClock()));
    CheckOk(use_(*keyring_, (next_ + kKeysAKeyring) % kKeys));  // for the tenant's key
  }

  const Installation& all_;
  const Use use_;
  std::unique_ptr<Keyring> keyring_;
  size_t next_ = 0;
};

// The same keys, one after the other: one prepared statement, on an open connection that is
// set as the store's are, for what it takes to unwrap a version (that the key is the
// tenant's, its purpose, the version's state, its wrapped bytes); and one XAES-256-GCM in
// keyed contexts.
class BareUnwraps {
 public:
  explicit BareUnwraps(const Installation& all)
      : all_(all), db_(Get(SqliteConnection::Open(all.store_path))), opener_(OpenKek(all)) {
    CheckOk(db_->MakeDurable());
    aad_ = "fieldkms/dek/1";
    aad_.append({'\0', static_cast<char>(kBenchTenant.size())}).append(kBenchTenant);
    id_at_ = aad_.size();
    aad_.append({'\0', '\0', '\0', '\0', '\0', '\0', '\0', '\0', '\0', '\0', '\0', '\1', '\1'});
  }

  void Next() {
    const uint64_t id = all_.ids[next_++ % kKeys];
    std::string wrapped;
    {
      SqliteStatement row = db_->Use(
          "SELECT k.purpose, w.state, w.kek_version, w.wrapped FROM keys k "
          "JOIN key_versions w ON w.key_id = k.key_id AND w.version = 1 "
          "WHERE k.key_id = ? AND k.tenant = ?");
      row.Int(static_cast<int64_t>(id)).Text(kBenchTenant);
      const bool usable = Get(row.Step()) && row.ColumnInt(0) == 1 && row.ColumnInt(1) == 1 &&
                          row.ColumnInt(2) == 1;
      if (!usable) throw std::runtime_error("the key is not what it was");
      wrapped = row.ColumnBytes(3);
    }
    PutU64(reinterpret_cast<uint8_t*>(aad_.data() + id_at_), id);
    opener_.Open(AsBytes(wrapped).first<24>(), aad_, std::string_view(wrapped).substr(24), dek_);
  }

 private:
  static BareEvpOpener OpenKek(const Installation& all) {
    const KekRecord record = Get(all.store->GetKek(kBenchTenant, 1, kNoDeadline));
    const SecretBytes kek =
        Get(all.root->Unwrap(record.wrapped, KekContext(kBenchTenant, 1), kNoDeadline));
    return BareEvpOpener(kek.Expose().first<kKekSize>());
  }

  const Installation& all_;
  const std::unique_ptr<SqliteConnection> db_;
  BareEvpOpener opener_;
  std::string aad_;
  size_t id_at_ = 0;
  std::array<uint8_t, kDekSize> dek_;
  size_t next_ = 0;
};

// Microseconds of `next`, one at a time, of all turns.
class Timed {
 public:
  explicit Timed(std::function<void()> next) : next_(std::move(next)) {}

  // One over the median of this turn.
  double Measure(double seconds) {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    std::vector<double> took;
    for (auto now = Clock::now(); now < end;) {
      next_();
      const auto after = Clock::now();
      took.push_back(std::chrono::duration<double, std::micro>(after - now).count());
      now = after;
    }
    all_.insert(all_.end(), took.begin(), took.end());
    return 1e6 / Median(std::move(took));
  }

  std::vector<std::string> Row(const std::string& name, const Rates& rates,
                               const Rates& baseline) const {
    const Ratio ratio = Compare(rates, baseline);
    return {name,
            fmt::format("{}", all_.size()),
            fmt::format("{:.1f}", Percentile(all_, 0.5)),
            fmt::format("{:.1f}", Percentile(all_, 0.99)),
            fmt::format("{:.3f}", ratio.median),
            fmt::format("{:.3f}-{:.3f}", ratio.low, ratio.high)};
  }

 private:
  const std::function<void()> next_;
  std::vector<double> all_;
};

}  // namespace

absl::StatusOr<BenchResult> RunColdUnwrap(const BenchOptions& options) {
  const Installation all;
  FirstUses by_id(all, [&all](Keyring& keyring, size_t index) {
    return keyring.LoadById(kBenchTenant, all.ids[index], 1, kNoDeadline);
  });
  FirstUses by_name(all, [](Keyring& keyring, size_t index) {
    return keyring.LoadByName(kBenchTenant, FilledKeyName(index), kNoDeadline);
  });
  BareUnwraps bare(all);
  Timed timed[] = {Timed([&by_id] { by_id.Next(); }), Timed([&bare] { bare.Next(); }),
                   Timed([&by_name] { by_name.Next(); })};
  std::vector<Contender> contenders;
  for (Timed& one : timed) {
    contenders.push_back([&one](double seconds) { return one.Measure(seconds); });
  }
  const std::vector<Rates> rates = MeasureInTurn(contenders, options.seconds, kTurnSeconds);

  PrintSettings(
      {{"store", fmt::format("SQLite with {} keys, in the page cache", kKeys)},
       {"keyring", "in process, the tenant's key unwrapped; each key is used first"},
       {"baseline",
        "one prepared statement on an open connection for tenant, purpose, state and "
        "wrapped bytes; one XAES-256-GCM in keyed EVP contexts"},
       {"rounds", fmt::format("{} of {:.0f} ms each", rates[0].size(), kTurnSeconds * 1e3)}});
  PrintTable({"contender", "keys", "p50 us", "p99 us", "ratio of p50", "middle half"},
             {timed[0].Row("by id, to open", rates[0], rates[1]),
              timed[1].Row("bare read and unwrap (baseline)", rates[1], rates[1]),
              timed[2].Row("by name, to seal", rates[2], rates[1])});
  return BenchResult{Compare(rates[0], rates[1]).median, Median(rates[0]), Median(rates[1]),
                     "unwraps/s"};
}

}  // namespace fieldkms::bench
