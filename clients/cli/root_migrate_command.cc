// fieldkms root migrate: from one root of trust to another, while the service runs.
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "clients/cli/commands.h"
#include "clients/cli/count_progress.h"
#include "clients/cli/input.h"
#include "clients/cli/installation.h"
#include "crypto/status.h"
#include "kms/keyring/root_migration.h"
#include "kms/server/data_dir.h"

namespace fieldkms {
namespace {

struct MigrateArguments {
  std::string config;
  std::string to;
  bool replicas_ready = false;
};

// The roots of one migration: by the configuration, and the one that it is to end with.
struct Roots {
  std::unique_ptr<RootKey> configured;
  std::unique_ptr<RootKey> also;  // null: none
  std::unique_ptr<RootKey> next;

  bool wraps_with_next() const { return configured->Describe() == next->Describe(); }
  bool opens_next() const { return also != nullptr && also->Describe() == next->Describe(); }
};

absl::Status DoFirst(const std::string& what) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kConfigInvalid, what);
}

absl::StatusOr<Roots> OpenRoots(const Config& config, const MigrateArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(const RootConfig next, LoadRootConfig(arguments.to));
  Roots roots;
  FIELDKMS_ASSIGN_OR_RETURN(roots.configured, OpenOneRoot(config.root, config, false));
  if (config.also_root) {
    FIELDKMS_ASSIGN_OR_RETURN(roots.also, OpenOneRoot(*config.also_root, config, false));
  }
  FIELDKMS_ASSIGN_OR_RETURN(roots.next, OpenOneRoot(next, config, /*may_create=*/true));
  return roots;
}

// What the configuration has to say first, where a service runs by it.
absl::Status CheckConfigured(const Roots& roots, const MigrateArguments& arguments) {
  const std::string again = ", restart every replica, one after the other, and run this again";
  if (roots.wraps_with_next()) return absl::OkStatus();
  if (roots.opens_next()) {
    return DoFirst(
        "step 2 of 3: every replica can open what the new root wraps. Now swap `root` "
        "and `also_root` in " +
        arguments.config + again);
  }
  return DoFirst("step 1 of 3: put the root of " + arguments.to + " into " + arguments.config +
                 " as `also_root`" + again);
}

// Whether the service itself says that it runs by the configuration: it may have been
// changed and not read. nullopt: the service cannot be asked.
absl::StatusOr<std::optional<bool>> ServiceAgrees(Session* session, const Config& config,
                                                  const Roots& roots) {
  session->options.target = "unix:" + config.socket;
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  const auto status = client->GetStatus();
  if (!status.ok()) return std::optional<bool>();
  std::string expected = roots.configured->Describe();
  if (roots.also != nullptr) expected += ", before it " + roots.also->Describe();
  return std::optional<bool>(status->root().description() == expected);
}

absl::Status AskAboutReplicas(const MigrateArguments& arguments) {
  if (arguments.replicas_ready) return absl::OkStatus();
  const absl::StatusOr<std::string> answer = PromptLine(
      "Does every replica of this store run with the new root in `root` and the old one in "
      "`also_root`? One that does not could open nothing any more. (yes/no) ");
  if (answer.ok() && *answer == "yes") return absl::OkStatus();
  return DoFirst(
      "whether every replica runs with both roots is not known here: look, and say "
      "--replicas-ready");
}

// OK where nobody is hurt by the move. `offline` is set where no service runs at all, and
// none can start meanwhile.
absl::Status CheckReplicas(Session* session, const Config& config, const Roots& roots,
                           const MigrateArguments& arguments, std::optional<DataDirLock>* offline) {
  const bool one_daemon = std::holds_alternative<SqliteStoreConfig>(config.store);
  if (one_daemon) {
    absl::StatusOr<DataDirLock> lock = DataDirLock::Acquire(config.data_dir);
    if (lock.ok()) {
      offline->emplace(*std::move(lock));
      return absl::OkStatus();
    }
    if (ReasonOf(lock.status()) != Reason::kDataDirInUse) return lock.status();
  }
  FIELDKMS_RETURN_IF_ERROR(CheckConfigured(roots, arguments));
  FIELDKMS_ASSIGN_OR_RETURN(const auto agrees, ServiceAgrees(session, config, roots));
  if (agrees && !*agrees) {
    return DoFirst("the service at " + config.socket +
                   " runs with other roots than its configuration file says: restart it, and run "
                   "this again");
  }
  return agrees && one_daemon ? absl::OkStatus() : AskAboutReplicas(arguments);
}

std::string NextStep(const Roots& roots, const MigrateArguments& arguments, bool offline) {
  if (!roots.wraps_with_next() && offline) {
    return "\nNow make the root of " + arguments.to + " the `root` of " + arguments.config +
           ", and start the service.\n";
  }
  const std::string kept =
      "Backups of the store's own files from before still need the old root: keep it as long as "
      "those.\n";
  if (roots.also == nullptr) return "\nThe old root may go. " + kept;
  return "\nStep 3 of 3: take `also_root` out of " + arguments.config +
         ", restart every replica, one after the other, and run this again: it says that the old "
         "root may go.\n";
}

absl::StatusOr<ExitCode> Report(Session* session, const RootCheck& check, uint64_t moved,
                                const std::string& next) {
  if (!check.all_new()) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kRootWrongKey,
                 std::to_string(check.old_keks) + " of " + std::to_string(check.keks) +
                     " tenant keys" + (check.old_binding ? " and the store's tie" : "") +
                     " are still of another root: keep it, and run this again with it in "
                     "`also_root`");
  }
  return session->Show(
      {{"moved_keks", moved}, {"keks", check.keks}, {"tenants", check.tenants}, {"verified", true}},
      Properties({{"moved now", std::to_string(moved) + " tenant keys"},
                  {"open by the new root alone", std::to_string(check.keks) + " tenant keys of " +
                                                     std::to_string(check.tenants) +
                                                     " tenants, and the "
                                                     "store's tie"}}) +
          next);
}

absl::StatusOr<ExitCode> Migrate(Session* session, const MigrateArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(const Config config, LoadInstallation(arguments.config));
  FIELDKMS_ASSIGN_OR_RETURN(const auto store, OpenStoreOf(config, MissingStore::kRefused));
  FIELDKMS_ASSIGN_OR_RETURN(Roots roots, OpenRoots(config, arguments));
  const Clock& clock = SystemClock();
  // The last step: nothing is left to be moved from.
  if (roots.wraps_with_next() && roots.also == nullptr) {
    FIELDKMS_ASSIGN_OR_RETURN(const RootCheck check, CheckRoot(*store, *roots.next, clock));
    return Report(session, check, 0, NextStep(roots, arguments, false));
  }
  std::unique_ptr<RootKey>& old = roots.wraps_with_next() ? roots.also : roots.configured;
  FIELDKMS_RETURN_IF_ERROR(CheckDifferent(*roots.next, *old, clock));
  std::optional<DataDirLock> offline;
  FIELDKMS_RETURN_IF_ERROR(CheckReplicas(session, config, roots, arguments, &offline));
  const std::string next = NextStep(roots, arguments, offline.has_value());
  const DualRoot both(std::move(roots.next), std::move(old));
  CountProgress progress("seen", "tenant keys");
  FIELDKMS_ASSIGN_OR_RETURN(
      const uint64_t moved,
      MigrateRoot(*store, both, clock, OperatorName(), [&](uint64_t n) { progress.Update(n); }));
  FIELDKMS_ASSIGN_OR_RETURN(const RootCheck check, CheckRoot(*store, both, clock));
  return Report(session, check, moved, next);
}

}  // namespace

void AddRootMigrateCommand(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<MigrateArguments>();
  CLI::App* const command = group->add_subcommand(
      "migrate", "Move all keys to another root of trust, step by step, while the service runs");
  AddConfigOption(command, &arguments->config);
  command
      ->add_option("--to", arguments->to,
                   "A file with a section `root`, as in the configuration: the new root")
      ->type_name("FILE")
      ->required();
  command->add_flag("--replicas-ready", arguments->replicas_ready,
                    "Every replica runs with both roots: do not ask");
  session->Bind(command, [session, arguments] { return Migrate(session, *arguments); });
}

}  // namespace fieldkms
