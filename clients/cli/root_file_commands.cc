// fieldkms root create-file|add-key|drop-old-keys|set-passphrase: the file of a local
// root key, offline. The service reads it at its next start.
#include <memory>
#include <optional>
#include <string>

#include "clients/cli/commands.h"
#include "crypto/status.h"
#include "kms/root/local_root.h"

namespace fieldkms {
namespace {

struct FileArguments {
  std::string file;
  std::string passphrase_file;
  std::string new_passphrase_file;
};

std::optional<SecretSource> SourceOf(const std::string& file) {
  if (file.empty()) return std::nullopt;
  return SecretSource{file, {}};
}

LocalRootOptions OptionsOf(const FileArguments& arguments) {
  return {arguments.file, SourceOf(arguments.passphrase_file)};
}

CLI::App* AddFileCommand(CLI::App* group, const char* name, const char* description,
                         FileArguments* arguments) {
  CLI::App* const command = group->add_subcommand(name, description);
  command->add_option("--file", arguments->file, "The file of the root key")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("--passphrase-file", arguments->passphrase_file,
                   "A file of mode 0600 with the passphrase that protects it, if one does")
      ->type_name("FILE");
  return command;
}

// Runs `change` and says what became of the file.
template <class Change>
void BindChange(CLI::App* command, Session* session, std::shared_ptr<FileArguments> arguments,
                const char* done, Change change) {
  session->Bind(command, [session, arguments, done, change]() -> absl::StatusOr<ExitCode> {
    FIELDKMS_RETURN_IF_ERROR(change(*arguments));
    return session->Show({{"file", arguments->file}, {"done", done}},
                         arguments->file + ": " + done + "; back it up now\n");
  });
}

}  // namespace

void AddRootFileCommands(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<FileArguments>();
  BindChange(
      AddFileCommand(group, "create-file", "Make the file of a local root key", arguments.get()),
      session, arguments, "a new root key was made",
      [](const FileArguments& a) { return CreateLocalRoot(OptionsOf(a)); });
  BindChange(AddFileCommand(group, "add-key",
                            "Add a key to the file, which wraps from the next start of the service",
                            arguments.get()),
             session, arguments, "a key was added",
             [](const FileArguments& a) { return RekeyLocalRoot(OptionsOf(a)); });
  BindChange(AddFileCommand(group, "drop-old-keys",
                            "Leave the newest key only; after `root rotate`, never before",
                            arguments.get()),
             session, arguments, "the newest key was left",
             [](const FileArguments& a) { return DropOldLocalKeys(OptionsOf(a)); });
  CLI::App* const passphrase =
      AddFileCommand(group, "set-passphrase",
                     "Encrypt the file under another passphrase, or under none", arguments.get());
  passphrase
      ->add_option(
          "--new-passphrase-file", arguments->new_passphrase_file,
          "A file of mode 0600 with the new passphrase; without it the file is in the clear")
      ->type_name("FILE");
  BindChange(passphrase, session, arguments, "the passphrase was set", [](const FileArguments& a) {
    return ChangeLocalPassphrase(OptionsOf(a), SourceOf(a.new_passphrase_file));
  });
}

}  // namespace fieldkms
