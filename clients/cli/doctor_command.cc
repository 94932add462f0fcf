// fieldkms doctor
#include <memory>
#include <string>
#include <vector>

#include "clients/cli/commands.h"
#include "clients/cli/doctor.h"
#include "clients/cpp/target.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

struct DoctorArguments {
  double wait_seconds = 0;
  std::string data_dir;
};

// The exit code tells a service that is not there from one that could be better.
struct Diagnosis {
  std::vector<Finding> findings;
  ExitCode exit_code = ExitCode::kOk;

  void Add(Finding finding, ExitCode code_if_failed) {
    if (finding.level == Level::kFail && exit_code == ExitCode::kOk) exit_code = code_if_failed;
    findings.push_back(std::move(finding));
  }
  void Add(std::vector<Finding> more) {
    for (Finding& finding : more) Add(std::move(finding), ExitCode::kFailure);
  }
};

Json ToJson(const Diagnosis& diagnosis) {
  Json checks = Json::array();
  for (const Finding& finding : diagnosis.findings) {
    checks.push_back({{"check", finding.check},
                      {"level", LevelName(finding.level)},
                      {"detail", finding.detail},
                      {"advice", finding.advice}});
  }
  return {{"healthy", diagnosis.exit_code == ExitCode::kOk}, {"checks", std::move(checks)}};
}

std::string ToText(const Diagnosis& diagnosis) {
  Table table({"CHECK", "LEVEL", "DETAIL"});
  std::string advice;
  for (const Finding& finding : diagnosis.findings) {
    table.Add({finding.check, std::string(LevelName(finding.level)), finding.detail});
    if (!finding.advice.empty()) advice += finding.check + ": " + finding.advice + "\n";
  }
  return table.Render() + (advice.empty() ? "" : "\n" + advice);
}

// Waiting comes first: the other checks look at a service that is up.
absl::StatusOr<ExitCode> Diagnose(Session* session, const DoctorArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string path, SocketPath(session->options.target));
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  const Finding service = CheckService(
      client, std::chrono::milliseconds(static_cast<int64_t>(arguments.wait_seconds * 1'000)));
  Diagnosis diagnosis;
  std::optional<SocketPeer> peer;
  if (!path.empty()) diagnosis.Add(CheckSocket(path, &peer), ExitCode::kUnavailable);
  diagnosis.Add(service, ExitCode::kUnavailable);
  if (service.level == Level::kOk) {
    diagnosis.Add(CheckAccess(client), ExitCode::kFailure);
    diagnosis.Add(CheckStatus(client));
    diagnosis.Add(CheckRotations(client));
  }
  if (peer) diagnosis.Add(CheckLimits(peer->pid));
  if (!arguments.data_dir.empty()) diagnosis.Add(CheckDataDirectory(arguments.data_dir, peer));
  FIELDKMS_RETURN_IF_ERROR(session->Show(ToJson(diagnosis), ToText(diagnosis)).status());
  return diagnosis.exit_code;
}

}  // namespace

void AddDoctorCommand(CLI::App* app, Session* session) {
  CLI::App* const command =
      app->add_subcommand("doctor", "Check the service and what it stands on, and advise");
  auto arguments = std::make_shared<DoctorArguments>();
  command
      ->add_option("--wait", arguments->wait_seconds,
                   "Wait at most so long for the service to serve")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 86'400.0));
  command
      ->add_option("--data-dir", arguments->data_dir, "Also check this data directory of fieldkmsd")
      ->type_name("DIR");
  session->Bind(command, [session, arguments] { return Diagnose(session, *arguments); });
}

}  // namespace fieldkms
