// fieldkms key create|get|list|rotate|versions
#include <memory>
#include <string>

#include "clients/cli/commands.h"
#include "clients/cli/key_report.h"
#include "clients/cli/key_settings.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

absl::StatusOr<ExitCode> ListKeys(Session* session, v1::ListKeysRequest request) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  Json keys = Json::array();
  Table table({"NAME", "KEY ID", "PURPOSE", "PRIMARY", "CREATED", "ROTATED"});
  request.set_page_size(1'000);
  do {
    FIELDKMS_ASSIGN_OR_RETURN(const v1::ListKeysResponse page, client->ListKeys(request));
    for (const v1::Key& key : page.keys()) {
      keys.push_back(KeyJson(key));
      table.Add({key.name(), key.key_id(), PurposeName(key.purpose()),
                 std::to_string(key.primary_version()), TimeForPeople(key.create_time()),
                 TimeForPeople(key.primary_create_time())});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return session->Show({{"keys", std::move(keys)}}, table.Render());
}

Json VersionJson(const v1::KeyVersion& version) {
  return {{"version", version.version()},
          {"state", StateName(version.state())},
          {"primary", version.primary()},
          {"origin", OriginName(version.origin())},
          {"create_time", TimeForJson(version.create_time())},
          {"destroy_time",
           version.has_destroy_time() ? Json(TimeForJson(version.destroy_time())) : Json(nullptr)}};
}

absl::StatusOr<ExitCode> ListVersions(Session* session, v1::ListKeyVersionsRequest request) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  Json versions = Json::array();
  Table table({"VERSION", "STATE", "PRIMARY", "ORIGIN", "CREATED", "DESTROYED"});
  request.set_page_size(1'000);
  do {
    FIELDKMS_ASSIGN_OR_RETURN(const v1::ListKeyVersionsResponse page,
                              client->ListKeyVersions(request));
    for (const v1::KeyVersion& version : page.versions()) {
      versions.push_back(VersionJson(version));
      table.Add({std::to_string(version.version()), StateName(version.state()),
                 version.primary() ? "yes" : "no", OriginName(version.origin()),
                 TimeForPeople(version.create_time()),
                 version.has_destroy_time() ? TimeForPeople(version.destroy_time()) : ""});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return session->Show({{"versions", std::move(versions)}}, table.Render());
}

struct CreateArguments {
  v1::CreateKeyRequest request;
  KeySettings settings;
  KeyKind kind;
};

absl::StatusOr<ExitCode> CreateKey(Session* session, CreateArguments* arguments) {
  v1::CreateKeyRequest& request = arguments->request;
  FIELDKMS_RETURN_IF_ERROR(PutSettings(arguments->settings, &request));
  PutKind(arguments->kind, &request);
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  return ShowKey(session, client->CreateKey(request));
}

void AddCreate(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<CreateArguments>();
  CLI::App* const command =
      AddKeyCommand(group, "create", "Make a key, with version 1", &arguments->request);
  AddKeyKind(command, &arguments->kind);
  AddKeySettings(command, &arguments->settings);
  AddRequestIdOption(command, arguments->request.mutable_request_id());
  session->Bind(command, [session, arguments] { return CreateKey(session, arguments.get()); });
}

void AddGet(CLI::App* group, Session* session) {
  auto request = std::make_shared<v1::GetKeyRequest>();
  CLI::App* const command = AddKeyCommand(group, "get", "Show a key", request.get());
  session->Bind(command, [session, request]() -> absl::StatusOr<ExitCode> {
    FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
    return ShowKey(session, client->GetKey(*request));
  });
}

void AddList(CLI::App* group, Session* session) {
  auto request = std::make_shared<v1::ListKeysRequest>();
  CLI::App* const command = group->add_subcommand("list", "List a tenant's keys");
  AddTenantOption(command, request->mutable_tenant());
  session->Bind(command, [session, request] { return ListKeys(session, *request); });
}

void AddRotate(CLI::App* group, Session* session) {
  auto request = std::make_shared<v1::RotateKeyRequest>();
  auto expected = std::make_shared<uint32_t>(0);
  CLI::App* const command = AddKeyCommand(
      group, "rotate", "Add a version and make it the primary one; old values stay readable",
      request.get());
  command
      ->add_option("--expected-primary", *expected,
                   "Rotate only if this is the primary version (0: whichever it is)")
      ->type_name("VERSION");
  AddRequestIdOption(command, request->mutable_request_id());
  session->Bind(command, [session, request, expected]() -> absl::StatusOr<ExitCode> {
    request->set_expected_primary(*expected);
    FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
    return ShowKey(session, client->RotateKey(*request));
  });
}

void AddVersions(CLI::App* group, Session* session) {
  auto request = std::make_shared<v1::ListKeyVersionsRequest>();
  CLI::App* const command =
      AddKeyCommand(group, "versions", "List a key's versions, newest first", request.get());
  session->Bind(command, [session, request] { return ListVersions(session, *request); });
}

}  // namespace

void AddKeyCommands(CLI::App* app, Session* session) {
  CLI::App* const group = app->add_subcommand("key", "Make, show, change and end keys");
  group->require_subcommand(1, 1);
  AddCreate(group, session);
  AddGet(group, session);
  AddList(group, session);
  AddRotate(group, session);
  AddVersions(group, session);
  AddKeyLifecycleCommands(group, session);
  AddKeyTransferCommands(group, session);
}

}  // namespace fieldkms
