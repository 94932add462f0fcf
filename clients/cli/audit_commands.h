// The commands about the audit trail. They read its files, or ask the service.
#ifndef FIELDKMS_CLIENTS_CLI_AUDIT_COMMANDS_H_
#define FIELDKMS_CLIENTS_CLI_AUDIT_COMMANDS_H_

#include <CLI/App.hpp>

#include "clients/cli/session.h"

namespace fieldkms {

void AddAuditCommands(CLI::App* app, Session* session);
// The parts of AddAuditCommands in audit_list_command.cc and the like.
void AddAuditListCommand(CLI::App* group, Session* session);
void AddAuditWatchCommand(CLI::App* group, Session* session);
void AddAuditAnomaliesCommand(CLI::App* group, Session* session);
void AddAuditVerifyCommand(CLI::App* group, Session* session);
void AddAuditProveCommands(CLI::App* group, Session* session);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_AUDIT_COMMANDS_H_
