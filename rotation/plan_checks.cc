#include "rotation/plan_checks.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rotation/database.h"
#include "rotation/in_step.h"

namespace fieldkms::rotation {
namespace {

// "a", "b"
std::string Listed(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + Quoted(name);
  return list;
}

// Columns that a worker reads, each once.
std::vector<const Column*> ColumnsRead(const LeafPlan& leaf) {
  std::vector<const Column*> columns;
  const auto add = [&](const auto& named) {
    for (const auto& one : named) {
      const Column* column = FindColumn(*leaf.facts, one.name);
      if (std::find(columns.begin(), columns.end(), column) == columns.end()) {
        columns.push_back(column);
      }
    }
  };
  add(SlotsOf(leaf.plan));
  add(leaf.plan.scan_key);
  add(leaf.plan.row_key);
  add(leaf.plan.context_columns);
  return columns;
}

// Columns that a worker writes.
std::vector<const Column*> ColumnsWritten(const LeafPlan& leaf) {
  std::vector<const Column*> columns;
  for (const Slot& slot : SlotsOf(leaf.plan)) {
    if (slot.written) columns.push_back(FindColumn(*leaf.facts, slot.name));
  }
  return columns;
}

bool Fires(const UpdateTrigger& trigger, const LeafPlan& leaf) {
  // Those that keep a column in step with another: workers count on them.
  if (trigger.name.starts_with(kInStepPrefix)) return false;
  const std::vector<const Column*> written = ColumnsWritten(leaf);
  return trigger.columns.empty() ||
         std::any_of(written.begin(), written.end(), [&](const Column* column) {
           return std::count(trigger.columns.begin(), trigger.columns.end(), column->number) != 0;
         });
}

struct DependentAdvice {
  DependentKind kind;
  std::string_view code;
  std::string_view message;  // what follows the names
};
constexpr DependentAdvice kAdvice[] = {
    {DependentKind::kIndex, "INDEXED",
     "have the column: each row that is written gets new entries in all indexes of the table; "
     "drop them if nothing looks ciphertexts up"},
    {DependentKind::kExpression, "EXPRESSION_INDEX",
     "read the column in an expression or a condition: each row that is written gets new entries "
     "in all indexes of the table; never index the version of a ciphertext"},
    {DependentKind::kGenerated, "GENERATED_FROM",
     "are generated from the column and computed anew with each row that is written"},
    {DependentKind::kForeignKey, "FOREIGN_KEY",
     "are foreign keys over the column: rows that refer to each other by a ciphertext break, or "
     "refuse, when one of them is written"},
};

}  // namespace

void CheckRights(LeafPlan* leaf, FindingList* findings) {
  const Relation& relation = leaf->facts->relation;
  const auto refuse = [&](std::string_view code, const std::string& column, std::string message) {
    findings->Add(Severity::kRefused, code, PlaceOf(*leaf, column), std::move(message));
    leaf->readable = leaf->readable && code == "UPDATE_DENIED";
  };
  if (!relation.may_use_schema) {
    refuse("SELECT_DENIED", "", "this login may not use the schema: GRANT USAGE ON SCHEMA");
  }
  for (const Column* column : ColumnsRead(*leaf)) {
    if (!column->may_select) {
      refuse("SELECT_DENIED", column->name, "this login may not read the column: GRANT SELECT");
    }
  }
  if (leaf->plan.order == ScanOrder::kPlace && !relation.may_select) {
    refuse("SELECT_DENIED", "",
           "the table is read by where its rows lie, and this login may read some columns only: "
           "GRANT SELECT on the whole table");
  }
  for (const Column* column : ColumnsWritten(*leaf)) {
    if (!column->may_update) {
      refuse("UPDATE_DENIED", column->name,
             "this login may not write the column: GRANT UPDATE of the column");
    }
  }
  if (relation.rows_hidden) {
    refuse("ROWS_HIDDEN", "",
           "row security hides rows from this login, and they would keep their old version: take "
           "a login with BYPASSRLS");
  }
}

void CheckKey(const LeafPlan& leaf, std::optional<double> correlation, int server_version,
              FindingList* findings) {
  const FindingPlace place = PlaceOf(leaf);
  if (leaf.plan.scan_key.empty()) {
    const bool refused = server_version < kReadsByPlace;
    findings->Add(refused ? Severity::kRefused : Severity::kNote, "NO_UNIQUE_KEY", place,
                  refused ? "has no unique index of columns that are NOT NULL, and this server "
                            "cannot read ranges of pages: add a primary key"
                          : "has no unique index of columns that are NOT NULL: rows are read by "
                            "where they lie, and written only if they still lie there");
  } else if (correlation && std::abs(*correlation) < kLeastCorrelation) {
    findings->Add(Severity::kWarning, "KEY_ORDER", place,
                  leaf.plan.order == ScanOrder::kPlace
                      ? "rows do not lie in the order of the key: they are read by where they lie"
                      : "rows do not lie in the order of the key, by which this server has to read "
                        "them: expect one page read for each row");
  }
}

void CheckTriggers(const LeafPlan& leaf, bool accept_triggers, FindingList* findings) {
  for (const UpdateTrigger& trigger : leaf.facts->triggers) {
    if (!Fires(trigger, leaf)) continue;
    findings->Add(accept_triggers ? Severity::kWarning : Severity::kRefused, "UPDATE_TRIGGER",
                  PlaceOf(leaf),
                  trigger.when + " trigger " + Quoted(trigger.name) +
                      " fires for each row or batch that is written: see what it does" +
                      (accept_triggers ? "" : ", and accept triggers if that may be"));
  }
  for (const std::string& rule : leaf.facts->rules) {
    findings->Add(Severity::kRefused, "UPDATE_RULE", PlaceOf(leaf),
                  "rule " + Quoted(rule) +
                      " makes something else of an UPDATE: drop it, or disable it meanwhile");
  }
}

void CheckDependents(const LeafPlan& leaf, FindingList* findings) {
  for (const Column* column : ColumnsWritten(leaf)) {
    const auto found = leaf.facts->dependents.find(column->number);
    if (found == leaf.facts->dependents.end()) continue;
    for (const DependentAdvice& advice : kAdvice) {
      std::vector<std::string> names;
      for (const Dependent& dependent : found->second) {
        if (dependent.kind == advice.kind) names.push_back(dependent.name);
      }
      if (names.empty()) continue;
      // Names of indexes differ from partition to partition, and what is said of all must not.
      const bool of_leaf =
          leaf.root->oid != leaf.plan.relation &&
          (advice.kind == DependentKind::kIndex || advice.kind == DependentKind::kExpression);
      findings->Add(Severity::kWarning, advice.code, PlaceOf(leaf, column->name),
                    (of_leaf ? "indexes" : Listed(names)) + " " + std::string(advice.message));
    }
  }
}

void CheckReplication(const LeafPlan& leaf, FindingList* findings) {
  if (leaf.facts->publications.empty()) return;
  findings->Add(Severity::kWarning, "PUBLISHED", PlaceOf(leaf),
                "is published by " + Listed(leaf.facts->publications) +
                    ": subscribers are sent every row that is written; rotate there what they keep "
                    "of their own");
  if (leaf.facts->relation.has_replica_identity) return;
  findings->Add(Severity::kRefused, "NO_REPLICA_IDENTITY", PlaceOf(leaf),
                "is published and has no replica identity, so that PostgreSQL refuses to update "
                "it: ALTER TABLE ... REPLICA IDENTITY, or add a primary key");
}

void CheckUpkeep(const LeafPlan& leaf, const ServerSettings& settings, FindingList* findings) {
  const Relation& relation = leaf.facts->relation;
  const auto warn = [&](std::string_view code, std::string message) {
    findings->Add(Severity::kWarning, code, PlaceOf(leaf), std::move(message));
  };
  if (!settings.autovacuum || !relation.autovacuum) {
    warn("AUTOVACUUM_OFF",
         "autovacuum is off: what the job leaves behind stays until somebody runs VACUUM");
  }
  if (relation.fillfactor == 100 && relation.heap_bytes > 0) {
    warn("FILLFACTOR",
         "fillfactor 100 leaves no space beside rows: the table grows more than with 80 or less");
  }
  if (!relation.counted_rows && relation.heap_bytes > 0) {
    warn("NEVER_ANALYSED", "was never analysed, and the estimates are guesses: run ANALYZE");
  }
}

void CheckRoots(std::span<const PlannedRoot> roots, const PlanFacts& facts, FindingList* findings) {
  for (const PlannedRoot& root : roots) {
    const std::vector<std::string>* first = nullptr;
    for (const ProtectedColumn& column : root.columns) {
      if (column.key_columns.empty()) continue;
      if (first == nullptr) first = &column.key_columns;
      if (column.key_columns == *first) continue;
      findings->Add(Severity::kRefused, "KEY_COLUMNS_DIFFER", {root.name, root.name, column.column},
                    "is bound to other key columns than other columns of the table: rotate them in "
                    "jobs of their own");
    }
  }
  std::map<Oid, size_t> seen;
  for (const LeafFacts& leaf : facts.leaves) {
    if (seen.emplace(leaf.relation.oid, leaf.root).second) continue;
    findings->Add(Severity::kRefused, "TABLE_TWICE",
                  {roots[leaf.root].name, leaf.relation.name, ""},
                  "belongs to two tables of the job: remove one of them from the registry, or "
                  "rotate them in jobs of their own");
  }
}

void CheckSlots(const ReplicationSlots& slots, FindingList* findings) {
  if (!slots.logical.empty()) {
    findings->Add(Severity::kWarning, "LOGICAL_SLOT", {},
                  "replication slots " + Listed(slots.logical) +
                      " decode every row that is written: see that what reads them keeps up");
  }
  if (!slots.physical.empty()) {
    findings->Add(Severity::kNote, "PHYSICAL_SLOT", {},
                  "write-ahead log is kept for replication slots " + Listed(slots.physical) +
                      ": see that there is space for it");
  }
}

}  // namespace fieldkms::rotation
