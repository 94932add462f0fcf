// fieldkms audit key|tail|export|begin-anew, and the group of all commands about the audit trail.
// These work on its files, without the service.
#include "clients/cli/audit_commands.h"

#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>
#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "clients/cli/audit_args.h"
#include "clients/cli/commands.h"
#include "clients/cli/installation.h"
#include "crypto/status.h"
#include "kms/audit/checkpoint_export.h"
#include "kms/audit/trail_anew.h"
#include "kms/audit/trail_files.h"
#include "kms/server/data_dir.h"

namespace fieldkms {
namespace {

absl::StatusOr<ExitCode> ShowKey(Session* session, const TrailArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(const NoteVerifier verifier, VerifierOf(arguments));
  return session->Show({{"verifier_key", verifier.ToString()}, {"log", verifier.name()}},
                       verifier.ToString() + "\n");
}

// The last lines, of as many segments as it takes.
absl::StatusOr<std::deque<std::string>> LastLines(const std::string& trail, size_t count) {
  FIELDKMS_ASSIGN_OR_RETURN(const TrailFiles files, ListTrail(trail));
  std::deque<std::string> all;
  std::string path = trail;
  for (size_t left = files.segments.size();; --left) {
    std::deque<std::string> lines;
    const size_t wanted = count - all.size();
    FIELDKMS_RETURN_IF_ERROR(ReadLines(path, 0, [&](std::string_view text) {
      while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        lines.emplace_back(text.substr(0, end));
        if (lines.size() > wanted) lines.pop_front();
        text.remove_prefix(std::min(end + 1, text.size()));
      }
      return absl::OkStatus();
    }));
    all.insert(all.begin(), lines.begin(), lines.end());
    if (all.size() == count || left == 0) return all;
    path = SegmentPath(trail, files.segments[left - 1]);
  }
}

absl::StatusOr<ExitCode> ShowTail(Session* session, const TrailArguments& arguments, size_t count) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto lines, LastLines(arguments.trail, count));
  Json records = Json::array();
  std::string text;
  for (const std::string& line : lines) {
    text += line + "\n";
    Json record = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    records.push_back(record.is_discarded() ? Json(line) : std::move(record));
  }
  return session->Show({{"records", std::move(records)}}, text);
}

absl::StatusOr<ExitCode> Export(Session* session, const TrailArguments& arguments,
                                const std::string& directory) {
  FIELDKMS_ASSIGN_OR_RETURN(const NoteVerifier verifier, VerifierOf(arguments));
  FIELDKMS_ASSIGN_OR_RETURN(const auto checkpoints,
                            ReadCheckpoints(CheckpointsPath(arguments.trail), verifier));
  if (checkpoints.empty()) return TrailDamaged("the trail has no checkpoint");
  const SignedCheckpoint& last = checkpoints.back();
  if (!directory.empty()) FIELDKMS_RETURN_IF_ERROR(DirectoryTarget(directory)->Export(last));
  return session->Show({{"records", last.checkpoint.size}, {"checkpoint", last.note}}, last.note);
}

struct AnewArguments {
  std::string config;
  std::string reason;
};

absl::StatusOr<ExitCode> Anew(Session* session, const AnewArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(const Config config, LoadInstallation(arguments.config));
  FIELDKMS_ASSIGN_OR_RETURN(const DataDirLock lock, DataDirLock::Acquire(config.data_dir));
  AnewRequest request;
  request.path = config.audit_file.empty() ? config.data_dir + "/audit.jsonl" : config.audit_file;
  request.key_path =
      config.audit.key_path.empty() ? config.data_dir + "/audit.key" : config.audit.key_path;
  request.operator_name = OperatorName();
  request.reason = arguments.reason;
  FIELDKMS_ASSIGN_OR_RETURN(const AnewResult result, BeginAnew(request, SystemClock()));
  return session->Show(
      {{"aside", result.aside}, {"log", result.origin}, {"signed_records", result.signed_records}},
      "The old trail is in " + result.aside +
          "; keep it.\nThe next start of the service begins "
          "another, whose first record says so.\n");
}

}  // namespace

void AddAuditCommands(CLI::App* app, Session* session) {
  CLI::App* const group = app->add_subcommand("audit", "Read, verify and prove the audit trail");
  group->require_subcommand(1, 1);
  AddAuditListCommand(group, session);
  AddAuditWatchCommand(group, session);
  AddAuditAnomaliesCommand(group, session);
  AddAuditVerifyCommand(group, session);
  AddAuditProveCommands(group, session);

  auto key = std::make_shared<TrailArguments>();
  CLI::App* const show_key =
      group->add_subcommand("key", "Show the key that verifies a trail; keep it elsewhere");
  AddTrailOption(show_key, key.get());
  session->Bind(show_key, [session, key] { return ShowKey(session, *key); });

  auto tail = std::make_shared<TrailArguments>();
  auto count = std::make_shared<size_t>(10);
  CLI::App* const show_tail = group->add_subcommand("tail", "Show the last records of a trail");
  AddTrailOption(show_tail, tail.get());
  show_tail->add_option("-n,--count", *count, "How many")
      ->check(CLI::Range(size_t{1}, size_t{100'000}))
      ->capture_default_str();
  session->Bind(show_tail, [session, tail, count] { return ShowTail(session, *tail, *count); });

  auto exported = std::make_shared<TrailArguments>();
  auto directory = std::make_shared<std::string>();
  CLI::App* const take = group->add_subcommand(
      "export", "Show the last checkpoint, to be kept where the trail's writers cannot write");
  AddTrailOption(take, exported.get());
  AddVerifierKeyOption(take, exported.get());
  take->add_option("--to", *directory, "A directory that gets it, too, in a file of its own")
      ->type_name("DIR");
  session->Bind(take,
                [session, exported, directory] { return Export(session, *exported, *directory); });

  auto anew = std::make_shared<AnewArguments>();
  CLI::App* const begin = group->add_subcommand(
      "begin-anew",
      "Set a trail aside that the service refuses, and begin another that says so; with the "
      "service stopped");
  AddConfigOption(begin, &anew->config);
  begin->add_option("--reason", anew->reason, "Why, for whoever reads the trail")
      ->type_name("TEXT")
      ->required();
  session->Bind(begin, [session, anew] { return Anew(session, *anew); });
}

}  // namespace fieldkms
