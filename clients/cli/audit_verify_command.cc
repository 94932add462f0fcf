// fieldkms audit verify
#include <unistd.h>

#include <CLI/Option.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clients/cli/audit_args.h"
#include "clients/cli/audit_commands.h"
#include "clients/cli/progress.h"
#include "crypto/status.h"
#include "kms/audit/checkpoint_export.h"
#include "kms/audit/trail_files.h"
#include "kms/audit/trail_verify.h"

namespace fieldkms {
namespace {

constexpr size_t kMaxState = 16'384;

struct VerifyArguments {
  TrailArguments trail;
  std::vector<std::string> anchors;
  std::string state;
  unsigned threads = 0;
  bool whole = false;
  bool quiet = false;
};

absl::StatusOr<VerifyOptions> OptionsOf(const VerifyArguments& arguments,
                                        const NoteVerifier& verifier) {
  VerifyOptions options;
  options.threads = arguments.threads;
  for (const std::string& path : arguments.anchors) {
    FIELDKMS_ASSIGN_OR_RETURN(auto anchors, ReadAnchors(path, verifier));
    if (anchors.empty()) {
      return InvalidField("anchors", "there is no checkpoint of this log in " + path);
    }
    for (auto& anchor : anchors) options.anchors.push_back(std::move(anchor));
  }
  if (arguments.state.empty() || !std::filesystem::exists(arguments.state)) return options;
  FIELDKMS_ASSIGN_OR_RETURN(const std::string state, ReadSmallFile(arguments.state, kMaxState));
  FIELDKMS_ASSIGN_OR_RETURN(options.from, ParseVerified(state));
  return options;
}

Json ReportJson(const VerifyReport& report, const NoteVerifier& verifier) {
  Json findings = Json::array();
  for (const TrailFinding& finding : report.findings) {
    findings.push_back({{"kind", FindingName(finding.kind)},
                        {"first_record", finding.first},
                        {"end_record", finding.end},
                        {"message", finding.what}});
  }
  return {{"ok", report.findings.empty()},
          {"log", verifier.name()},
          {"records", report.records},
          {"first_record", report.first_record},
          {"read", report.read},
          {"signed_records", report.signed_records},
          {"anchored_records", report.anchored_records},
          {"checkpoints", report.checkpoints},
          {"anchors", report.anchors},
          {"findings", std::move(findings)}};
}

std::string ReportText(const VerifyReport& report, const VerifyArguments& arguments,
                       const NoteVerifier& verifier) {
  std::string text =
      Properties({{"log", verifier.name()},
                  {"records", std::to_string(report.records)},
                  {"dropped before", std::to_string(report.first_record)},
                  {"read now", std::to_string(report.read)},
                  {"signed", std::to_string(report.signed_records) + ", by " +
                                 std::to_string(report.checkpoints) + " checkpoints"},
                  {"anchored", std::to_string(report.anchored_records) + ", by " +
                                   std::to_string(report.anchors) + " anchors"}});
  for (const TrailFinding& finding : report.findings) {
    text += "FOUND " + std::string(FindingName(finding.kind)) + ": " + finding.what + "\n";
  }
  text += report.findings.empty() ? "The trail is what was signed.\n"
                                  : "The trail is NOT what was signed.\n";
  if (arguments.trail.key.empty()) {
    text += "The key was taken from beside the trail: give --key, as you kept it elsewhere.\n";
  }
  if (arguments.anchors.empty()) {
    text += "Without --anchors nothing tells of a trail that was rolled back as a whole.\n";
  }
  return text;
}

absl::StatusOr<ExitCode> Verify(Session* session, const VerifyArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(const NoteVerifier verifier, VerifierOf(arguments.trail));
  FIELDKMS_ASSIGN_OR_RETURN(VerifyOptions options, OptionsOf(arguments, verifier));
  std::optional<Progress> progress;
  if (!arguments.quiet) {
    options.on_progress = [&progress](const VerifyProgress& done) {
      if (!progress) {
        progress.emplace(isatty(STDERR_FILENO) == 1 ? ProgressStyle::kBar : ProgressStyle::kLines,
                         done.total_bytes);
      }
      progress->Update(done.records, 0, done.bytes);
    };
  }
  auto verified = VerifyTrail(arguments.trail.trail, verifier, options);
  if (progress) progress->Hide();
  FIELDKMS_RETURN_IF_ERROR(verified.status());
  VerifyReport& report = *verified;
  if (arguments.whole && report.first_record != 0) {
    report.findings.push_back({TrailFinding::Kind::kMissing, 0, report.first_record,
                               "records were dropped, and --whole was asked for"});
  }
  if (!arguments.state.empty() && report.findings.empty() && report.verified) {
    FIELDKMS_RETURN_IF_ERROR(ReplaceFile(arguments.state, FormatVerified(*report.verified)));
  }
  FIELDKMS_RETURN_IF_ERROR(
      session->Show(ReportJson(report, verifier), ReportText(report, arguments, verifier))
          .status());
  return report.findings.empty() ? ExitCode::kOk : ExitCode::kDoesNotOpen;
}

}  // namespace

void AddAuditVerifyCommand(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<VerifyArguments>();
  CLI::App* const command = group->add_subcommand(
      "verify", "Verify that a trail is what was signed: nothing edited, removed, added or moved");
  AddTrailOption(command, &arguments->trail);
  AddVerifierKeyOption(command, &arguments->trail);
  command
      ->add_option("--anchors", arguments->anchors,
                   "Checkpoints that were exported: a directory, or a file; repeatable")
      ->type_name("PATH")
      ->allow_extra_args(false);
  command
      ->add_option("--state", arguments->state,
                   "How far was verified: read from here where it exists, and kept here for the "
                   "next time")
      ->type_name("FILE");
  command->add_option("--threads", arguments->threads, "Threads; one a core by default")
      ->type_name("N");
  command->add_flag("--whole", arguments->whole, "Fail if records were dropped by retention");
  command->add_flag("--quiet", arguments->quiet, "No progress");
  session->Bind(command, [session, arguments] { return Verify(session, *arguments); });
}

}  // namespace fieldkms
