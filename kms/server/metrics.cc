#include "kms/server/metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <limits>
#include <utility>

#include "crypto/secret_bytes.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using SteadyTime = std::chrono::steady_clock::time_point;

class Families {
 public:
  ClientMetric& Gauge(const char* name, const char* help, double value) {
    ClientMetric& metric = Add(name, help, MetricType::Gauge);
    metric.gauge.value = value;
    return metric;
  }
  void Counter(const char* name, const char* help, double value) {
    Add(name, help, MetricType::Counter).counter.value = value;
  }
  std::vector<MetricFamily> Take() { return std::move(families_); }

 private:
  ClientMetric& Add(const char* name, const char* help, MetricType type) {
    families_.push_back({name, help, type, std::vector<ClientMetric>(1)});
    return families_.back().metric[0];
  }

  std::vector<MetricFamily> families_;
};

void DescribeRoot(const RootHealth& health, Families* out) {
  out->Gauge("fieldkms_root_up",
             "1 if the root of trust is asked; 0 while its breaker is not closed.",
             health.state == BreakerState::kClosed ? 1 : 0);
  out->Counter("fieldkms_root_calls_total", "Calls that reached the root of trust.",
               static_cast<double>(health.calls));
  out->Counter("fieldkms_root_failures_total", "Calls of the root that failed by it.",
               static_cast<double>(health.failures));
  out->Gauge("fieldkms_root_calls_in_flight", "Calls that the root is at.", health.in_flight);
  out->Gauge("fieldkms_root_calls_waiting", "Callers that wait for such a call to end.",
             health.waiting);
}

void DescribeKeyring(const KeyringStatus& keyring, SteadyTime now, Families* out) {
  if (keyring.store_seen != SteadyTime()) {
    out->Gauge("fieldkms_store_seen_seconds_ago", "How long ago the store last told its changes.",
               std::max(std::chrono::duration<double>(now - keyring.store_seen).count(), 0.0));
  }
  out->Gauge("fieldkms_store_newest_change", "Number of the newest change that was heard of.",
             static_cast<double>(keyring.change));
  out->Gauge("fieldkms_loaded_keys", "Keys that are loaded.",
             static_cast<double>(keyring.loaded_keys));
  out->Gauge("fieldkms_loaded_key_versions", "Versions of keys that are loaded.",
             static_cast<double>(keyring.loaded_versions));
  out->Gauge("fieldkms_loaded_keks", "Key-encryption keys that are loaded.",
             static_cast<double>(keyring.loaded_keks));
}

void DescribeMemory(const SecretMemoryStats& memory, Families* out) {
  out->Gauge("fieldkms_key_memory_reserved_bytes", "Memory that is mapped for keys.",
             static_cast<double>(memory.reserved));
  out->Gauge("fieldkms_key_memory_locked_bytes", "Of that, what is locked into RAM.",
             static_cast<double>(memory.locked));
  out->Gauge("fieldkms_key_memory_in_use_bytes", "Of that, what is in use.",
             static_cast<double>(memory.in_use));
}

void DescribeSchedules(const ScheduleCounts& counts, Families* out) {
  out->Counter("fieldkms_schedule_jobs_made_total", "Rotation jobs that schedules made here.",
               static_cast<double>(counts.jobs_made));
  out->Counter("fieldkms_schedule_jobs_not_made_total",
               "Rotation jobs that schedules should have made here, and could not.",
               static_cast<double>(counts.jobs_not_made));
  out->Counter("fieldkms_schedule_jobs_overdue_total",
               "Rotation jobs of schedules that were found to be overdue here.",
               static_cast<double>(counts.jobs_overdue));
}

void Label(const MethodCounts& counts, ClientMetric* metric) {
  metric->label.push_back({"method", counts.method});
}

ClientMetric Histogram(const MethodCounts& counts) {
  ClientMetric metric;
  Label(counts, &metric);
  for (size_t i = 0; i < counts.by_time.size(); ++i) {
    metric.histogram.sample_count += counts.by_time[i];
    const double bound = i < kCallBuckets.size() ? static_cast<double>(kCallBuckets[i]) / 1e9
                                                 : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({metric.histogram.sample_count, bound});
  }
  metric.histogram.sample_sum = std::chrono::duration<double>(counts.time).count();
  return metric;
}

ClientMetric Counter(const MethodCounts& counts, uint64_t value) {
  ClientMetric metric;
  Label(counts, &metric);
  metric.counter.value = static_cast<double>(value);
  return metric;
}

// Of methods that were called: there are no more series than methods and codes.
std::vector<MetricFamily> DescribeCalls(const std::vector<MethodCounts>& methods) {
  MetricFamily calls{"fieldkms_calls_total", "Calls that were answered.", MetricType::Counter, {}};
  MetricFamily seconds{"fieldkms_call_seconds",
                       "How long they took, from the request to the answer.",
                       MetricType::Histogram,
                       {}};
  MetricFamily items{"fieldkms_call_items_total", "Items of calls.", MetricType::Counter, {}};
  MetricFamily failed{
      "fieldkms_call_failed_items_total", "Of these, those that failed.", MetricType::Counter, {}};
  for (const MethodCounts& counts : methods) {
    ClientMetric histogram = Histogram(counts);
    if (histogram.histogram.sample_count == 0) continue;
    seconds.metric.push_back(std::move(histogram));
    items.metric.push_back(Counter(counts, counts.items));
    failed.metric.push_back(Counter(counts, counts.failed_items));
    for (size_t code = 0; code < counts.by_code.size(); ++code) {
      if (counts.by_code[code] == 0) continue;
      calls.metric.push_back(Counter(counts, counts.by_code[code]));
      calls.metric.back().label.push_back(
          {"code", absl::StatusCodeToString(static_cast<absl::StatusCode>(code))});
    }
  }
  if (calls.metric.empty()) return {};
  return {std::move(calls), std::move(seconds), std::move(items), std::move(failed)};
}

void DescribeAudit(const AuditCounts& counts, Families* out) {
  out->Gauge("fieldkms_audit_records", "Records of the audit trail.",
             static_cast<double>(counts.records));
  out->Gauge("fieldkms_audit_signed_records", "Of these, those under the newest checkpoint.",
             static_cast<double>(counts.signed_records));
  if (!counts.exported_records) return;
  out->Gauge("fieldkms_audit_exported_records",
             "Of these, those under the newest checkpoint that all places outside have.",
             static_cast<double>(*counts.exported_records));
}

std::vector<MetricFamily> DescribeWatch(const WatchCounts& counts) {
  if (counts.alarms.empty()) return {};  // nothing is watched
  MetricFamily alarms{"fieldkms_alarms_total",
                      "Alarms of what looks suspicious in the audit trail, by rule.",
                      MetricType::Counter,
                      {}};
  for (const auto& [rule, count] : counts.alarms) {
    ClientMetric metric;
    metric.label.push_back({"rule", std::string(rule)});
    metric.counter.value = static_cast<double>(count);
    alarms.metric.push_back(std::move(metric));
  }
  Families families;
  families.Counter("fieldkms_unwatched_records_total",
                   "Records that came too fast to be looked at for alarms.",
                   static_cast<double>(counts.unwatched_records));
  if (counts.undelivered) {
    families.Counter("fieldkms_alarms_undelivered_total", "Alarms that the webhook never had.",
                     static_cast<double>(*counts.undelivered));
  }
  std::vector<MetricFamily> all = families.Take();
  all.push_back(std::move(alarms));
  return all;
}

class Collector final : public prometheus::Collectable {
 public:
  Collector(const Replica& replica, const Keyring& keyring)
      : replica_(replica), keyring_(keyring) {}
  std::vector<MetricFamily> Collect() const override {
    return DescribeReplica(replica_, keyring_.Status(), std::chrono::steady_clock::now());
  }

 private:
  const Replica& replica_;
  const Keyring& keyring_;
};

}  // namespace

std::vector<MetricFamily> DescribeReplica(const Replica& replica, const KeyringStatus& keyring,
                                          SteadyTime now) {
  Families families;
  families.Gauge("fieldkms_build_info", "1; the label says which version this is.", 1)
      .label.push_back({"version", replica.version});
  if (replica.root_health) DescribeRoot(replica.root_health(), &families);
  DescribeKeyring(keyring, now, &families);
  if (replica.schedule_counts) DescribeSchedules(replica.schedule_counts(), &families);
  DescribeMemory(GetSecretMemoryStats(), &families);
  if (replica.audit_counts) DescribeAudit(replica.audit_counts(), &families);
  std::vector<MetricFamily> all = families.Take();
  const auto add = [&all](std::vector<MetricFamily> more) {
    std::move(more.begin(), more.end(), std::back_inserter(all));
  };
  if (replica.call_counts) add(DescribeCalls(replica.call_counts()));
  if (replica.watch_counts) add(DescribeWatch(replica.watch_counts()));
  return all;
}

struct MetricsEndpoint::Parts {
  Parts(const std::string& address, const Replica& replica, const Keyring& keyring)
      : collector(std::make_shared<Collector>(replica, keyring)), exposer(address) {
    exposer.RegisterCollectable(collector);
  }
  std::shared_ptr<Collector> collector;  // the exposer holds it weakly
  prometheus::Exposer exposer;
};

MetricsEndpoint::MetricsEndpoint(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
MetricsEndpoint::~MetricsEndpoint() = default;

absl::StatusOr<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::Start(const std::string& address,
                                                                        const Replica& replica,
                                                                        const Keyring& keyring) {
  try {
    return std::unique_ptr<MetricsEndpoint>(
        new MetricsEndpoint(std::make_unique<Parts>(address, replica, keyring)));
  } catch (const std::exception&) {
    return Error(absl::StatusCode::kUnavailable, Reason::kConfigInvalid,
                 "metrics.listen: cannot listen on " + address);
  }
}

}  // namespace fieldkms
