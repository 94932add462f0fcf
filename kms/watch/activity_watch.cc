#include "kms/watch/activity_watch.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <span>
#include <utility>

#include "kms/access/glob.h"

namespace fieldkms {
namespace {

constexpr std::string_view kPermissionDenied = "PERMISSION_DENIED";
constexpr size_t kMostNameBytes = 1'024;  // that are looked at of any name

// Of values that do not open, that are not what a MAC says, or that no token stands for: what
// somebody sees who tries.
bool IsGuess(std::string_view reason) {
  constexpr std::array<std::string_view, 11> kGuesses = {
      "DECRYPT_FAILED", "ENVELOPE_MALFORMED",  "SUITE_UNKNOWN",  "KEY_ID_UNKNOWN",
      "OTHER_TENANT",   "KEY_VERSION_UNKNOWN", "OTHER_KEY",      "TAG_MISMATCH",
      "MAC_MISMATCH",   "TOKEN_NOT_FOUND",     kPermissionDenied};
  return std::find(kGuesses.begin(), kGuesses.end(), reason) != kGuesses.end();
}

uint64_t FailuresOf(const AuditRecord& record) {
  if (record.code == kPermissionDenied || record.code == "UNAUTHENTICATED") return 1;
  if (record.kind != AuditKind::kOutcome || !IsGuess(record.reason)) return 0;
  return std::max<uint64_t>(record.failed, 1);
}

// Whether calls of the method do something with keys and fields, rather than to them.
bool IsUse(std::string_view method) {
  constexpr std::array<std::string_view, 4> kAdministration = {
      "FieldService.CreateField", "FieldService.GetField", "FieldService.ListFields",
      "FieldService.UpdateField"};
  if (method.starts_with("FieldService.")) {
    return std::find(kAdministration.begin(), kAdministration.end(), method) ==
           kAdministration.end();
  }
  return method.starts_with("CryptoService.") || method == "LeaseService.AcquireLease" ||
         method == "KeyService.ExportKeyVersion";
}

bool Succeeded(const AuditRecord& record) {
  return record.kind == AuditKind::kOutcome && record.code == "OK" &&
         record.failed < std::max(record.items, 1u);
}

std::span<const std::string_view> NamesOf(const AuditKeys& keys) {
  return std::span(keys.names).first(keys.count);
}

size_t Mixed(size_t a, size_t b) { return a ^ (b + 0x9e3779b97f4a7c15 + (a << 6) + (a >> 2)); }

size_t HashOf(std::string_view tenant, std::string_view kind, std::string_view name) {
  const std::hash<std::string_view> hash;
  return Mixed(Mixed(hash(tenant), hash(kind)), hash(name));
}

bool MatchesAny(const std::vector<std::string>& patterns, std::string_view text) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [text](const std::string& pattern) { return GlobMatches(pattern, text); });
}

bool IsDecoy(const std::vector<DecoyPattern>& decoys, std::string_view tenant,
             std::string_view name) {
  return std::any_of(decoys.begin(), decoys.end(), [&](const DecoyPattern& decoy) {
    return GlobMatches(decoy.name, name) && GlobMatches(decoy.tenant, tenant);
  });
}

bool IsUsualHour(const UsualHours& hours, WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  if (!hours.days[std::chrono::weekday(day).c_encoding()]) return false;
  if (hours.from == hours.to) return true;
  const auto minute = std::chrono::floor<std::chrono::minutes>(time - day);
  return hours.from < hours.to ? minute >= hours.from && minute < hours.to
                               : minute >= hours.from || minute < hours.to;
}

// A name that a call gave may be anything, and stands in an alarm as it does in its record.
std::string Kept(std::string_view text) { return std::string(text.substr(0, kMostNameBytes)); }

}  // namespace

struct ActivityWatch::Found {
  AlarmRule rule;
  uint64_t seen = 1;
  uint64_t most = 0;
  std::string_view key = {};
  std::string_view field = {};
};

ActivityWatch::ActivityWatch(WatchRules rules) : rules_(std::move(rules)) {}

void ActivityWatch::Take(const AuditRecord& record, WallTime time, std::vector<Alarm>* alarms) {
  if (record.kind != AuditKind::kOutcome && record.kind != AuditKind::kRefusal) return;
  CallerState* state = nullptr;
  if (!record.principal.empty()) {
    state = &principals_.Of(record.principal.substr(0, kMostNameBytes));
  } else if (record.peer.known || !record.address.empty()) {
    name_ = record.peer.known ? std::to_string(record.peer.uid)
                              : Kept(record.address.substr(0, record.address.rfind(':')));
    state = &strangers_.Of(name_);
  } else {
    return;  // what the service does by itself
  }
  if (const uint64_t failures = FailuresOf(record); failures > 0) {
    const size_t seen = state->failures.Note(rules_, time, failures);
    if (seen > rules_.most_failures) {
      Raise({AlarmRule::kRepeatedFailures, seen, rules_.most_failures}, record, time, *state,
            alarms);
    }
  }
  LookAtDecoys(record, time, *state, alarms);
  if (!record.principal.empty()) TakeKnown(record, time, *state, alarms);
}

void ActivityWatch::TakeKnown(const AuditRecord& record, WallTime time, CallerState& state,
                              std::vector<Alarm>* alarms) {
  if (!state.first_seen || time < *state.first_seen) state.first_seen = time;
  if (MatchesAny(rules_.hours.principals, record.principal) && !IsUsualHour(rules_.hours, time)) {
    Raise({AlarmRule::kOffHours}, record, time, state, alarms);
  }
  if (rules_.other_tenant && record.code == kPermissionDenied && !record.tenant.empty()) {
    const NameSet& used = state.tenants;
    const bool usual = used.empty() || used.full() || used.Contains(HashOf(record.tenant, {}, {}));
    if (!usual) Raise({AlarmRule::kOtherTenant}, record, time, state, alarms);
  }
  if (Succeeded(record)) LearnUse(record, time, state, alarms);
}

void ActivityWatch::LearnUse(const AuditRecord& record, WallTime time, CallerState& state,
                             std::vector<Alarm>* alarms) {
  const bool known = time - *state.first_seen >= rules_.learning;
  const auto excess = state.volume.Note(rules_, time, record.items - record.failed);
  if (known && excess) {
    Raise({AlarmRule::kUnusualVolume, excess->seen, excess->most}, record, time, state, alarms);
  }
  if (!IsUse(record.method)) return;
  if (!record.tenant.empty()) state.tenants.Add(HashOf(record.tenant, {}, {}));
  const auto learn = [&](const AuditKeys& names, bool fields) {
    for (const std::string_view name : NamesOf(names)) {
      const bool first = state.names.Add(HashOf(record.tenant, fields ? "field" : "key", name));
      if (!first || !known || !rules_.first_use) continue;
      Found found{AlarmRule::kFirstUse};
      (fields ? found.field : found.key) = name;
      Raise(found, record, time, state, alarms);
    }
  };
  learn(record.keys, false);
  learn(record.destination_keys, false);
  learn(record.fields, true);
}

void ActivityWatch::LookAtDecoys(const AuditRecord& record, WallTime time, CallerState& state,
                                 std::vector<Alarm>* alarms) {
  const auto look = [&](std::span<const std::string_view> names, bool fields) {
    const auto& decoys = fields ? rules_.decoy_fields : rules_.decoy_keys;
    for (const std::string_view name : names) {
      if (!IsDecoy(decoys, record.tenant, name)) continue;
      Found found{AlarmRule::kDecoy};
      (fields ? found.field : found.key) = name;
      Raise(found, record, time, state, alarms);
    }
  };
  look(NamesOf(record.keys), false);
  look(NamesOf(record.destination_keys), false);
  if (!record.alias.empty()) look(std::span(&record.alias, 1), false);
  look(NamesOf(record.fields), true);
}

void ActivityWatch::TakeExcess(std::string_view principal, uint64_t values, uint64_t most,
                               WallTime time, std::vector<Alarm>* alarms) {
  AuditRecord record;
  record.principal = principal;
  Raise({AlarmRule::kRevealBudget, values, most}, record, time,
        principals_.Of(principal.substr(0, kMostNameBytes)), alarms);
}

void ActivityWatch::Raise(const Found& found, const AuditRecord& record, WallTime time,
                          CallerState& state, std::vector<Alarm>* alarms) {
  const auto more = state.raised.Take(rules_, found.rule, time);
  if (!more) return;
  alarms->push_back({found.rule, time, Kept(record.principal), record.peer, Kept(record.address),
                     Kept(record.method), Kept(record.tenant), Kept(found.key), Kept(found.field),
                     Kept(record.trace_id), found.seen, found.most, *more});
}

}  // namespace fieldkms
