// fieldkms mac compute|verify
#include <memory>
#include <string>
#include <vector>

#include "clients/cli/base64_text.h"
#include "clients/cli/commands.h"
#include "clients/cli/context_args.h"
#include "clients/cli/input.h"
#include "clients/cpp/limits.h"
#include "clients/cpp/wipe.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

struct MacArguments {
  std::string tenant;
  std::string key;
  std::vector<std::string> context;
  std::string in;
  std::string mac;  // base64; of verify
};

// What both requests have.
template <class Request>
absl::Status Fill(const MacArguments& arguments, Request* request) {
  FIELDKMS_ASSIGN_OR_RETURN(*request->mutable_context(),
                            ParseContextArgs(arguments.context, "context"));
  FIELDKMS_ASSIGN_OR_RETURN(const WipedBuffer data,
                            ReadValue(arguments.in, kMaxRequestSize, "Data (not shown): "));
  request->set_data(data.data(), data.size());
  request->set_tenant(arguments.tenant);
  request->set_key(arguments.key);
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Compute(Session* session, const MacArguments& arguments) {
  v1::ComputeMacRequest request;
  const WipeGuard wipe(&request);
  FIELDKMS_RETURN_IF_ERROR(Fill(arguments, &request));
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::ComputeMacResponse response, client->ComputeMac(request));
  const std::string mac = Base64Text(response.mac());
  return session->Show({{"mac_base64", mac}, {"key_version", response.key_version()}}, mac + "\n");
}

absl::StatusOr<ExitCode> Verify(Session* session, const MacArguments& arguments) {
  v1::VerifyMacRequest request;
  const WipeGuard wipe(&request);
  FIELDKMS_ASSIGN_OR_RETURN(*request.mutable_mac(), FromBase64Text(arguments.mac, "mac"));
  FIELDKMS_RETURN_IF_ERROR(Fill(arguments, &request));
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::VerifyMacResponse response, client->VerifyMac(request));
  FIELDKMS_RETURN_IF_ERROR(
      session
          ->Show({{"valid", response.valid()}, {"key_version", response.key_version()}},
                 response.valid() ? "valid\n" : "not valid\n")
          .status());
  return response.valid() ? ExitCode::kOk : ExitCode::kDoesNotOpen;
}

CLI::App* AddMacCommand(CLI::App* group, const char* name, const char* description,
                        MacArguments* arguments) {
  CLI::App* const command = group->add_subcommand(name, description);
  AddTenantOption(command, &arguments->tenant);
  AddContextOption(command, &arguments->context);
  command->add_option("--in", arguments->in, "Read the data from this file, not standard input")
      ->type_name("FILE");
  return command;
}

}  // namespace

void AddMacCommands(CLI::App* app, Session* session) {
  CLI::App* const group = app->add_subcommand("mac", "Authenticate data with MAC keys");
  group->require_subcommand(1, 1);

  auto arguments = std::make_shared<MacArguments>();
  CLI::App* const compute =
      AddMacCommand(group, "compute", "Make the MAC of data", arguments.get());
  AddKeyOption(compute, &arguments->key, "Name or alias of the MAC key")->required();
  session->Bind(compute, [session, arguments] { return Compute(session, *arguments); });

  auto given = std::make_shared<MacArguments>();
  CLI::App* const verify = AddMacCommand(group, "verify", "Check the MAC of data", given.get());
  verify->add_option("mac", given->mac, "The MAC, as compute printed it")
      ->type_name("MAC")
      ->required();
  AddKeyOption(verify, &given->key, "Take only MACs of this key; by default any of the tenant");
  session->Bind(verify, [session, given] { return Verify(session, *given); });
}

}  // namespace fieldkms
