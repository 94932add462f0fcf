// fieldkms store copy|thaw: moving an installation to another store.
#include <memory>
#include <optional>
#include <string>

#include "clients/cli/commands.h"
#include "clients/cli/count_progress.h"
#include "clients/cli/installation.h"
#include "crypto/status.h"
#include "kms/backup/store_copy.h"

namespace fieldkms {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr char kVaulted[] = "data subjects and tokens";

struct CopyArguments {
  std::string config;
  std::string to;
  bool final = false;
};

std::string NextStep(const CopyReport& report, const CopyArguments& arguments) {
  if (!report.complete) {
    return "\nThe service still runs on the source. Run this again, as often as you like; with "
           "--final at last, which copies data subjects and vaulted tokens, too.\n";
  }
  return "\nThe source is frozen: it is read, and changes get STORE_UNAVAILABLE.\n"
         "Now start the service with " +
         arguments.to + ", let clients go there, and stop the old one.\n";
}

absl::StatusOr<ExitCode> CopyTo(Session* session, const CopyArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(const Config from, LoadInstallation(arguments.config));
  FIELDKMS_ASSIGN_OR_RETURN(const Config to, LoadConfig(arguments.to));
  FIELDKMS_ASSIGN_OR_RETURN(const auto source, OpenStoreOf(from, MissingStore::kRefused));
  FIELDKMS_ASSIGN_OR_RETURN(const auto target, OpenStoreOf(to, MissingStore::kMade));
  // Of the new configuration: it must open what the store of the old one holds.
  FIELDKMS_ASSIGN_OR_RETURN(const auto root, OpenRootOf(to, *source));
  CountProgress copied("copied", "keys");
  CountProgress compared("compared", "keys");
  // Each counts from when it begins.
  std::optional<CountProgress> vaulted;
  std::optional<CountProgress> vault_compared;
  CopyRequest request{arguments.final, OperatorName(), {}, {}, {}, {}};
  request.on_copied = [&](uint64_t keys) { copied.Update(keys); };
  request.on_compared = [&](uint64_t keys) { compared.Update(keys); };
  request.on_vault_copied = [&](uint64_t records) {
    if (!vaulted) vaulted.emplace("copied", kVaulted);
    vaulted->Update(records);
  };
  request.on_vault_compared = [&](uint64_t records) {
    if (!vault_compared) vault_compared.emplace("compared", kVaulted);
    vault_compared->Update(records);
  };
  FIELDKMS_ASSIGN_OR_RETURN(const CopyReport report,
                            CopyStore(*source, *target, *root, SystemClock(), request));
  return session->Show({{"change", report.change},
                        {"tenants", report.tenants},
                        {"copied_keys", report.keys},
                        {"compared_keys", report.compared},
                        {"copied_subjects", report.vault.subjects},
                        {"copied_tokens", report.vault.tokens},
                        {"complete", report.complete}},
                       Properties({{"as of change", std::to_string(report.change)},
                                   {"tenants", std::to_string(report.tenants)},
                                   {"keys copied", std::to_string(report.keys)},
                                   {"keys compared", std::to_string(report.compared)},
                                   {"subjects copied", std::to_string(report.vault.subjects)},
                                   {"tokens copied", std::to_string(report.vault.tokens)},
                                   {"complete", report.complete ? "yes" : "not yet"}}) +
                           NextStep(report, arguments));
}

absl::StatusOr<ExitCode> Thaw(Session* session, const std::string& config_path) {
  FIELDKMS_ASSIGN_OR_RETURN(const Config config, LoadInstallation(config_path));
  FIELDKMS_ASSIGN_OR_RETURN(const auto store, OpenStoreOf(config, MissingStore::kRefused));
  const Deadline deadline = SystemClock().Steady() + kPatience;
  FIELDKMS_ASSIGN_OR_RETURN(const bool frozen, store->IsFrozen(deadline));
  FIELDKMS_RETURN_IF_ERROR(store->SetFrozen(false, deadline));
  return session->Show({{"was_frozen", frozen}},
                       frozen ? "the store takes changes again\n" : "the store was not frozen\n");
}

}  // namespace

void AddStoreCopyCommands(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<CopyArguments>();
  CLI::App* const copy = group->add_subcommand(
      "copy", "Copy all of an installation to another store, under the same root");
  AddConfigOption(copy, &arguments->config);
  copy->add_option("--to", arguments->to, "The configuration file of the service on the new store")
      ->type_name("FILE")
      ->required();
  copy->add_flag("--final", arguments->final,
                 "The last round: freeze the source, compare both, make the target ready");
  session->Bind(copy, [session, arguments] { return CopyTo(session, *arguments); });

  auto config = std::make_shared<std::string>();
  CLI::App* const thaw = group->add_subcommand(
      "thaw", "Let a store that `copy --final` froze take changes again; never after the move");
  AddConfigOption(thaw, config.get());
  session->Bind(thaw, [session, config] { return Thaw(session, *config); });
}

}  // namespace fieldkms
