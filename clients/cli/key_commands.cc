// fieldkms key create|get|list|rotate|versions
#include <memory>
#include <string>

#include "clients/cli/commands.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

// "KEY_PURPOSE_ENCRYPT" is "ENCRYPT" to people and machines.
std::string WithoutPrefix(const std::string& name, const std::string& prefix) {
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

std::string PurposeName(v1::KeyPurpose purpose) {
  return WithoutPrefix(v1::KeyPurpose_Name(purpose), "KEY_PURPOSE_");
}

std::string StateName(v1::KeyVersionState state) {
  return WithoutPrefix(v1::KeyVersionState_Name(state), "KEY_VERSION_STATE_");
}

Json KeyJson(const v1::Key& key) {
  return {{"tenant", key.tenant()},
          {"name", key.name()},
          {"key_id", key.key_id()},
          {"purpose", PurposeName(key.purpose())},
          {"primary_version", key.primary_version()},
          {"create_time", TimeForJson(key.create_time())},
          {"primary_create_time", TimeForJson(key.primary_create_time())}};
}

absl::StatusOr<ExitCode> ShowKey(Session* session, const absl::StatusOr<v1::Key>& key) {
  if (!key.ok()) return key.status();
  return session->Show(KeyJson(*key),
                       Properties({{"tenant", key->tenant()},
                                   {"name", key->name()},
                                   {"key id", key->key_id()},
                                   {"purpose", PurposeName(key->purpose())},
                                   {"primary version", std::to_string(key->primary_version())},
                                   {"created", TimeForPeople(key->create_time())},
                                   {"rotated", TimeForPeople(key->primary_create_time())}}));
}

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

absl::StatusOr<ExitCode> ListVersions(Session* session, v1::ListKeyVersionsRequest request) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  Json versions = Json::array();
  Table table({"VERSION", "STATE", "PRIMARY", "CREATED"});
  request.set_page_size(1'000);
  do {
    FIELDKMS_ASSIGN_OR_RETURN(const v1::ListKeyVersionsResponse page,
                              client->ListKeyVersions(request));
    for (const v1::KeyVersion& version : page.versions()) {
      versions.push_back({{"version", version.version()},
                          {"state", StateName(version.state())},
                          {"primary", version.primary()},
                          {"create_time", TimeForJson(version.create_time())}});
      table.Add({std::to_string(version.version()), StateName(version.state()),
                 version.primary() ? "yes" : "no", TimeForPeople(version.create_time())});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return session->Show({{"versions", std::move(versions)}}, table.Render());
}

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

void AddCreate(CLI::App* group, Session* session) {
  auto request = std::make_shared<v1::CreateKeyRequest>();
  CLI::App* const command =
      AddKeyCommand(group, "create", "Make a key, with version 1", request.get());
  AddRequestIdOption(command, request->mutable_request_id());
  session->Bind(command, [session, request]() -> absl::StatusOr<ExitCode> {
    FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
    return ShowKey(session, client->CreateKey(*request));
  });
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
  CLI::App* const group = app->add_subcommand("key", "Make, show and rotate keys");
  group->require_subcommand(1, 1);
  AddCreate(group, session);
  AddGet(group, session);
  AddList(group, session);
  AddRotate(group, session);
  AddVersions(group, session);
}

}  // namespace fieldkms
