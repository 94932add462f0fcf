// fieldkms mac compute|verify
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "clients/cli/base64_text.h"
#include "clients/cli/commands.h"
#include "clients/cli/context_args.h"
#include "clients/cli/input.h"
#include "clients/cli/mac_lines.h"
#include "clients/cli/output.h"
#include "clients/cpp/limits.h"
#include "clients/cpp/wipe.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

struct MacArguments {
  std::string tenant;
  std::string key;
  std::vector<std::string> context;
  std::string mac;  // base64; of verify
  ValueIo io;
};

// What the requests for one MAC have.
template <class Request>
absl::Status Fill(const MacArguments& arguments, Request* request) {
  FIELDKMS_ASSIGN_OR_RETURN(*request->mutable_context(),
                            ParseContextArgs(arguments.context, "context"));
  FIELDKMS_ASSIGN_OR_RETURN(const WipedBuffer data,
                            ReadValue(arguments.io.in, kMaxRequestSize, "Data (not shown): "));
  request->set_data(data.data(), data.size());
  request->set_tenant(arguments.tenant);
  request->set_key(arguments.key);
  return absl::OkStatus();
}

// And what those for many have.
template <class Request>
absl::StatusOr<Request> SharedRequest(const MacArguments& arguments) {
  Request shared;
  FIELDKMS_ASSIGN_OR_RETURN(*shared.mutable_shared_context(),
                            ParseContextArgs(arguments.context, "context"));
  shared.set_tenant(arguments.tenant);
  shared.set_key(arguments.key);
  return shared;
}

absl::Status Write(const Session& session, Output* output, const std::string& json,
                   const std::string& text) {
  FIELDKMS_RETURN_IF_ERROR(output->Write(session.options.json ? "{" + json + "}\n" : text + "\n"));
  return output->Commit();
}

absl::StatusOr<ExitCode> ComputeLines(Session* session, const MacArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(auto shared, SharedRequest<v1::BatchComputeMacRequest>(arguments));
  ComputeMacLines codec(std::move(shared));
  return RunLines(session, arguments.io, &codec);
}

absl::StatusOr<ExitCode> Compute(Session* session, const MacArguments& arguments) {
  if (arguments.io.lines) return ComputeLines(session, arguments);
  FIELDKMS_ASSIGN_OR_RETURN(Output output, Output::Open(arguments.io.out, arguments.io.force));
  v1::ComputeMacRequest request;
  const WipeGuard wipe(&request);
  FIELDKMS_RETURN_IF_ERROR(Fill(arguments, &request));
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::ComputeMacResponse response, client->ComputeMac(request));
  FIELDKMS_RETURN_IF_ERROR(Write(*session, &output,
                                 ComputedMacJson(response.mac(), response.key_version()),
                                 Base64Text(response.mac())));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> VerifyLines(Session* session, const MacArguments& arguments) {
  if (!arguments.mac.empty()) return InvalidField("mac", "does not go with --lines");
  FIELDKMS_ASSIGN_OR_RETURN(auto shared, SharedRequest<v1::BatchVerifyMacRequest>(arguments));
  VerifyMacLines codec(std::move(shared));
  FIELDKMS_ASSIGN_OR_RETURN(const ExitCode code, RunLines(session, arguments.io, &codec));
  // A MAC that was looked at and is wrong matters more than a line that was not.
  return codec.all_valid() ? code : ExitCode::kDoesNotOpen;
}

absl::StatusOr<ExitCode> Verify(Session* session, const MacArguments& arguments) {
  if (arguments.io.lines) return VerifyLines(session, arguments);
  if (arguments.mac.empty()) return InvalidField("mac", "is required, but with --lines");
  FIELDKMS_ASSIGN_OR_RETURN(Output output, Output::Open(arguments.io.out, arguments.io.force));
  v1::VerifyMacRequest request;
  const WipeGuard wipe(&request);
  FIELDKMS_ASSIGN_OR_RETURN(*request.mutable_mac(), FromBase64Text(arguments.mac, "mac"));
  FIELDKMS_RETURN_IF_ERROR(Fill(arguments, &request));
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::VerifyMacResponse response, client->VerifyMac(request));
  FIELDKMS_RETURN_IF_ERROR(Write(*session, &output,
                                 VerifiedMacJson(response.valid(), response.key_version()),
                                 response.valid() ? "valid" : "not valid"));
  return response.valid() ? ExitCode::kOk : ExitCode::kDoesNotOpen;
}

CLI::App* AddMacCommand(CLI::App* group, const char* name, const char* description,
                        MacArguments* arguments) {
  CLI::App* const command = group->add_subcommand(name, description);
  AddTenantOption(command, &arguments->tenant);
  AddContextOption(command, &arguments->context);
  AddValueIoOptions(command, &arguments->io);
  return command;
}

}  // namespace

void AddMacCommands(CLI::App* app, Session* session) {
  CLI::App* const group = app->add_subcommand("mac", "Authenticate data with MAC keys");
  group->require_subcommand(1, 1);

  auto arguments = std::make_shared<MacArguments>();
  CLI::App* const compute =
      AddMacCommand(group, "compute", "Make the MAC of data, or of many", arguments.get());
  AddKeyOption(compute, &arguments->key, "Name or alias of the MAC key")->required();
  session->Bind(compute, [session, arguments] { return Compute(session, *arguments); });

  auto given = std::make_shared<MacArguments>();
  CLI::App* const verify =
      AddMacCommand(group, "verify", "Check the MAC of data, or of many", given.get());
  verify
      ->add_option("mac", given->mac,
                   "The MAC, as compute printed it; with --lines, each line has one, then a tab, "
                   "then the data")
      ->type_name("MAC");
  AddKeyOption(verify, &given->key, "Take only MACs of this key; by default any of the tenant");
  session->Bind(verify, [session, given] { return Verify(session, *given); });
}

}  // namespace fieldkms
