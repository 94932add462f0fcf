#include "clients/cli/session.h"

#include <unistd.h>

#include <chrono>
#include <string_view>
#include <utility>

#include "clients/cli/output.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

// What to do next, where there is something that is always worth a try.
std::string_view HintFor(const absl::Status& status) {
  // An application's database is not the service.
  if (status.code() == absl::StatusCode::kUnavailable &&
      ReasonOf(status) != Reason::kDatabaseUnavailable) {
    return "\nIs fieldkmsd running? `fieldkms doctor` looks into it.";
  }
  if (ReasonOf(status) == Reason::kPermissionDenied) {
    return "\nRoles are given to users in fieldkmsd's configuration file.";
  }
  return "";
}

}  // namespace

void Session::Bind(CLI::App* command, std::function<absl::StatusOr<ExitCode>()> body) {
  command->callback([this, body = std::move(body)] {
    const absl::StatusOr<ExitCode> code = body();
    if (!code.ok()) ReportError(code.status());
    exit_code_ = code.ok() ? *code : ExitCodeOf(code.status());
  });
}

absl::StatusOr<Client*> Session::Connect() {
  if (client_ == nullptr) {
    ClientOptions client_options;
    client_options.target = options.target;
    client_options.tls = options.tls;
    client_options.timeout =
        std::chrono::milliseconds(static_cast<int64_t>(options.timeout_seconds * 1'000));
    FIELDKMS_ASSIGN_OR_RETURN(client_, Client::Create(client_options));
  }
  return client_.get();
}

absl::StatusOr<std::shared_ptr<Client>> Session::ConnectShared() {
  FIELDKMS_RETURN_IF_ERROR(Connect().status());
  return client_;
}

void Session::ReportError(const absl::Status& status) const {
  const std::string text =
      options.json ? JsonLine({{"error", ErrorJson(status)}})
                   : "fieldkms: " + ErrorText(status) + std::string(HintFor(status)) + "\n";
  // There is nowhere left to report that reporting failed.
  (void)WriteAll(STDERR_FILENO, AsBytes(text));
}

absl::StatusOr<ExitCode> Session::Show(const Json& json, const std::string& text) const {
  FIELDKMS_RETURN_IF_ERROR(WriteAll(STDOUT_FILENO, AsBytes(options.json ? JsonLine(json) : text)));
  return ExitCode::kOk;
}

}  // namespace fieldkms
