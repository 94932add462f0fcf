#include "kms/server/caretaker_report.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "crypto/status.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

// Keeps the last record, and tells of it from another thread.
class SlowAudit final : public AuditSink {
 public:
  explicit SlowAudit(absl::Status result) : result_(std::move(result)) {}
  ~SlowAudit() override {
    if (teller_.joinable()) teller_.join();
  }
  void Append(const AuditRecord& record, AuditWaiter* waiter) override {
    kind_ = record.kind;
    code_ = record.code;
    text_ = std::string(record.method) + ' ' + std::string(record.tenant) + ' ' +
            std::string(record.keys.names[0]) + ' ' + std::to_string(record.key_version);
    if (waiter != nullptr) teller_ = std::thread([=, this] { waiter->OnAudited(result_); });
  }
  AuditKind kind() const { return kind_; }
  const std::string& text() const { return text_; }
  const std::string& code() const { return code_; }

 private:
  const absl::Status result_;
  AuditKind kind_ = AuditKind::kStart;
  std::string text_, code_;
  std::thread teller_;
};

CaretakerEvent Destroying() {
  return {CaretakerEvent::Kind::kDestroying, "acme", "customers.iban", 3, {}, absl::OkStatus()};
}

TEST(CaretakerReportTest, ADestructionIsRecordedBeforeItIsDone) {
  SlowAudit audit(absl::OkStatus());
  EXPECT_OK(RecordDestruction(Destroying(), audit));
  EXPECT_EQ(audit.kind(), AuditKind::kIntent);
  EXPECT_EQ(audit.text(), "Caretaker.Destroy acme customers.iban 3");
}

TEST(CaretakerReportTest, ARecordThatCannotBeWrittenIsAnError) {
  SlowAudit audit(Error(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable, "full"));
  EXPECT_THAT(RecordDestruction(Destroying(), audit), StatusIs(Reason::kAuditUnavailable));
}

TEST(CaretakerReportTest, WhatWasDoneIsAnOutcomeThatNobodyWaitsFor) {
  SlowAudit audit(absl::OkStatus());
  CaretakerEvent event = Destroying();
  event.kind = CaretakerEvent::Kind::kDestroyed;
  ReportCaretakerEvent(event, audit);
  EXPECT_EQ(audit.kind(), AuditKind::kOutcome);
  EXPECT_EQ(audit.code(), "OK");
}

TEST(CaretakerReportTest, WhatWasNotDoneAfterAllIsAnOutcomeToo) {
  SlowAudit audit(absl::OkStatus());
  CaretakerEvent event = Destroying();
  event.kind = CaretakerEvent::Kind::kNotDestroyed;
  event.status = Error(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable, "down");
  ReportCaretakerEvent(event, audit);
  EXPECT_EQ(audit.kind(), AuditKind::kOutcome);
  EXPECT_EQ(audit.code(), "UNAVAILABLE");
}

}  // namespace
}  // namespace fieldkms
