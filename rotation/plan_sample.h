// Samples of rows, and what they hold. Internal to the planner (rotation/plan.h).
#ifndef FIELDKMS_ROTATION_PLAN_SAMPLE_H_
#define FIELDKMS_ROTATION_PLAN_SAMPLE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "rotation/database.h"
#include "rotation/plan.h"
#include "rotation/plan_findings.h"
#include "rotation/plan_leaf.h"

namespace fieldkms::rotation {

// What a cell holds; of several things the last of these. The numbers are their order.
enum class Content : uint8_t { kNothing, kCurrent, kOtherKey, kMalformed, kOlder };
// As `request` has it: older is what a job brings to the target. `cell` as in rotation/cell.h;
// nothing: null.
Content ContentOf(Shape shape, std::optional<std::string_view> cell, const PlanRequest& request);

// Adds one to the rows, and to what they hold.
void Count(Content content, SampleCounts* counts);

struct LeafSample {
  SampleCounts rows;
  std::vector<SampleCounts> columns;  // of the plan's columns, in their order
  // Of rows that have larger values than are looked at.
  uint64_t skipped = 0;
  // These were all of the table's rows.
  bool whole = false;
};

// SampleLeaves looks at rows of the leaves that are readable; of the others the samples are empty.
// Rows come from random pages, or are the first ones of a table that is small or was never counted.
// `transaction` keeps no lock of any of them: thousands would not fit into the server's table of
// locks. Throws what libpqxx throws.
std::vector<LeafSample> SampleLeaves(Transaction& transaction, std::span<const LeafPlan> leaves,
                                     const PlanRequest& request);

// Adds, of each column of a root by the samples of all its leaves: PLAINTEXT, MIXED_CONTENTS,
// OTHER_KEYS_ONLY, SOME_OTHER_KEYS, NO_ENVELOPES; of leaves: NOT_SAMPLED.
void CheckSamples(std::span<const LeafPlan> leaves, std::span<const LeafSample> samples,
                  FindingList* findings);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_PLAN_SAMPLE_H_
