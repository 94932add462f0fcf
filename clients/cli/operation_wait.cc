#include "clients/cli/operation_wait.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "clients/cli/output.h"
#include "clients/cli/progress.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kClearLine = "\r\x1b[K";
constexpr milliseconds kFirstPause{50};
constexpr milliseconds kLongestPause{1'000};
constexpr milliseconds kLinesEvery{10'000};

std::string ProgressOf(const v1::Operation& operation) {
  return std::to_string(operation.done()) + " of " + std::to_string(operation.total()) + " keys";
}

// Says on standard error how far an operation is.
class OperationProgress {
 public:
  OperationProgress() : bar_(isatty(STDERR_FILENO) == 1) {}
  ~OperationProgress() {
    if (bar_ && drawn_) Say(kClearLine);
  }
  OperationProgress(const OperationProgress&) = delete;
  OperationProgress& operator=(const OperationProgress&) = delete;

  void Update(const v1::Operation& operation) {
    const auto now = std::chrono::steady_clock::now();
    if (bar_) {
      const uint64_t total = std::max<uint64_t>(operation.total(), 1);
      Say(std::string(kClearLine) + ProgressBar(operation.done(), total) + "  " +
          ProgressOf(operation));
    } else if (!drawn_ || now - said_ >= kLinesEvery) {
      Say("fieldkms: " + ProgressOf(operation) + "\n");
      said_ = now;
    }
    drawn_ = true;
  }

 private:
  // A terminal that is gone is no reason to stop waiting.
  static void Say(std::string_view text) { (void)WriteAll(STDERR_FILENO, AsBytes(text)); }

  const bool bar_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point said_;
};

absl::StatusOr<v1::Operation> Await(Client* client, v1::Operation operation) {
  v1::GetOperationRequest request;
  request.set_operation_id(operation.operation_id());
  OperationProgress progress;
  milliseconds pause = kFirstPause;
  while (operation.state() == v1::OPERATION_STATE_RUNNING) {
    progress.Update(operation);
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, kLongestPause);
    FIELDKMS_ASSIGN_OR_RETURN(operation, client->GetOperation(request));
  }
  return operation;
}

}  // namespace

std::string OperationKindName(v1::OperationKind kind) {
  return WithoutPrefix(v1::OperationKind_Name(kind), "OPERATION_KIND_");
}

std::string OperationStateName(v1::OperationState state) {
  return WithoutPrefix(v1::OperationState_Name(state), "OPERATION_STATE_");
}

Json OperationJson(const v1::Operation& operation) {
  return {{"operation_id", operation.operation_id()},
          {"kind", OperationKindName(operation.kind())},
          {"tenant", operation.tenant()},
          {"state", OperationStateName(operation.state())},
          {"done", operation.done()},
          {"total", operation.total()},
          {"error", operation.error()},
          {"create_time", TimeForJson(operation.create_time())},
          {"update_time", TimeForJson(operation.update_time())},
          {"operator_user", operation.operator_user()}};
}

absl::StatusOr<ExitCode> ShowOperation(Session* session, const v1::Operation& operation) {
  std::vector<std::pair<std::string, std::string>> rows = {
      {"operation", operation.operation_id()}, {"kind", OperationKindName(operation.kind())}};
  if (!operation.tenant().empty()) rows.push_back({"tenant", operation.tenant()});
  rows.push_back({"state", OperationStateName(operation.state())});
  rows.push_back({"progress", ProgressOf(operation)});
  if (!operation.error().empty()) rows.push_back({"error", operation.error()});
  if (!operation.operator_user().empty()) rows.push_back({"by", operation.operator_user()});
  rows.push_back({"started", TimeForPeople(operation.create_time())});
  rows.push_back({"updated", TimeForPeople(operation.update_time())});
  FIELDKMS_RETURN_IF_ERROR(session->Show(OperationJson(operation), Properties(rows)).status());
  return operation.state() == v1::OPERATION_STATE_FAILED ? ExitCode::kFailure : ExitCode::kOk;
}

absl::StatusOr<ExitCode> AwaitOperation(Session* session, v1::Operation operation) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(operation, Await(client, std::move(operation)));
  return ShowOperation(session, operation);
}

absl::StatusOr<ExitCode> ShowStarted(Session* session,
                                     const absl::StatusOr<v1::Operation>& operation, bool wait) {
  if (!operation.ok()) return operation.status();
  return wait ? AwaitOperation(session, *operation) : ShowOperation(session, *operation);
}

CLI::Option* AddWaitOption(CLI::App* command, bool* wait) {
  return command->add_flag("--wait", *wait, "Wait until it has ended, and show how far it is");
}

}  // namespace fieldkms
