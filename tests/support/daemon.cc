#include "tests/support/daemon.h"

#include <signal.h>

#include <filesystem>
#include <string_view>
#include <thread>
#include <utility>

#include "tests/support/temp_dir.h"

namespace fieldkms::testing {
namespace {

constexpr std::chrono::seconds kStartTimeout(30);
constexpr std::string_view kServing = "\"event\":\"serving\"";

}  // namespace

Daemon::Daemon(DaemonOptions options) : options_(std::move(options)) {
  if (options_.log_path.empty()) options_.log_path = options_.data_dir + ".log";
  if (options_.args.empty()) options_.args = {"--dev", "--data-dir", options_.data_dir};
}

void Daemon::Launch() {
  std::error_code absent;
  const auto size = std::filesystem::file_size(options_.log_path, absent);
  log_start_ = absent ? 0 : size;
  SubprocessOptions child;
  child.argv = {BinaryPath("fieldkmsd")};
  child.argv.insert(child.argv.end(), options_.args.begin(), options_.args.end());
  child.env = options_.env;
  child.stderr_path = options_.log_path;
  process_ = std::make_unique<Subprocess>(child);
}

absl::Status Daemon::Start() {
  Launch();
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  while (Log().find(kServing) == std::string::npos) {
    if (const auto end = process_->WaitFor(std::chrono::milliseconds(5))) {
      process_.reset();
      return absl::FailedPreconditionError("fieldkmsd ended with code " +
                                           std::to_string(end->code) + ", signal " +
                                           std::to_string(end->signal) + ": " + Log());
    }
    if (std::chrono::steady_clock::now() > deadline) {
      Kill();
      return absl::DeadlineExceededError("fieldkmsd does not serve: " + Log());
    }
  }
  return absl::OkStatus();
}

ExitStatus Daemon::StartAndWait() {
  Launch();
  return AwaitEnd();
}

ExitStatus Daemon::AwaitEnd() {
  const auto end = process_->WaitFor(kStartTimeout);
  if (!end) process_->Signal(SIGKILL);
  const ExitStatus status = process_->Wait();
  process_.reset();
  return status;
}

ExitStatus Daemon::Terminate(std::chrono::seconds timeout) {
  process_->Signal(SIGTERM);
  if (!process_->WaitFor(timeout)) process_->Signal(SIGKILL);
  const ExitStatus status = process_->Wait();
  process_.reset();
  return status;
}

void Daemon::Kill() {
  process_->Signal(SIGKILL);
  process_->Wait();
  process_.reset();
}

std::string Daemon::target() const { return "unix:" + options_.data_dir + "/fieldkmsd.sock"; }

std::string Daemon::Log() const {
  std::error_code absent;
  if (!std::filesystem::exists(options_.log_path, absent)) return "";
  return ReadFile(options_.log_path).substr(log_start_);
}

}  // namespace fieldkms::testing
