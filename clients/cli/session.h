// One run of the command: its global options, its connection, its way of
// reporting.
#ifndef FIELDKMS_CLIENTS_CLI_SESSION_H_
#define FIELDKMS_CLIENTS_CLI_SESSION_H_

#include <CLI/App.hpp>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cli/exit_code.h"
#include "clients/cli/report.h"
#include "clients/cpp/client.h"

namespace fieldkms {

struct GlobalOptions {
  std::string target = "unix:/run/fieldkms/fieldkmsd.sock";
  TlsOptions tls;
  double timeout_seconds = 10;
  bool json = false;
};

class Session {
 public:
  GlobalOptions options;

  // Makes `command` run `body` and keep its exit code; an error that it returns
  // is reported. At most one command runs.
  void Bind(CLI::App* command, std::function<absl::StatusOr<ExitCode>()> body);

  // The client for --target, made at the first use.
  absl::StatusOr<Client*> Connect();
  // The same, for what outlives a call.
  absl::StatusOr<std::shared_ptr<Client>> ConnectShared();

  // Reports go to standard error: for people, or as {"error": …} under --json.
  void ReportError(const absl::Status& status) const;

  // Show prints a result on standard output: `json` under --json, else `text`.
  absl::StatusOr<ExitCode> Show(const Json& json, const std::string& text) const;

  ExitCode exit_code() const { return exit_code_; }

 private:
  std::shared_ptr<Client> client_;
  ExitCode exit_code_ = ExitCode::kOk;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_SESSION_H_
