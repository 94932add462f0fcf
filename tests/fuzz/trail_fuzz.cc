// What lies beside a trail: trees of segments, lists of checkpoints, states of verifiers; its
// lines, and places in it. What parses is written identically.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "kms/audit/checkpoint_log.h"
#include "kms/audit/record_members.h"
#include "kms/audit/segment_tree.h"
#include "kms/audit/trail_reader.h"
#include "kms/audit/verified_state.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fieldkms;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto record = ParseSegmentRecord(text); record.ok()) {
    Require(FormatSegmentRecord(*record) == text);
    Require(record->part.begin() <= record->part.end());
    Require(record->whole.end() == record->part.end());
  }
  if (const auto verified = ParseVerified(text); verified.ok()) {
    Require(FormatVerified(*verified) == text);
  }
  std::string_view rest;
  std::string joined;
  for (const std::string_view note : SplitCheckpoints(text, &rest))
    joined += std::string(note) + "\n";
  Require(joined + std::string(rest) == text);
  if (const auto position = ParsePosition(text); position.ok()) {
    Require(FormatPosition(*position) == text);
  }
  ForEachMember(text, [](const std::string&, const RecordValue& value) {
    Require(!value.valueless_by_exception());
  });
  SegmentTree tree;
  tree.AddLines(text);
  Require(tree.facts().bytes == size && tree.size() <= size);
  return 0;
}
