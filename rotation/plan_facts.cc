#include "rotation/plan_facts.h"

#include <algorithm>
#include <utility>

namespace fieldkms::rotation {
namespace {

void Append(const std::vector<std::string>& names, std::vector<std::string>* all) {
  for (const std::string& name : names) {
    if (std::find(all->begin(), all->end(), name) == all->end()) all->push_back(name);
  }
}

}  // namespace

const Column* FindColumn(const LeafFacts& leaf, std::string_view name) {
  const auto found = std::find_if(leaf.columns.begin(), leaf.columns.end(),
                                  [&](const Column& column) { return column.name == name; });
  return found == leaf.columns.end() ? nullptr : &*found;
}

PlanFacts GatherFacts(Transaction& transaction, std::span<const PlannedRoot> roots) {
  std::vector<Oid> root_oids, oids;
  for (const PlannedRoot& root : roots) root_oids.push_back(root.oid);
  const std::vector<Leaf> leaves = LeavesOf(transaction, root_oids);
  for (const Leaf& leaf : leaves) oids.push_back(leaf.oid);
  auto relations = RelationsOf(transaction, oids);
  auto columns = ColumnsOf(transaction, oids);
  auto keys = UniqueKeysOf(transaction, oids);
  auto triggers = UpdateTriggersOf(transaction, oids);
  auto rules = UpdateRulesOf(transaction, oids);
  auto dependents = DependentsOf(transaction, oids);
  std::vector<Oid> all = oids;
  all.insert(all.end(), root_oids.begin(), root_oids.end());
  auto publications = PublicationsOf(transaction, all);

  PlanFacts facts;
  for (const Leaf& leaf : leaves) {
    const auto relation = relations.find(leaf.oid);
    if (relation == relations.end()) continue;  // dropped since
    LeafFacts& of_leaf = facts.leaves.emplace_back();
    of_leaf.root = static_cast<size_t>(std::find(root_oids.begin(), root_oids.end(), leaf.root) -
                                       root_oids.begin());
    of_leaf.relation = relation->second;
    of_leaf.columns = columns[leaf.oid];
    of_leaf.keys = keys[leaf.oid];
    of_leaf.triggers = triggers[leaf.oid];
    of_leaf.rules = rules[leaf.oid];
    for (const Column& column : of_leaf.columns) {
      const auto found = dependents.find({leaf.oid, column.number});
      if (found != dependents.end()) of_leaf.dependents[column.number] = found->second;
    }
    Append(publications[leaf.oid], &of_leaf.publications);
    Append(publications[leaf.root], &of_leaf.publications);
  }
  facts.slots = SlotsOf(transaction);
  facts.settings = SettingsOf(transaction);
  return facts;
}

}  // namespace fieldkms::rotation
