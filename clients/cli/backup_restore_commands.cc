// fieldkms backup verify|restore: what opens a backup.
#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "clients/cli/commands.h"
#include "clients/cli/count_progress.h"
#include "clients/cli/input.h"
#include "clients/cli/installation.h"
#include "clients/cli/passphrase.h"
#include "crypto/hex.h"
#include "crypto/status.h"
#include "kms/backup/recovery_key.h"
#include "kms/backup/restore.h"

namespace fieldkms {
namespace {

struct OpenArguments {
  std::string from;
  std::string recovery_key;
  PassphraseSource recovery_passphrase;
  PassphraseSource passphrase;
  std::string expect_digest;
};

struct RestoreArguments : OpenArguments {
  std::string config;
  std::vector<std::string> tenants;
};

void AddOpenOptions(CLI::App* command, OpenArguments* arguments) {
  command->add_option("--from", arguments->from, "The backup")->type_name("FILE")->required();
  command
      ->add_option("--recovery-key", arguments->recovery_key,
                   "The file of a private recovery key that opens it")
      ->type_name("FILE");
  AddPassphraseOptions(command, "recovery-", "that private key; asked for where it is not given",
                       nullptr, &arguments->recovery_passphrase);
  AddPassphraseOptions(command, "", "the backup",
                       "Ask for the passphrase of the backup on the terminal",
                       &arguments->passphrase);
  command
      ->add_option("--expect-digest", arguments->expect_digest,
                   "Refuse any other file than the one of this digest, as create printed it")
      ->type_name("HEX");
}

absl::StatusOr<std::optional<BackupDigest>> ExpectedDigest(const OpenArguments& arguments) {
  if (arguments.expect_digest.empty()) return std::optional<BackupDigest>();
  BackupDigest digest;
  if (!DecodeHex(arguments.expect_digest, digest)) {
    return InvalidField("expect-digest", "must be 64 hex digits, as `backup create` prints them");
  }
  return std::optional(digest);
}

absl::StatusOr<BackupSecrets> SecretsOf(const OpenArguments& arguments) {
  if (arguments.recovery_key.empty() && !arguments.passphrase.given()) {
    return InvalidField("recovery-key",
                        "nothing was given that opens the backup: give --recovery-key, "
                        "--passphrase-file or --ask-passphrase");
  }
  BackupSecrets secrets;
  if (!arguments.recovery_key.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(
        const SecretBytes passphrase,
        ReadPassphrase(arguments.recovery_passphrase, "Passphrase of the recovery key: ", false));
    FIELDKMS_ASSIGN_OR_RETURN(secrets.recovery_key,
                              ReadRecoveryKey(arguments.recovery_key, passphrase));
  }
  if (arguments.passphrase.given()) {
    FIELDKMS_ASSIGN_OR_RETURN(
        secrets.passphrase,
        ReadPassphrase(arguments.passphrase, "Passphrase of the backup: ", false));
  }
  return secrets;
}

OpenBackup Opener(const std::string& path) {
  return [path]() -> absl::StatusOr<ByteSource> {
    FIELDKMS_ASSIGN_OR_RETURN(InputFile file, InputFile::Open(path));
    auto held = std::make_shared<InputFile>(std::move(file));
    return ByteSource(
        [held](MutableBytes bytes) { return ReadSome(held->fd(), bytes.data(), bytes.size()); });
  };
}

absl::StatusOr<ExitCode> ShowContents(Session* session, const BackupContents& contents,
                                      const std::vector<std::string>& only, const char* done) {
  const auto selected = [&](const std::string& tenant) {
    return only.empty() || std::find(only.begin(), only.end(), tenant) != only.end();
  };
  Json tenants = Json::array();
  std::string names;
  for (const auto& [name, tenant] : contents.tenants) {
    if (!selected(name)) continue;
    tenants.push_back(name);
    names += (names.empty() ? "" : ", ") + name;
  }
  const BackupSummary& summary = contents.summary;
  return session->Show({{"done", done},
                        {"digest", EncodeHex(contents.digest)},
                        {"change", summary.change},
                        {"tenants", std::move(tenants)},
                        {"keys", summary.keys},
                        {"versions", summary.versions},
                        {"aliases", summary.aliases},
                        {"fields", summary.fields}},
                       Properties({{done, names.empty() ? "no tenants" : names},
                                   {"digest", EncodeHex(contents.digest)},
                                   {"as of change", std::to_string(summary.change)},
                                   {"keys in it", std::to_string(summary.keys)},
                                   {"versions in it", std::to_string(summary.versions)},
                                   {"aliases in it", std::to_string(summary.aliases)},
                                   {"fields in it", std::to_string(summary.fields)}}));
}

absl::StatusOr<ExitCode> Verify(Session* session, const OpenArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto expected, ExpectedDigest(arguments));
  FIELDKMS_ASSIGN_OR_RETURN(const BackupSecrets secrets, SecretsOf(arguments));
  CountProgress progress("opened", "keys");
  FIELDKMS_ASSIGN_OR_RETURN(const BackupContents contents,
                            VerifyBackup(
                                Opener(arguments.from), secrets,
                                [&](uint64_t keys) { progress.Update(keys); }, expected));
  return ShowContents(session, contents, {}, "verified");
}

absl::StatusOr<ExitCode> Restore(Session* session, const RestoreArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(const Config config, LoadInstallation(arguments.config));
  FIELDKMS_ASSIGN_OR_RETURN(const auto expected, ExpectedDigest(arguments));
  FIELDKMS_ASSIGN_OR_RETURN(const BackupSecrets secrets, SecretsOf(arguments));
  FIELDKMS_ASSIGN_OR_RETURN(const auto store, OpenStoreOf(config, MissingStore::kMade));
  FIELDKMS_ASSIGN_OR_RETURN(const auto root, OpenRootOf(config, *store));
  CountProgress progress("staged", "keys");
  RestoreRequest request{Opener(arguments.from), secrets, {}, OperatorName(), {}, expected};
  if (!arguments.tenants.empty()) {
    request.tenants = std::set(arguments.tenants.begin(), arguments.tenants.end());
  }
  request.on_progress = [&progress](uint64_t keys) { progress.Update(keys); };
  FIELDKMS_ASSIGN_OR_RETURN(const BackupContents contents,
                            RestoreBackup(*store, *root, SystemClock(), request));
  return ShowContents(session, contents, arguments.tenants, "restored");
}

}  // namespace

void AddRestoreCommands(CLI::App* group, Session* session) {
  auto to_verify = std::make_shared<OpenArguments>();
  CLI::App* const verify = group->add_subcommand(
      "verify", "Open a backup, all of it, and every key in it; writes nothing");
  AddOpenOptions(verify, to_verify.get());
  session->Bind(verify, [session, to_verify] { return Verify(session, *to_verify); });

  auto to_restore = std::make_shared<RestoreArguments>();
  CLI::App* const restore = group->add_subcommand(
      "restore", "Make the tenants of a backup anew, with their keys, under this root");
  AddConfigOption(restore, &to_restore->config);
  AddOpenOptions(restore, to_restore.get());
  restore
      ->add_option("--tenant", to_restore->tenants,
                   "Only this tenant; repeatable; all of the backup by default")
      ->type_name("ID")
      ->allow_extra_args(false);
  session->Bind(restore, [session, to_restore] { return Restore(session, *to_restore); });
}

}  // namespace fieldkms
