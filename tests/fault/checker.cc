#include "tests/fault/checker.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "crypto/status.h"
#include "tests/fault/workload.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::fault {
namespace {

constexpr size_t kMaxLines = 40;

void Note(Violations& violations, std::string line) {
  if (violations.size() < kMaxLines) violations.push_back(std::move(line));
}

void Append(Violations& violations, Violations more) {
  for (std::string& line : more) Note(violations, std::move(line));
}

std::string NameOf(const LedgerKey& key) { return key.tenant + "/" + key.name; }

absl::StatusOr<std::vector<v1::KeyVersion>> AllVersions(Client& client, const LedgerKey& key) {
  std::vector<v1::KeyVersion> versions;
  v1::ListKeyVersionsRequest request;
  request.set_tenant(key.tenant);
  request.set_name(key.name);
  request.set_page_size(1000);
  do {
    FIELDKMS_ASSIGN_OR_RETURN(const auto page, client.ListKeyVersions(request));
    versions.insert(versions.end(), page.versions().begin(), page.versions().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return versions;
}

// The versions of a key are `primary` to 1, newest first, without a gap.
void CheckVersions(Client& client, const LedgerKey& key, uint32_t primary, Violations& violations) {
  const auto versions = AllVersions(client, key);
  if (!versions.ok()) {
    return Note(violations, NameOf(key) + ": no versions: " + versions.status().ToString());
  }
  if (versions->size() != primary) {
    Note(violations, fmt::format("{}: {} versions, but version {} is primary", NameOf(key),
                                 versions->size(), primary));
  }
  uint32_t expected = primary;
  for (const v1::KeyVersion& version : *versions) {
    if (version.version() != expected || version.primary() != (expected == primary) ||
        version.state() != v1::KEY_VERSION_STATE_ENABLED) {
      return Note(violations, fmt::format("{}: version {} where {} is due, or marked wrongly",
                                          NameOf(key), version.version(), expected));
    }
    --expected;
  }
}

void CheckKey(Client& client, const LedgerKey& key, Violations& violations,
              std::set<std::string>* happened) {
  v1::GetKeyRequest request;
  request.set_tenant(key.tenant);
  request.set_name(key.name);
  const auto found = client.GetKey(request);
  if (!found.ok()) {
    const bool may_lack = key.primary == 0 && ReasonOf(found.status()) == Reason::kKeyNotFound;
    if (!may_lack) Note(violations, NameOf(key) + ": " + found.status().ToString());
    return;
  }
  const uint32_t primary = found->primary_version();
  const bool changed = key.in_doubt && primary == key.primary + 1;
  if (primary != key.primary && !changed) {
    Note(violations, fmt::format("{}: primary version {}, acknowledged was {}", NameOf(key),
                                 primary, key.primary));
  }
  if (changed) happened->insert(key.in_doubt->request_id);
  CheckVersions(client, key, primary, violations);
}

// A field of a line of the audit trail, as text; no value of ours needs escapes.
std::string_view Field(std::string_view line, std::string_view name) {
  const std::string start = fmt::format("\"{}\":\"", name);
  const size_t at = line.find(start);
  if (at == std::string_view::npos) return {};
  line.remove_prefix(at + start.size());
  return line.substr(0, line.find('"'));
}

// The number of a line, if it got as far as the comma after it.
std::optional<uint64_t> SeqOf(std::string_view line) {
  constexpr std::string_view kStart = "{\"seq\":";
  if (!line.starts_with(kStart)) return std::nullopt;
  line.remove_prefix(kStart.size());
  uint64_t seq = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), seq);
  if (error != std::errc() || end == line.data() + line.size() || *end != ',') return std::nullopt;
  return seq;
}

struct Trail {
  std::map<std::string, uint64_t> outcomes;  // that succeeded, by method
  std::set<std::string> acknowledged;        // request ids of such outcomes
  std::set<std::string> intents;             // request ids
  Violations violations;
};

Trail ReadTrail(std::string_view text) {
  Trail trail;
  uint64_t last_seq = 0;
  bool after_torn = false;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const bool whole =
        end != std::string_view::npos && line.starts_with('{') && line.ends_with('}');
    const std::string_view kind = Field(line, "kind");
    if (after_torn && (!whole || Field(line, "reason") != "TORN_LINE_ENDED")) {
      Note(trail.violations, "audit: a torn line that no start explains");
    }
    after_torn = !whole;
    const std::optional<uint64_t> seq = SeqOf(line);
    if (seq ? *seq != last_seq + 1 : whole) {
      Note(trail.violations,
           fmt::format("audit: line {} does not follow line {}", seq.value_or(0), last_seq));
    }
    last_seq = seq.value_or(last_seq);
    std::string_view method = Field(line, "method");
    method.remove_prefix(method.find('.') == std::string_view::npos ? 0 : method.find('.') + 1);
    if (whole && kind == "outcome" && Field(line, "code") == "OK") {
      ++trail.outcomes[std::string(method)];
      trail.acknowledged.emplace(Field(line, "request_id"));
    }
    if (whole && kind == "intent") trail.intents.emplace(Field(line, "request_id"));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return trail;
}

Violations CheckTenantRows(Client& client, const LedgerState& ledger, const std::string& tenant) {
  Violations violations;
  v1::BatchDecryptRequest request;
  request.set_tenant(tenant);
  std::vector<const LedgerRow*> rows;
  for (const LedgerRow& row : ledger.rows) {
    if (ledger.keys[row.key].tenant != tenant) continue;
    auto* const item = request.add_items();
    item->set_key(ledger.keys[row.key].name);
    item->set_ciphertext(row.ciphertext);
    SetContextOf(row.id, item->mutable_context());
    rows.push_back(&row);
  }
  if (rows.empty()) return violations;
  const auto opened = client.BatchDecrypt(request);
  if (!opened.ok()) return {tenant + ": no row opens: " + opened.status().ToString()};
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto& result = opened->results(static_cast<int>(i));
    const std::string name =
        fmt::format("row {} of {}", rows[i]->id, NameOf(ledger.keys[rows[i]->key]));
    if (result.has_error()) {
      Note(violations, fmt::format("{}: does not open: {}", name, result.error().message()));
    } else if (result.plaintext() != ValueOf(rows[i]->id)) {
      Note(violations, name + ": opens to another value");
    } else if (result.key_version() != rows[i]->version) {
      Note(violations, name + ": opens under another version");
    }
  }
  return violations;
}

void CheckRetry(Client& client, const LedgerKey& key, const KeyChange& change,
                Violations& violations) {
  const auto made = SendChange(client, key, change);
  if (!made.ok()) {
    return Note(violations, NameOf(key) + ": retry failed: " + made.status().ToString());
  }
  if (made->primary_version() != change.expected_primary + 1) {
    Note(violations,
         fmt::format("{}: a retry made version {}, the first try was for {}", NameOf(key),
                     made->primary_version(), change.expected_primary + 1));
  }
}

}  // namespace

Violations CheckKeys(Client& client, const LedgerState& ledger, std::set<std::string>* happened) {
  Violations violations;
  for (const LedgerKey& key : ledger.keys) CheckKey(client, key, violations, happened);
  return violations;
}

Violations CheckRows(Client& client, const LedgerState& ledger) {
  Violations violations;
  for (const char* tenant : kTenants) Append(violations, CheckTenantRows(client, ledger, tenant));
  return violations;
}

Violations CheckRetries(Client& client, const LedgerState& ledger, Ledger* resolved) {
  Violations violations;
  for (size_t i = 0; i < ledger.keys.size(); ++i) {
    const LedgerKey& key = ledger.keys[i];
    if (key.last_acknowledged) CheckRetry(client, key, *key.last_acknowledged, violations);
    if (!key.in_doubt) continue;
    CheckRetry(client, key, *key.in_doubt, violations);
    CheckRetry(client, key, *key.in_doubt, violations);
    if (resolved != nullptr) resolved->Acknowledge(i, key.primary + 1);
  }
  return violations;
}

Violations CheckAudit(const std::string& path, const LedgerState& ledger,
                      const std::set<std::string>& happened) {
  const Trail trail = ReadTrail(fieldkms::testing::ReadFile(path));
  Violations violations = trail.violations;
  for (const auto& [method, calls] : ledger.calls) {
    const auto found = trail.outcomes.find(method);
    const uint64_t recorded = found == trail.outcomes.end() ? 0 : found->second;
    if (recorded < calls) {
      Note(violations,
           fmt::format("audit: {} outcomes of {}, acknowledged were {}", recorded, method, calls));
    }
  }
  for (size_t i = 0; i < ledger.keys.size(); ++i) {
    for (uint32_t version = 0; version < ledger.keys[i].primary; ++version) {
      const std::string id = RequestIdOf(i, version);
      if (!trail.acknowledged.contains(id)) Note(violations, "audit: no outcome of " + id);
      if (!trail.intents.contains(id)) Note(violations, "audit: no intent of " + id);
    }
  }
  for (const std::string& id : happened) {
    if (!trail.intents.contains(id)) Note(violations, "audit: no intent of " + id);
  }
  return violations;
}

Violations CheckService(const std::string& target, const std::string& audit_path,
                        const LedgerState& ledger, Ledger* resolved) {
  ClientOptions options;
  options.target = target;
  options.timeout = std::chrono::seconds(60);
  const auto client = Client::Create(options);
  if (!client.ok()) return {"no client: " + client.status().ToString()};
  std::set<std::string> happened;
  Violations violations = CheckKeys(**client, ledger, &happened);
  Append(violations, CheckAudit(audit_path, ledger, happened));
  Append(violations, CheckRows(**client, ledger));
  Append(violations, CheckRetries(**client, ledger, resolved));
  LedgerState after = ledger;  // No change is in doubt any more.
  for (LedgerKey& key : after.keys) {
    if (std::exchange(key.in_doubt, std::nullopt)) ++key.primary;
  }
  Append(violations, CheckKeys(**client, after, &happened));
  return violations;
}

}  // namespace fieldkms::fault
