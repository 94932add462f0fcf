// Sections of a report, one by one (rotation/report_content.h).
#ifndef FIELDKMS_ROTATION_REPORT_SECTIONS_H_
#define FIELDKMS_ROTATION_REPORT_SECTIONS_H_

#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "rotation/report_content.h"

namespace fieldkms::rotation {

// "2026-02-03 12:00:00 UTC"
std::string TimeWords(WallTime time);
std::string TimeWords(const google::protobuf::Timestamp& time);
WallTime TimeOf(const google::protobuf::Timestamp& time);
// "1 row", "1,200 rows"
std::string Counted(uint64_t count, std::string_view thing);
// The counts that are of the job in its state: the outcome's, or the last progress.
const v1::RotationCounts& CountsOf(const v1::RotationJob& job);
// "version 7 of customers.card_number"
std::string TargetWords(const v1::RotationJob& job);

ReportSection WorkSection(const v1::RotationJob& job);
// Of a job that is not at its end.
ReportSection ProgressSection(const v1::RotationJob& job);
ReportSection VerificationSection(const v1::RotationJob& job);
ReportSection LeftSection(const v1::RotationJob& job, std::span<const QuarantinedValue> quarantined,
                          bool show_row_keys);
ReportSection RetirementSection(const v1::RotationJob& job, WallTime now);
ReportSection ReferenceSection(const v1::RotationJob& job);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_REPORT_SECTIONS_H_
