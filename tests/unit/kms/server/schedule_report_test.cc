// What schedules do, in the audit trail.
#include "kms/server/schedule_report.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "crypto/status.h"

namespace fieldkms {
namespace {

using Kind = ScheduleEvent::Kind;

class Lines final : public AuditSink {
 public:
  void Append(const AuditRecord& record, AuditWaiter* waiter) override {
    EXPECT_EQ(waiter, nullptr);
    EXPECT_EQ(record.kind, AuditKind::kOutcome);
    lines.push_back(std::string(record.method) + ' ' + std::string(record.tenant) + ' ' +
                    std::string(record.keys.names[0]) + ' ' + std::to_string(record.key_version) +
                    ' ' + std::string(record.job) + ' ' + std::string(record.request_id) + ' ' +
                    std::string(record.code));
  }
  std::vector<std::string> lines;
};

ScheduleEvent Of(Kind kind) {
  return {.kind = kind,
          .tenant = "acme",
          .schedule_id = "schedule",
          .job_id = "job",
          .key = "card",
          .version = 3,
          .status = Error(absl::StatusCode::kNotFound, Reason::kKeyNotFound, "there is none")};
}

TEST(ScheduleReportTest, WhatWasDoneIsOnRecord) {
  Lines audit;
  ReportScheduleEvent(Of(Kind::kJobMade), audit);
  ReportScheduleEvent(Of(Kind::kKeyRotated), audit);
  EXPECT_EQ(audit.lines,
            (std::vector<std::string>{"Scheduler.CreateJob acme card 3 job schedule OK",
                                      "Scheduler.RotateKey acme card 3 job schedule OK"}));
}

TEST(ScheduleReportTest, WhatWasNotDoneIsLoggedOnly) {
  Lines audit;
  for (const Kind kind : {Kind::kNoJob, Kind::kOverdue, Kind::kFailed}) {
    ReportScheduleEvent(Of(kind), audit);
  }
  EXPECT_TRUE(audit.lines.empty());
}

}  // namespace
}  // namespace fieldkms
