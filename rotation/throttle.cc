#include "rotation/throttle.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "rotation/words.h"

namespace fieldkms::rotation {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr double kGoesOnAt = 0.8;
constexpr milliseconds kLongestAskedFor = minutes(5);
constexpr uint32_t kMostDoublings = 16;  // beyond any that matters

// What is measured, and limited by a number.
struct Metric {
  std::string_view name;
  std::string_view remedy;  // where it is not known
  std::optional<double> (*value)(const LoadSample&);
  double (*limit)(const ResolvedLimits&);
  std::string (*state)(const LoadSample&);  // in words; called where it is known
  std::string (*number)(double);            // a limit in words
};

constexpr std::string_view kGrant = "grant pg_monitor";
constexpr std::string_view kTrack = "turn track_counts on";

template <class Number>
std::optional<double> AsDouble(const std::optional<Number>& number) {
  if (!number) return std::nullopt;
  return static_cast<double>(*number);
}

std::string Count(double number) { return fmt::format("{}", static_cast<uint64_t>(number)); }
std::string Percent(double number) { return fmt::format("{:.3g} %", number); }
std::string Duration(double ms) {
  return DurationWords(milliseconds(static_cast<int64_t>(std::floor(ms))));
}
std::string Bytes(double bytes) { return BytesWords(static_cast<uint64_t>(bytes)); }

constexpr std::array kMetrics = {
    Metric{"replication lag", kGrant,
           [](const LoadSample& sample) -> std::optional<double> {
             if (!sample.replication_lag) return std::nullopt;
             return static_cast<double>(sample.replication_lag->count());
           },
           [](const ResolvedLimits& limits) {
             return static_cast<double>(limits.most_replication_lag.count());
           },
           [](const LoadSample& sample) {
             return "standby is " + DurationWords(*sample.replication_lag) + " behind";
           },
           &Duration},
    Metric{"what replication slots hold back", kGrant,
           [](const LoadSample& sample) { return AsDouble(sample.slot_bytes); },
           [](const ResolvedLimits& limits) { return static_cast<double>(limits.most_slot_bytes); },
           [](const LoadSample& sample) {
             return "a replication slot holds back " + BytesWords(*sample.slot_bytes);
           },
           &Bytes},
    Metric{"number of lock waits", kGrant,
           [](const LoadSample& sample) { return AsDouble(sample.lock_waits); },
           [](const ResolvedLimits& limits) -> double { return limits.most_lock_waits; },
           [](const LoadSample& sample) {
             return fmt::format("{} sessions wait for locks", *sample.lock_waits);
           },
           &Count},
    Metric{"number of active sessions", kGrant,
           [](const LoadSample& sample) { return AsDouble(sample.active_sessions); },
           [](const ResolvedLimits& limits) -> double { return limits.most_active_sessions; },
           [](const LoadSample& sample) {
             return fmt::format("{} active sessions", *sample.active_sessions);
           },
           &Count},
    Metric{"share of dead rows", kTrack,
           [](const LoadSample& sample) { return sample.dead_percent; },
           [](const ResolvedLimits& limits) -> double { return limits.most_dead_percent; },
           [](const LoadSample& sample) {
             return fmt::format("{} of the rows of {} are dead", Percent(*sample.dead_percent),
                                sample.dead_table);
           },
           &Percent},
    Metric{"share of forced checkpoints", kGrant,
           [](const LoadSample& sample) { return sample.forced_checkpoint_percent; },
           [](const ResolvedLimits& limits) -> double {
             return limits.most_forced_checkpoint_percent;
           },
           [](const LoadSample& sample) {
             return Percent(*sample.forced_checkpoint_percent) + " of checkpoints are forced";
           },
           &Percent},
};

// One reason for all that is mended alike.
void AddUnknown(const LoadSample& sample, std::string_view remedy,
                std::vector<std::string>* reasons) {
  std::vector<std::string> names;
  for (const Metric& metric : kMetrics) {
    if (metric.remedy == remedy && !metric.value(sample)) names.emplace_back(metric.name);
  }
  if (names.empty()) return;
  reasons->push_back(fmt::format("{} {} not known: {}, or set unlimited", Enumerated(names),
                                 names.size() == 1 ? "is" : "are", remedy));
}

// How long the part of the day that `wall` is in goes on; zero: it is in none.
minutes QuietFor(const std::vector<QuietPart>& parts, WallTime wall) {
  constexpr minutes kDay{24 * 60};
  const auto now = std::chrono::floor<minutes>(wall - std::chrono::floor<std::chrono::days>(wall));
  minutes longest{0};
  for (const QuietPart& part : parts) {
    // As if it began at midnight.
    const minutes length = (part.until - part.from + kDay) % kDay;
    const minutes at = (now - part.from + kDay) % kDay;
    if (at < length) longest = std::max(longest, length - at);
  }
  return longest;
}

std::string QuietWords(WallTime wall, minutes left) {
  const auto until = std::chrono::floor<minutes>(wall) + left;
  const std::chrono::hh_mm_ss clock(until - std::chrono::floor<std::chrono::days>(until));
  return fmt::format("quiet hours until {:02}:{:02} UTC", clock.hours().count(),
                     clock.minutes().count());
}

milliseconds Doubled(uint32_t times) {
  return std::min(Throttle::kFirstRest * (1 << std::min(times, kMostDoublings)),
                  Throttle::kLongestRest);
}

std::string Joined(const std::vector<std::string>& reasons) {
  std::string text;
  for (const std::string& reason : reasons) text += (text.empty() ? "" : "; ") + reason;
  return text;
}

}  // namespace

Throttle::Throttle(ResolvedLimits limits, uint32_t workers, Steady now)
    : limits_(std::move(limits)), workers_(std::max(workers, 1u)) {
  static_assert(kMetricCount == kMetrics.size());
  pace_.SetRate(share(), now);
}

double Throttle::share() const {
  return limits_.unlimited ? 0 : static_cast<double>(limits_.most_rows_per_second) / workers_;
}

void Throttle::SetLimits(ResolvedLimits limits, Steady now) {
  if (limits == limits_) return;
  limits_ = std::move(limits);
  over_ = {};
  rests_ = 0;
  pace_.SetRate(share(), now);
}

void Throttle::SetWorkers(uint32_t workers, Steady now) {
  workers_ = std::max(workers, 1u);
  pace_.SetRate(share(), now);
}

uint32_t Throttle::MostRows() const {
  const double rows = share();
  if (rows == 0) return UINT32_MAX;
  return static_cast<uint32_t>(std::clamp(rows, 1.0, double{UINT32_MAX}));
}

void Throttle::ServiceRefused(std::optional<milliseconds> retry_after, Steady now) {
  const milliseconds asked = std::min(retry_after.value_or(milliseconds(0)), kLongestAskedFor);
  service_until_ = std::max(service_until_, now + std::max(asked, Doubled(refusals_)));
  ++refusals_;
}

// Updates over_ and says why.
void Throttle::AddLoad(const LoadSample& sample, std::vector<std::string>* reasons) {
  for (size_t i = 0; i < kMetrics.size(); ++i) {
    const Metric& metric = kMetrics[i];
    const std::optional<double> value = metric.value(sample);
    const double limit = metric.limit(limits_);
    over_[i] = !value || *value > (over_[i] ? kGoesOnAt * limit : limit);
    if (!over_[i] || !value) continue;
    std::string reason = metric.state(sample) + ", limit " + metric.number(limit);
    if (*value <= limit) reason += ", goes on at " + metric.number(kGoesOnAt * limit);
    reasons->push_back(std::move(reason));
  }
  for (const std::string_view remedy : {kGrant, kTrack}) AddUnknown(sample, remedy, reasons);
}

std::string Throttle::PaceWords() const {
  const uint64_t limit = limits_.most_rows_per_second;
  if (workers_ == 1) return fmt::format("{} rows a second are done, its limit", limit);
  return fmt::format("{:.3g} rows a second are done, its share of {} for {} workers", share(),
                     limit, workers_);
}

milliseconds Throttle::NextRest() { return Doubled(std::exchange(rests_, rests_ + 1)); }

Decision Throttle::Decide(const LoadSample& sample, WallTime wall, Steady now) {
  const uint32_t critical = limits_.unlimited ? 0 : limits_.critical_active_sessions;
  if (critical > 0 && sample.active_sessions >= critical) {
    return {Decision::Kind::kStop,
            fmt::format("{} active sessions, critical at {}", *sample.active_sessions, critical),
            milliseconds(0)};
  }
  std::vector<std::string> reasons;
  Decision decision;
  if (!limits_.unlimited) {
    const minutes quiet = QuietFor(limits_.quiet_hours, wall);
    if (quiet > minutes(0)) reasons.push_back(QuietWords(wall, quiet));
    AddLoad(sample, &reasons);
  }
  if (reasons.empty()) {
    rests_ = 0;
  } else {
    decision.look_again = NextRest();
  }
  if (service_until_ > now) {
    const auto left = std::chrono::ceil<milliseconds>(service_until_ - now);
    reasons.push_back("the service has too much to do, for " + DurationWords(left) + " more");
    decision.look_again = std::max(decision.look_again, std::min(left, kLongestRest));
  }
  if (const auto owed = pace_.Wait(now); reasons.empty() && owed.count() > 0) {
    reasons.push_back(PaceWords());
    decision.look_again = std::min(std::chrono::ceil<milliseconds>(owed), kLongestRest);
  }
  if (!reasons.empty()) decision.kind = Decision::Kind::kRest;
  decision.reason = Joined(reasons);
  return decision;
}

}  // namespace fieldkms::rotation
