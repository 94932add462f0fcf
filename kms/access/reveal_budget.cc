#include "kms/access/reveal_budget.h"

namespace fieldkms {

void RevealBudgets::Add(const std::string& principal, const RevealBudget& budget) {
  if (budget.per_hour > 0) entries_[principal].budget = budget;
}

std::chrono::nanoseconds RevealBudgets::Take(const Principal& who, uint32_t values,
                                             std::chrono::steady_clock::time_point now) {
  const auto found = entries_.find(std::string_view(who.name));
  if (found == entries_.end()) return {};
  Entry& entry = found->second;
  const RevealBudget& budget = entry.budget;
  const auto wait = entry.bucket.Take({budget.per_hour / 3'600, budget.per_hour}, values, now);
  if (wait.count() == 0) return {};
  entry.excess.fetch_add(values, std::memory_order_relaxed);
  return budget.stop ? wait : std::chrono::nanoseconds::zero();
}

std::vector<RevealBudgets::Excess> RevealBudgets::TakeExcesses() {
  std::vector<Excess> excesses;
  for (auto& [principal, entry] : entries_) {
    const uint64_t values = entry.excess.exchange(0, std::memory_order_relaxed);
    if (values != 0) excesses.push_back({principal, values, entry.budget.per_hour});
  }
  return excesses;
}

}  // namespace fieldkms
