// RevealBudgets: how many values a principal is shown in an hour. Beyond, somebody is told, or the
// principal is stopped.
#ifndef FIELDKMS_KMS_ACCESS_REVEAL_BUDGET_H_
#define FIELDKMS_KMS_ACCESS_REVEAL_BUDGET_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kms/access/access.h"
#include "kms/access/token_bucket.h"

namespace fieldkms {

struct RevealBudget {
  double per_hour = 0;  // values; 0: no budget
  bool stop = false;    // whether calls beyond are refused
};

// Thread-safe: a bucket of an hour's values each, that refills over the hour. Budgets are fixed.
class RevealBudgets {
 public:
  // Not thread-safe; before the first Take. One without a limit is left out.
  void Add(const std::string& principal, const RevealBudget& budget);

  // Charges `values`. Zero: go on. Else how long until they may be shown, with nothing charged. No
  // lock, no allocation.
  std::chrono::nanoseconds Take(const Principal& who, uint32_t values,
                                std::chrono::steady_clock::time_point now);

  // Values beyond budgets, shown or not, since this was last asked.
  struct Excess {
    std::string_view principal;  // lives as long as this
    uint64_t values = 0;
    double per_hour = 0;
  };
  std::vector<Excess> TakeExcesses();

 private:
  struct Entry {
    RevealBudget budget;
    TokenBucket bucket = {};
    std::atomic<uint64_t> excess{0};
  };
  std::map<std::string, Entry, std::less<>> entries_;  // by principal
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ACCESS_REVEAL_BUDGET_H_
