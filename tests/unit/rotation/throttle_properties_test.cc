// What a throttle keeps to whatever it is told.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "rotation/throttle.h"
#include "tests/unit/rotation/calm_sample.h"

namespace fieldkms::rotation {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr WallTime kNoon{hours(12)};

template <class Value, class Make>
rc::Gen<std::optional<Value>> Maybe(int most, Make make) {
  return rc::gen::map(rc::gen::inRange(-most / 10, most), [make](int number) {
    return number < 0 ? std::optional<Value>() : std::optional<Value>(make(number));
  });
}

// Each measure is not known, below, about or above its default limit.
rc::Gen<LoadSample> Samples() {
  return rc::gen::build<LoadSample>(
      rc::gen::set(&LoadSample::replication_lag,
                   Maybe<milliseconds>(8'000, [](int ms) { return milliseconds(ms); })),
      rc::gen::set(
          &LoadSample::slot_bytes,
          Maybe<uint64_t>(1'600, [](int mib) { return static_cast<uint64_t>(mib) << 20; })),
      rc::gen::set(&LoadSample::lock_waits,
                   Maybe<uint32_t>(13, [](int n) { return static_cast<uint32_t>(n); })),
      rc::gen::set(&LoadSample::active_sessions,
                   Maybe<uint32_t>(50, [](int n) { return static_cast<uint32_t>(n); })),
      rc::gen::set(&LoadSample::dead_percent, Maybe<double>(32, [](int n) { return n; })),
      rc::gen::set(&LoadSample::forced_checkpoint_percent,
                   Maybe<double>(80, [](int n) { return n; })));
}

// The largest share of its limit that a measure has; nothing where one is not known.
std::optional<double> Worst(const LoadSample& sample) {
  if (!sample.replication_lag || !sample.slot_bytes || !sample.lock_waits ||
      !sample.active_sessions || !sample.dead_percent || !sample.forced_checkpoint_percent) {
    return std::nullopt;
  }
  return std::max({static_cast<double>(sample.replication_lag->count()) / 5'000,
                   static_cast<double>(*sample.slot_bytes) / (1 << 30), *sample.lock_waits / 8.0,
                   *sample.active_sessions / 32.0, *sample.dead_percent / 20,
                   *sample.forced_checkpoint_percent / 50});
}

RC_GTEST_PROP(ThrottleProperty, NeverGoesAboveALimitAndAlwaysGoesWellBelowAll, ()) {
  Throttle::Steady now{hours(1)};
  Throttle throttle({}, 1, now);
  for (const LoadSample& sample : *rc::gen::container<std::vector<LoadSample>>(Samples())) {
    const Decision decision = throttle.Decide(sample, kNoon, now);
    const bool goes = decision.kind == Decision::Kind::kGo;
    const std::optional<double> worst = Worst(sample);
    if (!worst || *worst > 1) RC_ASSERT(!goes);
    if (worst && *worst <= 0.8) RC_ASSERT(goes);
    RC_ASSERT(decision.reason.empty() == goes);
    RC_ASSERT((decision.look_again == milliseconds(0)) == goes);
    RC_ASSERT(decision.look_again <= Throttle::kLongestRest);
    now += decision.look_again;
  }
}

RC_GTEST_PROP(ThrottleProperty, DoesNotFlapAboutALimit, ()) {
  const Throttle::Steady now{hours(1)};
  Throttle throttle({}, 1, now);
  LoadSample sample = CalmSample();
  int changes = 0;
  bool went = true;
  for (const int ms : *rc::gen::container<std::vector<int>>(rc::gen::inRange(4'001, 6'000))) {
    sample.replication_lag = milliseconds(ms);
    const bool goes = throttle.Decide(sample, kNoon, now).kind == Decision::Kind::kGo;
    changes += goes == went ? 0 : 1;
    went = goes;
  }
  RC_ASSERT(changes <= 1);
}

RC_GTEST_PROP(ThrottleProperty, UnlimitedAlwaysGoes, (uint32_t critical, uint32_t pace)) {
  const Throttle::Steady now{hours(1)};
  Throttle throttle({.unlimited = true,
                     .most_rows_per_second = pace,
                     .critical_active_sessions = critical,
                     .quiet_hours = {{std::chrono::minutes(1), std::chrono::minutes(0)}}},
                    1, now);
  for (const LoadSample& sample : *rc::gen::container<std::vector<LoadSample>>(Samples())) {
    throttle.BatchDone(1'000, now);
    RC_ASSERT(throttle.Decide(sample, kNoon, now).kind == Decision::Kind::kGo);
  }
}

// Workers that keep to it are not faster together than they may be.
RC_GTEST_PROP(ThrottleProperty, WorkersShareThePace, ()) {
  constexpr double kRate = 2'000;
  const auto workers = *rc::gen::inRange<uint32_t>(1, 9);
  const auto batch = *rc::gen::inRange<uint32_t>(3, 3'000);  // each takes a millisecond
  constexpr std::chrono::seconds kTime{100};
  const Throttle::Steady start{hours(1)};
  double rows = 0;
  for (uint32_t worker = 0; worker < workers; ++worker) {
    Throttle throttle({.unlimited = false, .most_rows_per_second = 2'000}, workers, start);
    const LoadSample calm = CalmSample();
    for (Throttle::Steady now = start; now < start + kTime;) {
      const Decision decision = throttle.Decide(calm, kNoon, now);
      if (decision.kind == Decision::Kind::kGo) {
        const uint32_t done = std::min(batch, throttle.MostRows());
        throttle.BatchDone(done, now);
        rows += done;
        now += milliseconds(1);
      } else {
        now += decision.look_again;
      }
    }
  }
  // Two seconds' worth at the beginning: what was saved, and the batch before it was known.
  RC_ASSERT(rows <= kRate * (100 + 2));
  RC_ASSERT(rows >= kRate * 95);
}

}  // namespace
}  // namespace fieldkms::rotation
