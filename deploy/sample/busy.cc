#include "deploy/sample/busy.h"

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "crypto/status.h"
#include "deploy/sample/customer.h"
#include "deploy/sample/database.h"

namespace fieldkms::sample {
namespace {

constexpr size_t kReadChunk = 500;
// Writers are no load test: there is time for others in between.
constexpr std::chrono::milliseconds kBetweenWrites{2};
// Other customers, whose cards those of the table get.
constexpr int64_t kOthers = 10'000'000;

}  // namespace

BusyThread::BusyThread(Work work)
    : work_(std::move(work)), thread_([this](const std::stop_token& stop) { Run(stop); }) {}

void BusyThread::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const absl::StatusOr<size_t> done = work_();
    if (!done.ok()) {
      status_ = done.status();
      break;
    }
    values_ += *done;
  }
  finished_ = true;
}

void BusyThread::WaitForMore(size_t more) const {
  const size_t target = values_ + more;
  while (values_ < target && !finished_) std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

absl::Status BusyThread::Stop() {
  thread_.request_stop();
  thread_.join();
  return status_;
}

BusyThread::Work ReadCards(const Stage& stage, Protector& protector) {
  auto reader = std::make_shared<std::unique_ptr<RowReader>>();
  return [&stage, &protector, reader]() -> absl::StatusOr<size_t> {
    if (*reader == nullptr) {
      FIELDKMS_ASSIGN_OR_RETURN(*reader, RowReader::Open(stage.dsn, Table::kProtected));
    }
    FIELDKMS_ASSIGN_OR_RETURN(const std::vector<Row> rows, (*reader)->Next(kReadChunk));
    if (rows.empty()) {
      reader->reset();
      return 0;
    }
    FIELDKMS_ASSIGN_OR_RETURN(const auto revealed, protector.RevealColumn(rows, kCardNumber));
    return revealed.size();
  };
}

BusyThread::Work WriteCards(const Stage& stage, Protector& protector) {
  struct State {
    std::unique_ptr<CardWriter> writer;
    int64_t next = 2;
    int64_t written = 0;
  };
  auto state = std::make_shared<State>();
  return [&stage, &protector, state]() -> absl::StatusOr<size_t> {
    if (state->writer == nullptr) {
      FIELDKMS_ASSIGN_OR_RETURN(state->writer, CardWriter::Open(stage.dsn));
    }
    std::this_thread::sleep_for(kBetweenWrites);
    Row plain;
    plain.id = state->next;
    state->next = state->next == stage.rows ? 2 : state->next + 1;
    // Some customers have no card.
    while (!plain.fields[kCardNumber]) {
      plain.fields[kCardNumber] = MakeCustomer(kOthers + state->written++).fields[kCardNumber];
    }
    FIELDKMS_ASSIGN_OR_RETURN(const std::vector<Row> sealed, protector.Protect({&plain, 1}));
    FIELDKMS_RETURN_IF_ERROR(state->writer->Write(plain, sealed[0]));
    return 1;
  };
}

}  // namespace fieldkms::sample
