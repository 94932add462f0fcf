// fieldkms operation list|show|wait, fieldkms root rotate
#include <memory>
#include <string>

#include "clients/cli/commands.h"
#include "clients/cli/operation_wait.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

absl::StatusOr<ExitCode> ListOperations(Session* session, bool running_only) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  v1::ListOperationsRequest request;
  request.set_running_only(running_only);
  request.set_page_size(1'000);
  FIELDKMS_ASSIGN_OR_RETURN(const v1::ListOperationsResponse response,
                            client->ListOperations(request));
  Json operations = Json::array();
  Table table({"OPERATION", "KIND", "TENANT", "STATE", "DONE", "TOTAL", "STARTED", "BY"});
  for (const v1::Operation& operation : response.operations()) {
    operations.push_back(OperationJson(operation));
    table.Add({operation.operation_id(), OperationKindName(operation.kind()), operation.tenant(),
               OperationStateName(operation.state()), std::to_string(operation.done()),
               std::to_string(operation.total()), TimeForPeople(operation.create_time()),
               operation.operator_user()});
  }
  return session->Show({{"operations", std::move(operations)}}, table.Render());
}

absl::StatusOr<ExitCode> GetOperation(Session* session, const v1::GetOperationRequest& request,
                                      bool wait) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  return ShowStarted(session, client->GetOperation(request), wait);
}

void AddOperationCommand(CLI::App* group, Session* session, const char* name,
                         const char* description, bool wait) {
  auto request = std::make_shared<v1::GetOperationRequest>();
  CLI::App* const command = group->add_subcommand(name, description);
  command->add_option("id", *request->mutable_operation_id(), "Id of the operation")
      ->type_name("ID")
      ->required();
  session->Bind(command,
                [session, request, wait] { return GetOperation(session, *request, wait); });
}

}  // namespace

void AddOperationCommands(CLI::App* app, Session* session) {
  CLI::App* const group = app->add_subcommand("operation", "Follow long work");
  group->require_subcommand(1, 1);
  auto running_only = std::make_shared<bool>(false);
  CLI::App* const list =
      group->add_subcommand("list", "List the operations that you may see, newest first");
  list->add_flag("--running", *running_only, "Only those that are running");
  session->Bind(list, [session, running_only] { return ListOperations(session, *running_only); });
  AddOperationCommand(group, session, "show", "Show an operation", /*wait=*/false);
  AddOperationCommand(group, session, "wait", "Wait for the end of an operation", /*wait=*/true);
}

void AddRootCommands(CLI::App* app, Session* session) {
  CLI::App* const group = app->add_subcommand(
      "root", "Rotate what stands above all tenants, or move to another; keep its key file");
  group->require_subcommand(1, 1);
  CLI::App* const rotate = group->add_subcommand(
      "rotate", "Wrap the KEKs of all tenants anew, after the root's own key was rotated");
  auto request = std::make_shared<v1::RotateRootRequest>();
  auto wait = std::make_shared<bool>(false);
  AddWaitOption(rotate, wait.get());
  AddRequestIdOption(rotate, request->mutable_request_id());
  session->Bind(rotate, [session, request, wait]() -> absl::StatusOr<ExitCode> {
    FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
    return ShowStarted(session, client->RotateRoot(*request), *wait);
  });
  AddRootMigrateCommand(group, session);
  AddRootFileCommands(group, session);
}

}  // namespace fieldkms
