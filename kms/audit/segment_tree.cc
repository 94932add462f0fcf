#include "kms/audit/segment_tree.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "crypto/hex.h"
#include "crypto/status.h"
#include "kms/audit/audit_line.h"
#include "kms/audit/trail_files.h"

namespace fieldkms {
namespace {

constexpr std::string_view kHeader = "fieldkms-audit-segment-1";
constexpr std::string_view kNone = "-";

std::string_view OrNone(const std::string& text) {
  return text.empty() ? kNone : std::string_view(text);
}

void AppendRange(std::string_view name, const CompactRange& range, std::string* out) {
  *out +=
      std::string(name) + " " + std::to_string(range.begin()) + " " + std::to_string(range.end());
  for (const MerkleHash& hash : range.hashes()) *out += " " + EncodeHex(hash);
  *out += '\n';
}

// Words of a line, one after the other.
class Words {
 public:
  Words(std::string_view* text, std::string_view name) {
    const size_t end = text->find('\n');
    if (end == std::string_view::npos) return;
    line_ = text->substr(0, end);
    text->remove_prefix(end + 1);
    ok_ = Take() == name;
  }
  std::string_view Take() {
    const size_t end = std::min(line_.find(' '), line_.size());
    const std::string_view word = line_.substr(0, end);
    line_.remove_prefix(std::min(end + 1, line_.size()));
    return word;
  }
  uint64_t Number() {
    const std::string_view word = Take();
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size()) ok_ = false;
    return number;
  }
  std::string Time() {
    const std::string_view word = Take();
    return word == kNone ? std::string() : std::string(word);
  }
  bool empty() const { return line_.empty(); }
  bool ok() const { return ok_; }

 private:
  std::string_view line_;
  bool ok_ = false;
};

std::optional<CompactRange> TakeRange(std::string_view* text, std::string_view name) {
  Words words(text, name);
  const uint64_t begin = words.Number();
  const uint64_t end = words.Number();
  std::vector<MerkleHash> hashes;
  while (words.ok() && !words.empty()) {
    if (!DecodeHex(words.Take(), hashes.emplace_back())) return std::nullopt;
  }
  if (!words.ok()) return std::nullopt;
  auto range = CompactRange::FromHashes(begin, end, hashes);
  if (!range.ok()) return std::nullopt;
  return *std::move(range);
}

}  // namespace

SegmentTree::SegmentTree(CompactRange base, uint64_t max_seq)
    : base_(std::move(base)), part_(base_.end()) {
  facts_.max_seq = max_seq;
}

void SegmentTree::AddLine(std::string_view line, std::vector<MerkleHash>* leaves) {
  const MerkleHash leaf = hasher_.Leaf(AsBytes(line));
  part_.Append(leaf, hasher_);
  if (leaves != nullptr) leaves->push_back(leaf);
  if (const auto seq = ParseAuditSeq(line)) {
    if (*seq != facts_.max_seq + 1 && facts_.max_seq != 0) ++facts_.gaps;
    facts_.max_seq = std::max(facts_.max_seq, *seq);
  }
  const std::string_view time = AuditTimeOf(line);
  if (time.empty()) return;
  if (facts_.first_time.empty() || time < facts_.first_time) facts_.first_time = time;
  if (time > facts_.last_time) facts_.last_time = time;
}

void SegmentTree::AddLines(std::string_view lines) { AddLines(lines, nullptr); }

void SegmentTree::AddLines(std::string_view lines, std::vector<MerkleHash>* leaves) {
  facts_.bytes += lines.size();
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    AddLine(lines.substr(0, end), leaves);
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
}

absl::Status SegmentTree::EndSegment() {
  FIELDKMS_RETURN_IF_ERROR(base_.Merge(part_, hasher_));
  part_ = CompactRange(base_.end());
  SegmentFacts next;
  next.max_seq = facts_.max_seq;
  facts_ = std::move(next);
  return absl::OkStatus();
}

absl::StatusOr<CompactRange> SegmentTree::Whole() {
  CompactRange whole = base_;
  FIELDKMS_RETURN_IF_ERROR(whole.Merge(part_, hasher_));
  return whole;
}

absl::StatusOr<MerkleHash> SegmentTree::Root() {
  FIELDKMS_ASSIGN_OR_RETURN(const CompactRange whole, Whole());
  return whole.Root(hasher_);
}

std::string FormatSegmentRecord(const SegmentRecord& record) {
  const SegmentFacts& facts = record.facts;
  std::string text = std::string(kHeader) + "\n";
  text += "facts " + std::to_string(facts.bytes) + " " + std::to_string(facts.max_seq) + " " +
          std::to_string(facts.gaps) + "\n";
  text += "times ";
  text += OrNone(facts.first_time);
  text += ' ';
  text += OrNone(facts.last_time);
  text += '\n';
  AppendRange("part", record.part, &text);
  AppendRange("whole", record.whole, &text);
  return text + record.checkpoint;
}

absl::StatusOr<SegmentRecord> ParseSegmentRecord(std::string_view text) {
  const std::string_view all = text;
  SegmentRecord record;
  const Words header(&text, kHeader);
  Words facts(&text, "facts");
  record.facts.bytes = facts.Number();
  record.facts.max_seq = facts.Number();
  record.facts.gaps = facts.Number();
  Words times(&text, "times");
  record.facts.first_time = times.Time();
  record.facts.last_time = times.Time();
  auto part = TakeRange(&text, "part");
  auto whole = part ? TakeRange(&text, "whole") : std::nullopt;
  const bool ok = header.ok() && facts.ok() && times.ok() && whole && whole->begin() == 0 &&
                  whole->end() == part->end();
  if (ok) {
    record.part = *std::move(part);
    record.whole = *std::move(whole);
    record.checkpoint = text;
  }
  if (!ok || FormatSegmentRecord(record) != all) {
    return TrailDamaged("what is kept of a segment of the audit trail has not its form");
  }
  return record;
}

}  // namespace fieldkms
