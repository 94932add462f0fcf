// fieldkms key update|enable|disable|destroy|cancel-destroy
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "clients/cli/commands.h"
#include "clients/cli/input.h"
#include "clients/cli/key_report.h"
#include "clients/cli/key_settings.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

struct UpdateArguments {
  v1::UpdateKeyRequest request;
  KeySettings settings;
  uint32_t min_decrypt_version = 0;
  bool audit_per_operation = false;
  bool no_labels = false;
  bool no_lease = false;
};

// The mask is what was given: an option that is not there changes nothing.
absl::StatusOr<ExitCode> UpdateKey(Session* session, const CLI::App& command,
                                   UpdateArguments* arguments) {
  v1::UpdateKeyRequest& request = arguments->request;
  FIELDKMS_RETURN_IF_ERROR(PutSettings(arguments->settings, &request));
  request.set_min_decrypt_version(arguments->min_decrypt_version);
  request.set_audit_per_operation(arguments->audit_per_operation);
  auto* mask = request.mutable_update_mask();
  const auto given = [&command](const char* option) { return command.count(option) != 0; };
  if (given("--label") || arguments->no_labels) mask->add_paths("labels");
  if (given("--rotation-period")) mask->add_paths("rotation_period");
  if (given("--min-decrypt-version")) mask->add_paths("min_decrypt_version");
  if (given("--lease-seconds") || given("--lease-messages") || arguments->no_lease) {
    mask->add_paths("lease");
  }
  if (given("--audit-per-operation")) mask->add_paths("audit_per_operation");
  if (mask->paths().empty()) return InvalidField("update_mask", "nothing to update was given");
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  return ShowKey(session, client->UpdateKey(request));
}

void AddUpdate(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<UpdateArguments>();
  CLI::App* const command = AddKeyCommand(
      group, "update", "Change settings of a key; what is not given stays", &arguments->request);
  AddKeySettings(command, &arguments->settings);
  command->get_option("--label")->description(
      "A label, NAME=VALUE; repeatable. Those given replace all others");
  command->add_flag("--no-labels", arguments->no_labels, "Take all labels away")
      ->excludes("--label");
  command->add_flag("--no-lease", arguments->no_lease, "No more leases")
      ->excludes("--lease-seconds")
      ->excludes("--lease-messages");
  command
      ->add_option("--min-decrypt-version", arguments->min_decrypt_version,
                   "Versions below this one open nothing any more")
      ->type_name("VERSION");
  command
      ->add_option("--audit-per-operation", arguments->audit_per_operation,
                   "Whether each use is to be in the service's own audit trail")
      ->type_name("true|false");
  AddEtagOption(command, arguments->request.mutable_etag());
  AddRequestIdOption(command, arguments->request.mutable_request_id());
  session->Bind(command, [session, command, arguments] {
    return UpdateKey(session, *command, arguments.get());
  });
}

// Until when clients can use what was stopped by themselves. Null where none can.
template <class Response>
Json LastLeaseEndJson(const Response& response) {
  if (!response.has_last_lease_end_time()) return nullptr;
  return TimeForJson(response.last_lease_end_time());
}
template <class Response>
void AddLastLeaseEnd(const Response& response,
                     std::vector<std::pair<std::string, std::string>>* rows) {
  if (!response.has_last_lease_end_time()) return;
  rows->push_back({"leased until", TimeForPeople(response.last_lease_end_time())});
}

absl::StatusOr<ExitCode> DisableVersion(Session* session,
                                        const v1::DisableKeyVersionRequest& request) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::DisableKeyVersionResponse response,
                            client->DisableKeyVersion(request));
  Json json = KeyJson(response.key());
  json["last_lease_end_time"] = LastLeaseEndJson(response);
  auto rows = KeyProperties(response.key());
  AddLastLeaseEnd(response, &rows);
  return session->Show(json, Properties(rows));
}

absl::StatusOr<ExitCode> EnableVersion(Session* session,
                                       const v1::EnableKeyVersionRequest& request) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  return ShowKey(session, client->EnableKeyVersion(request));
}

// A command about one version.
template <class Request>
using RunVersionCommand = absl::StatusOr<ExitCode> (*)(Session*, const Request&);

template <class Request>
void AddVersionState(CLI::App* group, Session* session, const char* name, const char* description,
                     RunVersionCommand<Request> run) {
  auto request = std::make_shared<Request>();
  auto version = std::make_shared<uint32_t>(0);
  CLI::App* const command = AddKeyCommand(group, name, description, request.get());
  command->add_option("version", *version, "The version")->type_name("VERSION")->required();
  AddEtagOption(command, request->mutable_etag());
  AddRequestIdOption(command, request->mutable_request_id());
  session->Bind(command, [session, request, version, run] {
    request->set_version(*version);
    return run(session, *request);
  });
}

// Which versions a destruction is about: one, or the whole key; never by omission.
struct Extent {
  uint32_t version = 0;
  bool whole_key = false;
};

void AddExtent(CLI::App* command, Extent* extent, const char* whole_key_help) {
  CLI::Option* const version =
      command->add_option("--version", extent->version, "The version")->type_name("VERSION");
  command->add_flag("--whole-key", extent->whole_key, whole_key_help)->excludes(version);
}

absl::Status CheckExtent(const Extent& extent) {
  if (extent.whole_key || extent.version != 0) return absl::OkStatus();
  return InvalidField("version", "give --version VERSION or --whole-key");
}

struct DestroyArguments {
  v1::ScheduleKeyVersionDestroyRequest request;
  Extent extent;
  uint32_t waiting_days = 0;
  bool yes = false;
};

// Whoever types the name has read it.
absl::Status AskToDestroy(const DestroyArguments& arguments) {
  const std::string what = arguments.extent.whole_key
                               ? "All versions of the key"
                               : "Version " + std::to_string(arguments.extent.version);
  FIELDKMS_ASSIGN_OR_RETURN(
      const std::string typed,
      PromptLine(what + " will be destroyed: what was encrypted with it can then never be read "
                        "again.\nType the key's name to go on: "));
  if (typed == arguments.request.name()) return absl::OkStatus();
  return InvalidField("name", "what was typed is not the key's name, so nothing was done");
}

absl::StatusOr<ExitCode> DestroyKey(Session* session, DestroyArguments* arguments) {
  FIELDKMS_RETURN_IF_ERROR(CheckExtent(arguments->extent));
  if (!arguments->yes) FIELDKMS_RETURN_IF_ERROR(AskToDestroy(*arguments));
  arguments->request.set_version(arguments->extent.version);
  arguments->request.set_waiting_days(arguments->waiting_days);
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::ScheduleKeyVersionDestroyResponse response,
                            client->ScheduleKeyVersionDestroy(arguments->request));
  Json json = {{"key", KeyJson(response.key())}};
  json["destroy_time"] =
      response.has_destroy_time() ? Json(TimeForJson(response.destroy_time())) : Json(nullptr);
  json["copies_notice"] = response.copies_notice();
  json["last_lease_end_time"] = LastLeaseEndJson(response);
  auto rows = KeyProperties(response.key());
  if (response.has_destroy_time()) {
    rows.push_back({"destroyed at", TimeForPeople(response.destroy_time())});
  }
  AddLastLeaseEnd(response, &rows);
  return session->Show(json, Properties(rows) +
                                 "\nUntil then `fieldkms key cancel-destroy` keeps " +
                                 "it. Note: " + response.copies_notice() + ".\n");
}

void AddDestroy(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<DestroyArguments>();
  CLI::App* const command = AddKeyCommand(
      group, "destroy", "Stop a version or the whole key, and destroy it after a waiting period",
      &arguments->request);
  AddExtent(command, &arguments->extent, "All versions: the key ends");
  command
      ->add_option("--waiting-days", arguments->waiting_days,
                   "Days until it is destroyed, 1 to 90; 30 by default")
      ->type_name("DAYS");
  command->add_flag("--yes", arguments->yes, "Do not ask on the terminal");
  AddEtagOption(command, arguments->request.mutable_etag());
  AddRequestIdOption(command, arguments->request.mutable_request_id());
  session->Bind(command, [session, arguments] { return DestroyKey(session, arguments.get()); });
}

void AddCancelDestroy(CLI::App* group, Session* session) {
  auto request = std::make_shared<v1::CancelKeyVersionDestroyRequest>();
  auto extent = std::make_shared<Extent>();
  CLI::App* const command =
      AddKeyCommand(group, "cancel-destroy", "Keep what waits to be destroyed; it is disabled then",
                    request.get());
  AddExtent(command, extent.get(), "All versions that wait");
  AddEtagOption(command, request->mutable_etag());
  AddRequestIdOption(command, request->mutable_request_id());
  session->Bind(command, [session, request, extent]() -> absl::StatusOr<ExitCode> {
    FIELDKMS_RETURN_IF_ERROR(CheckExtent(*extent));
    request->set_version(extent->version);
    FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
    return ShowKey(session, client->CancelKeyVersionDestroy(*request));
  });
}

}  // namespace

void AddKeyLifecycleCommands(CLI::App* group, Session* session) {
  AddUpdate(group, session);
  AddVersionState<v1::EnableKeyVersionRequest>(
      group, session, "enable", "Let a disabled version seal and open again", EnableVersion);
  AddVersionState<v1::DisableKeyVersionRequest>(
      group, session, "disable", "Stop a version: it neither seals nor opens until it is enabled",
      DisableVersion);
  AddDestroy(group, session);
  AddCancelDestroy(group, session);
}

}  // namespace fieldkms
