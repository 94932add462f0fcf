// fieldkms backup make-recovery-key|create|show: taking backups, and what takes no secret.
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "clients/cli/commands.h"
#include "clients/cli/count_progress.h"
#include "clients/cli/input.h"
#include "clients/cli/installation.h"
#include "clients/cli/output.h"
#include "clients/cli/passphrase.h"
#include "crypto/hex.h"
#include "crypto/key_import.h"
#include "crypto/sha256.h"
#include "crypto/status.h"
#include "kms/backup/recovery_key.h"
#include "kms/backup/take_backup.h"

namespace fieldkms {
namespace {

constexpr size_t kMaxPem = size_t{16} << 10;

struct RecoveryArguments {
  std::string private_file;
  std::string public_file;
  PassphraseSource passphrase;
};

absl::StatusOr<ExitCode> MakeRecovery(Session* session, const RecoveryArguments& arguments) {
  // First, since the private half cannot be had again without it.
  FIELDKMS_ASSIGN_OR_RETURN(Output out, Output::Open(arguments.public_file, /*force=*/false));
  FIELDKMS_ASSIGN_OR_RETURN(
      const SecretBytes passphrase,
      ReadPassphrase(arguments.passphrase, "Passphrase of the new recovery key: ", true));
  FIELDKMS_ASSIGN_OR_RETURN(const std::string pem,
                            MakeRecoveryKey(arguments.private_file, passphrase));
  FIELDKMS_RETURN_IF_ERROR(out.Write(pem));
  FIELDKMS_RETURN_IF_ERROR(out.Commit());
  FIELDKMS_ASSIGN_OR_RETURN(const std::string fingerprint, PublicKeyDigest(pem));
  return session->Show({{"private", arguments.private_file},
                        {"public", arguments.public_file},
                        {"fingerprint", fingerprint}},
                       Properties({{"private key", arguments.private_file},
                                   {"public key", arguments.public_file},
                                   {"fingerprint", fingerprint}}) +
                           "\nTake the private key and its passphrase away from this machine now, "
                           "to two places.\n");
}

struct CreateArguments {
  std::string config;
  std::string out;
  bool force = false;
  bool without_tokens = false;
  std::vector<std::string> tenants;
  std::vector<std::string> recovery_keys;
  PassphraseSource passphrase;
};

absl::StatusOr<BackupRecipients> RecipientsOf(const CreateArguments& arguments) {
  if (arguments.recovery_keys.empty() && !arguments.passphrase.given()) {
    return InvalidField("recovery-key",
                        "nobody could open the backup: give --recovery-key, --passphrase-file or "
                        "--ask-passphrase");
  }
  BackupRecipients recipients;
  for (const std::string& path : arguments.recovery_keys) {
    FIELDKMS_ASSIGN_OR_RETURN(const InputFile file, InputFile::Open(path));
    FIELDKMS_ASSIGN_OR_RETURN(const WipedBuffer pem, ReadAll(file.fd(), kMaxPem));
    recipients.recovery_keys.emplace_back(AsText(pem));
  }
  if (arguments.passphrase.given()) {
    FIELDKMS_ASSIGN_OR_RETURN(
        SecretBytes passphrase,
        ReadPassphrase(arguments.passphrase, "Passphrase of the backup: ", true));
    recipients.passphrases.push_back(std::move(passphrase));
  }
  return recipients;
}

absl::StatusOr<ExitCode> Create(Session* session, const CreateArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(const Config config, LoadInstallation(arguments.config));
  FIELDKMS_ASSIGN_OR_RETURN(Output out, Output::Open(arguments.out, arguments.force));
  FIELDKMS_ASSIGN_OR_RETURN(const BackupRecipients recipients, RecipientsOf(arguments));
  FIELDKMS_ASSIGN_OR_RETURN(const auto store, OpenStoreOf(config, MissingStore::kRefused));
  FIELDKMS_ASSIGN_OR_RETURN(const auto root, OpenRootOf(config, *store));
  CountProgress progress("written", "keys");
  BackupRequest request{{}, recipients, {}, {}, OperatorName(), {}, arguments.without_tokens};
  if (!arguments.tenants.empty()) {
    request.tenants = std::set(arguments.tenants.begin(), arguments.tenants.end());
  }
  Sha256Stream stream;
  request.sink = DigestingSink([&out](ByteView bytes) { return out.Write(bytes); }, &stream);
  request.publish = [&out] { return out.Commit(); };
  request.on_progress = [&progress](uint64_t keys) { progress.Update(keys); };
  FIELDKMS_ASSIGN_OR_RETURN(const BackupSummary summary,
                            TakeBackup(*store, *root, SystemClock(), request));
  FIELDKMS_ASSIGN_OR_RETURN(const BackupDigest digest, stream.Finish());
  const std::string left_out = arguments.without_tokens ? "left out" : "there are none";
  return session->Show({{"file", arguments.out},
                        {"digest", EncodeHex(digest)},
                        {"change", summary.change},
                        {"tenants", summary.tenants},
                        {"keys", summary.keys},
                        {"versions", summary.versions},
                        {"aliases", summary.aliases},
                        {"fields", summary.fields},
                        {"without_tokens", arguments.without_tokens}},
                       Properties({{"file", arguments.out},
                                   {"digest", EncodeHex(digest)},
                                   {"as of change", std::to_string(summary.change)},
                                   {"tenants", std::to_string(summary.tenants)},
                                   {"keys", std::to_string(summary.keys)},
                                   {"key versions", std::to_string(summary.versions)},
                                   {"aliases", std::to_string(summary.aliases)},
                                   {"fields", std::to_string(summary.fields)},
                                   {"subjects, tokens", left_out}}));
}

// The header of a file, and the digest of all of it.
absl::StatusOr<std::pair<BackupHeader, BackupDigest>> LookAt(const std::string& path) {
  FIELDKMS_ASSIGN_OR_RETURN(const InputFile file, InputFile::Open(path));
  Sha256Stream stream;
  const ByteSource source = DigestingSource(
      [&](MutableBytes bytes) { return ReadSome(file.fd(), bytes.data(), bytes.size()); }, &stream);
  std::string raw;
  FIELDKMS_ASSIGN_OR_RETURN(BackupHeader header, ReadBackupHeader(source, &raw));
  std::string rest(kBackupChunkSize, '\0');
  size_t read = 0;
  do {
    FIELDKMS_ASSIGN_OR_RETURN(read, source(AsMutableBytes(rest)));
  } while (read > 0);
  FIELDKMS_ASSIGN_OR_RETURN(const BackupDigest digest, stream.Finish());
  return std::pair(std::move(header), digest);
}

absl::StatusOr<ExitCode> ShowBackup(Session* session, const std::string& path) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto look, LookAt(path));
  const auto& [header, digest] = look;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(header.create_time);
  google::protobuf::Timestamp time;
  time.set_seconds(seconds.time_since_epoch().count());
  Json recipients = Json::array();
  std::vector<std::pair<std::string, std::string>> rows = {
      {"backup", EncodeHex(header.file_id)},
      {"format", std::to_string(kBackupFormat)},
      {"written", TimeForPeople(time)},
      {"digest", EncodeHex(digest)}};
  for (const Recipient& recipient : header.recipients) {
    if (recipient.kind == RecipientKind::kPassphrase) {
      recipients.push_back({{"kind", "passphrase"}});
      rows.push_back({"opens by", "a passphrase"});
      continue;
    }
    const std::string fingerprint = EncodeHex(recipient.fingerprint);
    recipients.push_back({{"kind", "recovery_key"}, {"fingerprint", fingerprint}});
    rows.push_back({"opens by", "recovery key " + fingerprint});
  }
  return session->Show({{"file_id", EncodeHex(header.file_id)},
                        {"format", kBackupFormat},
                        {"create_time", TimeForJson(time)},
                        {"digest", EncodeHex(digest)},
                        {"recipients", std::move(recipients)}},
                       Properties(rows));
}

void AddMakeRecoveryKey(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<RecoveryArguments>();
  CLI::App* const command =
      group->add_subcommand("make-recovery-key", "Make a key pair that backups are written for");
  command->add_option("--private", arguments->private_file, "Where the private key is to go")
      ->type_name("FILE")
      ->required();
  command->add_option("--public", arguments->public_file, "Where the public key is to go")
      ->type_name("FILE")
      ->required();
  AddPassphraseOptions(command, "", "the private key; asked for where it is not given", nullptr,
                       &arguments->passphrase);
  session->Bind(command, [session, arguments] { return MakeRecovery(session, *arguments); });
}

void AddCreate(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<CreateArguments>();
  CLI::App* const command = group->add_subcommand(
      "create", "Write an encrypted backup of tenants and their keys, while the service runs");
  AddConfigOption(command, &arguments->config);
  command->add_option("--out", arguments->out, "The file to write (mode 0600, whole or not at all)")
      ->type_name("FILE")
      ->required();
  command->add_flag("--force", arguments->force, "Replace the file of --out if it exists");
  command->add_flag("--without-tokens", arguments->without_tokens,
                    "Leave out data subjects and vaulted tokens, which no backup holds: without "
                    "this, tenants that have any are refused");
  command
      ->add_option("--tenant", arguments->tenants, "Only this tenant; repeatable; all by default")
      ->type_name("ID")
      ->allow_extra_args(false);
  command
      ->add_option("--recovery-key", arguments->recovery_keys,
                   "A public key whose private one opens the backup; repeatable")
      ->type_name("FILE")
      ->allow_extra_args(false);
  AddPassphraseOptions(command, "", "the backup, which opens it, too",
                       "Ask for such a passphrase on the terminal", &arguments->passphrase);
  session->Bind(command, [session, arguments] { return Create(session, *arguments); });
}

}  // namespace

void AddBackupCommands(CLI::App* app, Session* session) {
  CLI::App* const group =
      app->add_subcommand("backup", "Back up tenants with their keys, and restore them");
  group->require_subcommand(1, 1);
  AddMakeRecoveryKey(group, session);
  AddCreate(group, session);
  auto path = std::make_shared<std::string>();
  CLI::App* const show =
      group->add_subcommand("show", "Show what a backup tells without being opened");
  show->add_option("file", *path, "The backup")->type_name("FILE")->required();
  session->Bind(show, [session, path] { return ShowBackup(session, *path); });
  AddRestoreCommands(group, session);
}

}  // namespace fieldkms
