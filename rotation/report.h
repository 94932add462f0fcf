// The report of a job: what was done, how it was verified, what is left, and when older versions
// may be retired. For whoever answers for the keys, and for auditors.
#ifndef FIELDKMS_ROTATION_REPORT_H_
#define FIELDKMS_ROTATION_REPORT_H_

#include <span>
#include <string>
#include <vector>

#include "fieldkms/v1/rotation_service.pb.h"
#include "kms/clock.h"
#include "rotation/table_plan.h"

namespace fieldkms::rotation {

// A value that did not open, as kms.rotation_quarantine has it.
struct QuarantinedValue {
  TableName table;
  std::string column;
  std::vector<std::string> row_key;  // texts of the key's columns: may be personal data
  std::string reason;
  WallTime found_time;
};

struct ReportOptions {
  WallTime now;  // when the report is made, and whether a time has come
  // Rows of quarantined values are named by their keys. Otherwise these values are counted only,
  // and nothing of a row is in the report.
  bool show_row_keys = false;
};

// Of a job in any state: one that is not done has a status rather than a report. Names and reasons
// may be anything, and neither command a terminal nor become markup. What `quarantined` leaves out
// still counts, by the job's own counts. Both are pure functions, and UTF-8.
//
// Plain text for a terminal or a ticket: lines of up to 80 columns, each ended by a line feed.
std::string TextReport(const v1::RotationJob& job, std::span<const QuarantinedValue> quarantined,
                       const ReportOptions& options);
// One HTML page by itself: no scripts, nothing that is loaded, and a policy that forbids both. Made
// to be read, printed and filed.
std::string HtmlReport(const v1::RotationJob& job, std::span<const QuarantinedValue> quarantined,
                       const ReportOptions& options);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_REPORT_H_
