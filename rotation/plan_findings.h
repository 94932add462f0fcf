// Findings as they are collected: what is so of many partitions becomes one. Internal to the
// planner (rotation/plan.h).
#ifndef FIELDKMS_ROTATION_PLAN_FINDINGS_H_
#define FIELDKMS_ROTATION_PLAN_FINDINGS_H_

#include <string>
#include <string_view>
#include <vector>

#include "rotation/plan.h"
#include "rotation/table_plan.h"

namespace fieldkms::rotation {

struct FindingPlace {
  TableName root;
  TableName leaf;      // or the root
  std::string column;  // "": of the table
};

class FindingList {
 public:
  // `message` names no partition: it is the same of all that it is so of.
  void Add(Severity severity, std::string_view code, const FindingPlace& place,
           std::string message);

  // The worst first, otherwise in the order in which they came. What was said of one leaf is of
  // it; what was said of several of a root is of the root, and says of how many.
  std::vector<Finding> Merged() const;

 private:
  struct Entry {
    Finding finding;  // of its first leaf
    TableName root;
    size_t leaves = 1;
  };
  std::vector<Entry> entries_;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_PLAN_FINDINGS_H_
