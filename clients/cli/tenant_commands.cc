// fieldkms tenant create|list|rotate-kek, fieldkms version.
#include <memory>
#include <string>

#include "clients/cli/commands.h"
#include "clients/cli/operation_wait.h"
#include "crypto/status.h"
#include "fieldkms/version.h"

namespace fieldkms {
namespace {

Json TenantJson(const v1::Tenant& tenant) {
  return {{"tenant", tenant.tenant()}, {"create_time", TimeForJson(tenant.create_time())}};
}

absl::StatusOr<ExitCode> CreateTenant(Session* session, const v1::CreateTenantRequest& request) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::Tenant tenant, client->CreateTenant(request));
  return session->Show(
      TenantJson(tenant),
      Properties({{"tenant", tenant.tenant()}, {"created", TimeForPeople(tenant.create_time())}}));
}

absl::StatusOr<ExitCode> ListTenants(Session* session) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  Json tenants = Json::array();
  Table table({"TENANT", "CREATED"});
  v1::ListTenantsRequest request;
  request.set_page_size(1'000);
  do {
    FIELDKMS_ASSIGN_OR_RETURN(const v1::ListTenantsResponse page, client->ListTenants(request));
    for (const v1::Tenant& tenant : page.tenants()) {
      tenants.push_back(TenantJson(tenant));
      table.Add({tenant.tenant(), TimeForPeople(tenant.create_time())});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return session->Show({{"tenants", std::move(tenants)}}, table.Render());
}

}  // namespace

void AddTenantCommands(CLI::App* app, Session* session) {
  CLI::App* const group =
      app->add_subcommand("tenant", "Make and list tenants, and rotate their KEKs");
  group->require_subcommand(1, 1);

  CLI::App* const create = group->add_subcommand("create", "Make a tenant");
  auto request = std::make_shared<v1::CreateTenantRequest>();
  create->add_option("id", *request->mutable_tenant(), "Id of the new tenant: [a-z][a-z0-9-]{0,62}")
      ->type_name("ID")
      ->required();
  AddRequestIdOption(create, request->mutable_request_id());
  session->Bind(create, [session, request] { return CreateTenant(session, *request); });

  CLI::App* const list = group->add_subcommand("list", "List the tenants that you may see");
  session->Bind(list, [session] { return ListTenants(session); });

  CLI::App* const rotate =
      group->add_subcommand("rotate-kek", "Give a tenant a new KEK, and wrap all its keys with it");
  auto rotation = std::make_shared<v1::RotateTenantKekRequest>();
  auto wait = std::make_shared<bool>(false);
  AddTenantOption(rotate, rotation->mutable_tenant());
  AddWaitOption(rotate, wait.get());
  AddRequestIdOption(rotate, rotation->mutable_request_id());
  session->Bind(rotate, [session, rotation, wait]() -> absl::StatusOr<ExitCode> {
    FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
    return ShowStarted(session, client->RotateTenantKek(*rotation), *wait);
  });
}

void AddVersionCommand(CLI::App* app, Session* session) {
  CLI::App* const command = app->add_subcommand("version", "Print the version");
  session->Bind(command, [session] {
    return session->Show({{"version", kVersion}}, std::string("fieldkms ") + kVersion + "\n");
  });
}

}  // namespace fieldkms
