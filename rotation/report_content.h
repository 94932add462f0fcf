// What a report says, for both of its forms (rotation/report.h). Texts are as they came, so whoever
// prints them escapes.
#ifndef FIELDKMS_ROTATION_REPORT_CONTENT_H_
#define FIELDKMS_ROTATION_REPORT_CONTENT_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rotation/report.h"

namespace fieldkms::rotation {

// How good the news is.
enum class ReportTone : uint8_t { kGood, kWarning, kBad, kOpen };

struct ReportSection {
  std::string title;
  std::vector<std::string> paragraphs;
  std::vector<std::pair<std::string, std::string>> facts;  // names and values
  std::vector<std::string> items;                          // a list
};

// A table of the database, or the sum of all.
struct ReportTable {
  std::string name;
  double done = 0;  // of the first pass, 0 to 1
  v1::RotationCounts counts;
};

struct ReportContent {
  std::string title;  // "Rotation report"
  std::string state;  // "DONE"
  ReportTone tone = ReportTone::kOpen;
  std::string headline;  // a sentence
  std::vector<ReportSection> before;
  std::vector<ReportTable> tables;
  ReportTable sum;
  std::string tables_note;  // a sentence, or empty
  std::vector<ReportSection> after;
  std::string made;  // when the report was made
};

ReportContent MakeReportContent(const v1::RotationJob& job,
                                std::span<const QuarantinedValue> quarantined,
                                const ReportOptions& options);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_REPORT_CONTENT_H_
