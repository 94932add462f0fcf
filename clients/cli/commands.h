// The commands: each function adds some to the tree. What they are given outlives
// the parsing.
#ifndef FIELDKMS_CLIENTS_CLI_COMMANDS_H_
#define FIELDKMS_CLIENTS_CLI_COMMANDS_H_

#include <CLI/App.hpp>
#include <memory>
#include <string>
#include <vector>

#include "clients/cli/session.h"

namespace fieldkms {

void AddTenantCommands(CLI::App* app, Session* session);
void AddKeyCommands(CLI::App* app, Session* session);
// The part of AddKeyCommands in key_lifecycle_commands.cc.
void AddKeyLifecycleCommands(CLI::App* group, Session* session);
// The part of AddKeyCommands in key_transfer_commands.cc.
void AddKeyTransferCommands(CLI::App* group, Session* session);
void AddAliasCommands(CLI::App* app, Session* session);
void AddFieldCommands(CLI::App* app, Session* session);
void AddFieldValueCommands(CLI::App* app, Session* session);
void AddTokenCommands(CLI::App* app, Session* session);
void AddSubjectCommands(CLI::App* app, Session* session);
// The part of AddSubjectCommands in subject_export.cc.
void AddSubjectExportCommand(CLI::App* group, Session* session);
void AddEncryptCommand(CLI::App* app, Session* session);
void AddDecryptCommand(CLI::App* app, Session* session);
void AddRewrapCommand(CLI::App* app, Session* session);
void AddMacCommands(CLI::App* app, Session* session);
void AddDataKeyCommands(CLI::App* app, Session* session);
void AddRandomCommand(CLI::App* app, Session* session);
void AddInspectCommand(CLI::App* app, Session* session);
void AddOperationCommands(CLI::App* app, Session* session);
void AddRootCommands(CLI::App* app, Session* session);
// The part of AddRootCommands in root_file_commands.cc.
void AddRootFileCommands(CLI::App* group, Session* session);
// The part of AddRootCommands in root_migrate_command.cc.
void AddRootMigrateCommand(CLI::App* group, Session* session);
void AddBackupCommands(CLI::App* app, Session* session);
// The part of AddBackupCommands in backup_restore_commands.cc.
void AddRestoreCommands(CLI::App* group, Session* session);
void AddStatusCommand(CLI::App* app, Session* session);
void AddDoctorCommand(CLI::App* app, Session* session);
void AddStoreCommands(CLI::App* app, Session* session);  // where FIELDKMS_STORE_POSTGRES is
// The part of AddStoreCommands in store_copy_command.cc.
void AddStoreCopyCommands(CLI::App* group, Session* session);
// Where FIELDKMS_STORE_POSTGRES is: rotations work in databases of applications.
void AddRotationCommands(CLI::App* app, Session* session);
// The parts of AddRotationCommands in rotation_plan_command.cc and the like.
void AddRotationPlanCommand(CLI::App* group, Session* session);
void AddRotationRunCommand(CLI::App* group, Session* session);
void AddRotationServeCommand(CLI::App* group, Session* session);
void AddRotationWatchCommand(CLI::App* group, Session* session);
void AddRotationReportCommand(CLI::App* group, Session* session);
void AddRotationScheduleCommands(CLI::App* group, Session* session);
void AddColumnCommands(CLI::App* app, Session* session);
// The part of AddColumnCommands in column_add_command.cc.
void AddColumnAddCommand(CLI::App* group, Session* session);
// The parts in column_begin_commands.cc (protect, unprotect), column_stage_commands.cc (close,
// reopen, switch, abandon) and column_drop_commands.cc (drop-plaintext, drop-ciphertext).
void AddColumnBeginCommands(CLI::App* group, Session* session);
void AddColumnStageCommands(CLI::App* group, Session* session);
void AddColumnDropCommands(CLI::App* group, Session* session);
void AddPkiCommands(CLI::App* app, Session* session);
void AddCompletionCommands(CLI::App* app, Session* session);
void AddVersionCommand(CLI::App* app, Session* session);

// MakeApp returns the whole tree.
std::unique_ptr<CLI::App> MakeApp(Session* session);

// RunApp parses and runs a command line, and returns the process's exit code.
int RunApp(int argc, const char* const* argv);

// Options that several commands have, each with one spelling and one help text.
CLI::Option* AddTenantOption(CLI::App* command, std::string* tenant);
CLI::Option* AddContextOption(CLI::App* command, std::vector<std::string>* context);
CLI::Option* AddRequestIdOption(CLI::App* command, std::string* request_id);

// Adds a command about one key of one tenant.
template <class Request>
CLI::App* AddKeyCommand(CLI::App* group, const char* name, const char* description,
                        Request* request) {
  CLI::App* const command = group->add_subcommand(name, description);
  command->add_option("name", *request->mutable_name(), "Name of the key")
      ->type_name("NAME")
      ->required();
  AddTenantOption(command, request->mutable_tenant());
  return command;
}

// Adds a command about one data subject of one tenant.
CLI::App* AddSubjectCommand(CLI::App* group, const char* name, const char* description,
                            std::string* subject, std::string* tenant);

// The key that a command uses, by its name or an alias.
CLI::Option* AddKeyOption(CLI::App* command, std::string* key, const char* description);

CLI::Option* AddEtagOption(CLI::App* command, std::string* etag);

// Where a command that turns a value into another reads and writes.
struct ValueIo {
  std::string in;
  std::string out;
  bool force = false;
  bool lines = false;
  bool quiet = false;
};
void AddValueIoOptions(CLI::App* command, ValueIo* io);

// The ciphertext as an argument: it is no secret.
CLI::Option* AddCiphertextArgument(CLI::App* command, std::string* ciphertext);

// The form in which ciphertexts are written.
void AddFormOptions(CLI::App* command, bool* binary);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_COMMANDS_H_
