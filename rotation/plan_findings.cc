#include "rotation/plan_findings.h"

#include <algorithm>
#include <utility>

namespace fieldkms::rotation {

void FindingList::Add(Severity severity, std::string_view code, const FindingPlace& place,
                      std::string message) {
  // From the back: leaves come one after the other, so that what is looked for is mostly near.
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    const Finding& known = entry->finding;
    if (known.code == code && known.severity == severity && entry->root == place.root &&
        known.column == place.column && known.message == message) {
      ++entry->leaves;
      return;
    }
  }
  entries_.push_back(
      {{severity, std::string(code), place.leaf, place.column, std::move(message)}, place.root, 1});
}

std::vector<Finding> FindingList::Merged() const {
  std::vector<Finding> findings;
  for (const Entry& entry : entries_) {
    Finding& finding = findings.emplace_back(entry.finding);
    if (entry.leaves == 1) continue;
    finding.message += " (" + std::to_string(entry.leaves) +
                       " partitions or children; the first is " + finding.table.schema + "." +
                       finding.table.table + ")";
    finding.table = entry.root;
  }
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
  return findings;
}

}  // namespace fieldkms::rotation
