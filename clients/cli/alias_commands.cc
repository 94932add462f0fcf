// fieldkms alias set|delete|list
#include <memory>
#include <string>

#include "clients/cli/commands.h"
#include "clients/cpp/key_lookup.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

Json AliasJson(const v1::Alias& alias) {
  return {{"tenant", alias.tenant()},
          {"alias", alias.alias()},
          {"key", alias.key()},
          {"etag", alias.etag()}};
}

// Where no etag was given: that of the alias as it is now, or "" if there is none.
template <class Request>
absl::Status FillEtag(Client* client, Request* request) {
  if (!request->etag().empty()) return absl::OkStatus();
  return ForEachAlias(client, request->tenant(), [&](const v1::Alias& alias) {
    if (alias.alias() == request->alias()) request->set_etag(alias.etag());
  });
}

absl::StatusOr<ExitCode> SetAlias(Session* session, v1::SetAliasRequest* request) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_RETURN_IF_ERROR(FillEtag(client, request));
  FIELDKMS_ASSIGN_OR_RETURN(const v1::Alias alias, client->SetAlias(*request));
  return session->Show(AliasJson(alias), Properties({{"tenant", alias.tenant()},
                                                     {"alias", alias.alias()},
                                                     {"key", alias.key()},
                                                     {"etag", alias.etag()}}));
}

absl::StatusOr<ExitCode> DeleteAlias(Session* session, v1::DeleteAliasRequest* request) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_RETURN_IF_ERROR(FillEtag(client, request));
  if (request->etag().empty()) {
    return Error(absl::StatusCode::kNotFound, Reason::kAliasNotFound,
                 "the tenant has no such alias that you may read", "alias");
  }
  FIELDKMS_RETURN_IF_ERROR(client->DeleteAlias(*request));
  return session->Show(
      {{"tenant", request->tenant()}, {"alias", request->alias()}, {"deleted", true}},
      Properties({{"tenant", request->tenant()}, {"alias", request->alias()}, {"deleted", "yes"}}));
}

absl::StatusOr<ExitCode> ListAliases(Session* session, const std::string& tenant) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  Json aliases = Json::array();
  Table table({"ALIAS", "KEY", "ETAG"});
  FIELDKMS_RETURN_IF_ERROR(ForEachAlias(client, tenant, [&](const v1::Alias& alias) {
    aliases.push_back(AliasJson(alias));
    table.Add({alias.alias(), alias.key(), alias.etag()});
  }));
  return session->Show({{"aliases", std::move(aliases)}}, table.Render());
}

// Adds a command that changes one alias.
template <class Request>
CLI::App* AddAliasCommand(CLI::App* group, const char* name, const char* description,
                          Request* request) {
  CLI::App* const command = group->add_subcommand(name, description);
  command->add_option("alias", *request->mutable_alias(), "The alias")
      ->type_name("ALIAS")
      ->required();
  AddTenantOption(command, request->mutable_tenant());
  AddEtagOption(command, request->mutable_etag());
  AddRequestIdOption(command, request->mutable_request_id());
  return command;
}

}  // namespace

void AddAliasCommands(CLI::App* app, Session* session) {
  CLI::App* const group = app->add_subcommand("alias", "Give keys other names");
  group->require_subcommand(1, 1);

  auto set = std::make_shared<v1::SetAliasRequest>();
  CLI::App* const set_command =
      AddAliasCommand(group, "set", "Make an alias, or point it at another key", set.get());
  set_command->add_option("key", *set->mutable_key(), "The key, by its own name")
      ->type_name("KEY")
      ->required();
  session->Bind(set_command, [session, set] { return SetAlias(session, set.get()); });

  auto gone = std::make_shared<v1::DeleteAliasRequest>();
  CLI::App* const delete_command =
      AddAliasCommand(group, "delete", "Take an alias away; the key stays", gone.get());
  session->Bind(delete_command, [session, gone] { return DeleteAlias(session, gone.get()); });

  auto tenant = std::make_shared<std::string>();
  CLI::App* const list = group->add_subcommand("list", "List a tenant's aliases");
  AddTenantOption(list, tenant.get());
  session->Bind(list, [session, tenant] { return ListAliases(session, *tenant); });
}

}  // namespace fieldkms
