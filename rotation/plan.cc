#include "rotation/plan.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "crypto/status.h"
#include "rotation/plan_checks.h"
#include "rotation/plan_estimate.h"
#include "rotation/plan_facts.h"
#include "rotation/plan_findings.h"
#include "rotation/plan_leaf.h"
#include "rotation/plan_sample.h"
#include "rotation/registry.h"

namespace fieldkms::rotation {
namespace {

// Of the whole plan: thousands of partitions take minutes to be sampled.
constexpr std::chrono::minutes kLongestPlan{10};

bool IsOfKey(const std::string& key, const PlanRequest& request) {
  return std::find(request.key_names.begin(), request.key_names.end(), key) !=
         request.key_names.end();
}

// Whether the job is about the column.
bool IsAbout(const ProtectedColumn& column, const PlanRequest& request) {
  const bool fpe = column.shape == Shape::kFpe;
  switch (request.work) {
    case Work::kReseal:
      return !fpe && IsOfKey(column.key, request);
    case Work::kEncrypt:
      return !fpe && IsOfKey(column.key, request) &&
             (column.conversion == Conversion::kProtect ||
              column.conversion == Conversion::kProtectClosed);
    case Work::kDecrypt:
      return !fpe && IsOfKey(column.key, request) &&
             (column.conversion == Conversion::kUnprotect ||
              column.conversion == Conversion::kUnprotectClosed);
    case Work::kReindex:
      return column.index_key && IsOfKey(*column.index_key, request);
    case Work::kRetokenize:
      return fpe && IsOfKey(column.key, request);
  }
  return false;
}

// The registry's columns of the key, by tables, in its order.
std::vector<PlannedRoot> RootsOf(std::vector<ProtectedColumn> registered,
                                 const PlanRequest& request) {
  std::vector<PlannedRoot> roots;
  for (ProtectedColumn& column : registered) {
    if (!IsAbout(column, request)) continue;
    if (roots.empty() || roots.back().oid != column.relation) {
      roots.push_back({column.relation, column.table, {}});
    }
    roots.back().columns.push_back(std::move(column));
  }
  return roots;
}

absl::Status NotRegistered(const std::string& field) {
  return InvalidField(field,
                      "is not in the registry under this tenant and key, or has nothing there that "
                      "the job could be about: fieldkms column list");
}

// Those of the root's columns that are asked for.
absl::StatusOr<PlannedRoot> Narrowed(const PlannedRoot& root, const PlanRequest::Table& table,
                                     const std::string& field) {
  if (table.columns.empty()) return root;
  PlannedRoot narrowed{root.oid, root.name, {}};
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const std::string at = field + ".columns[" + std::to_string(i) + "]";
    const auto named = [&](const ProtectedColumn& column) {
      return column.column == table.columns[i];
    };
    const auto found = std::find_if(root.columns.begin(), root.columns.end(), named);
    if (found == root.columns.end()) return NotRegistered(at);
    if (std::any_of(narrowed.columns.begin(), narrowed.columns.end(), named)) {
      return InvalidField(at, "is named twice");
    }
    narrowed.columns.push_back(*found);
  }
  return narrowed;
}

absl::StatusOr<std::vector<PlannedRoot>> AskedFor(const std::vector<PlannedRoot>& roots,
                                                  const PlanRequest& request) {
  if (request.tables.empty()) return roots;
  std::map<Oid, PlannedRoot> chosen;
  for (size_t i = 0; i < request.tables.size(); ++i) {
    const PlanRequest::Table& table = request.tables[i];
    const std::string field = "tables[" + std::to_string(i) + "]";
    const auto found = std::find_if(roots.begin(), roots.end(), [&](const PlannedRoot& root) {
      return root.name == table.name;
    });
    if (found == roots.end()) return NotRegistered(field);
    FIELDKMS_ASSIGN_OR_RETURN(PlannedRoot narrowed, Narrowed(*found, table, field));
    if (!chosen.emplace(found->oid, std::move(narrowed)).second) {
      return InvalidField(field, "is named twice");
    }
  }
  std::vector<PlannedRoot> asked;
  for (const PlannedRoot& root : roots) {
    const auto found = chosen.find(root.oid);
    if (found != chosen.end()) asked.push_back(std::move(found->second));
  }
  return asked;
}

// Makes the plan of one job in a transaction; its functions throw what libpqxx throws.
class Planner {
 public:
  Planner(Transaction& transaction, const PlanRequest& request, int server_version)
      : transaction_(transaction), request_(request), server_version_(server_version) {}

  absl::StatusOr<JobPlan> Make() {
    std::vector<std::string> orphans;
    FIELDKMS_ASSIGN_OR_RETURN(
        roots_,
        AskedFor(RootsOf(ListProtectedColumns(transaction_, request_.tenant, &orphans), request_),
                 request_));
    CheckRegistry(orphans);
    facts_ = GatherFacts(transaction_, roots_);
    CheckRoots(roots_, facts_, &findings_);
    for (const LeafFacts& leaf : facts_.leaves) {
      auto planned = PlanLeaf(roots_[leaf.root], leaf, request_.work, &findings_);
      if (planned) leaves_.push_back(*std::move(planned));
    }
    CheckLeaves();
    const std::vector<LeafSample> samples = SampleLeaves(transaction_, leaves_, request_);
    CheckSamples(leaves_, samples, &findings_);
    JobPlan plan;
    for (size_t i = 0; i < leaves_.size(); ++i) {
      plan.tables.push_back(
          EstimateTable(leaves_[i], samples[i], facts_.settings, request_.batch_rows));
    }
    plan.findings = findings_.Merged();
    return plan;
  }

 private:
  void CheckRegistry(const std::vector<std::string>& orphans) {
    if (roots_.empty()) {
      findings_.Add(
          Severity::kRefused, "NO_COLUMNS", {},
          "the registry has no column of this tenant and key that the job could be about: "
          "fieldkms column list shows what it has");
    }
    for (const std::string& orphan : orphans) {
      findings_.Add(Severity::kWarning, "ORPHAN", {},
                    "the registry has " + orphan + ", which is gone: remove it there");
    }
  }

  void CheckLeaves() {
    std::vector<ColumnPlace> leading;
    for (const LeafPlan& leaf : leaves_) {
      if (const auto column = LeadingColumn(leaf)) leading.push_back(*column);
    }
    const auto correlations = CorrelationsOf(transaction_, leading);
    for (LeafPlan& leaf : leaves_) {
      std::optional<double> correlation;
      if (const auto column = LeadingColumn(leaf)) {
        const auto found = correlations.find(*column);
        if (found != correlations.end()) correlation = found->second;
      }
      leaf.plan.order = OrderOf(!leaf.plan.scan_key.empty(), correlation, server_version_);
      CheckRights(&leaf, &findings_);
      CheckKey(leaf, correlation, server_version_, &findings_);
      CheckTriggers(leaf, request_.accept_triggers, &findings_);
      CheckDependents(leaf, &findings_);
      CheckReplication(leaf, &findings_);
      CheckUpkeep(leaf, facts_.settings, &findings_);
    }
    if (!leaves_.empty()) CheckSlots(facts_.slots, &findings_);
  }

  Transaction& transaction_;
  const PlanRequest& request_;
  const int server_version_;
  std::vector<PlannedRoot> roots_;
  PlanFacts facts_;
  std::vector<LeafPlan> leaves_;  // they point into roots_ and facts_
  FindingList findings_;
};

}  // namespace

bool JobPlan::refused() const {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.severity == Severity::kRefused; });
}

absl::StatusOr<JobPlan> MakePlan(Database& database, const PlanRequest& request) {
  FIELDKMS_RETURN_IF_ERROR(CheckTargetSchema(database));
  JobPlan plan;
  const absl::Status made = database.Read(
      [&](Transaction& transaction) -> absl::Status {
        FIELDKMS_ASSIGN_OR_RETURN(plan,
                                  Planner(transaction, request, database.server_version()).Make());
        return absl::OkStatus();
      },
      kLongestPlan);
  FIELDKMS_RETURN_IF_ERROR(made);
  return plan;
}

}  // namespace fieldkms::rotation
