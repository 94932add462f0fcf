// fieldkms rotation plan
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "clients/cli/commands.h"
#include "clients/cli/database_option.h"
#include "clients/cli/rotation_args.h"
#include "clients/cli/rotation_plan_report.h"
#include "clients/cpp/key_lookup.h"
#include "crypto/status.h"
#include "rotation/field_checks.h"
#include "rotation/job_plan.h"
#include "rotation/service_calls.h"

namespace fieldkms {
namespace {

struct PlanArguments {
  std::string tenant;
  ScopeArgs scope;
  std::string conninfo_file;
  uint32_t workers = 1;
};

// What a job would get if it were started now.
absl::StatusOr<v1::RotationTarget> TargetOf(Client* client, const PlanArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(const v1::Key source,
                            FindKey(client, arguments.tenant, arguments.scope.key, "key"));
  v1::Key key = source;
  if (!arguments.scope.to_key.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(key,
                              FindKey(client, arguments.tenant, arguments.scope.to_key, "to-key"));
    if (key.key_id() == source.key_id()) return InvalidField("to-key", "is the key itself");
  }
  v1::RotationTarget target;
  target.set_source_key(source.name());
  target.set_source_key_id(source.key_id());
  target.set_key(key.name());
  target.set_key_id(key.key_id());
  target.set_key_version(key.primary_version());
  return target;
}

// A job would be refused for these when it begins.
absl::Status CheckFieldsOf(Client* client, const std::string& tenant, const ShownPlan& shown) {
  std::vector<rotation::TablePlan> tables;
  for (const rotation::TableEstimate& table : shown.plan.tables) tables.push_back(table.plan);
  return rotation::CheckFields(tables, tenant, shown.target.key(), rotation::CallsOf(*client));
}

absl::StatusOr<ExitCode> Plan(Session* session, const PlanArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(const v1::RotationSpec spec, SpecOf(arguments.scope));
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  ShownPlan shown{.plan = {}, .target = {}, .workers = arguments.workers};
  FIELDKMS_ASSIGN_OR_RETURN(shown.target, TargetOf(client, arguments));
  FIELDKMS_ASSIGN_OR_RETURN(const rotation::PlanRequest request,
                            rotation::PlanRequestOf(arguments.tenant, spec, shown.target));
  FIELDKMS_ASSIGN_OR_RETURN(const std::unique_ptr<rotation::Database> database,
                            ConnectTo(arguments.conninfo_file));
  FIELDKMS_ASSIGN_OR_RETURN(shown.plan, rotation::MakePlan(*database, request));
  FIELDKMS_RETURN_IF_ERROR(CheckFieldsOf(client, arguments.tenant, shown));
  FIELDKMS_RETURN_IF_ERROR(session->Show(PlanJson(shown), PlanText(shown)).status());
  return shown.plan.refused() ? ExitCode::kFailure : ExitCode::kOk;
}

}  // namespace

void AddRotationPlanCommand(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<PlanArguments>();
  CLI::App* const command = group->add_subcommand(
      "plan", "Say what a rotation would do and what speaks against it; writes nothing");
  AddTenantOption(command, &arguments->tenant);
  AddScopeOptions(command, &arguments->scope);
  AddConninfoFileOption(command, &arguments->conninfo_file)->required();
  command->add_option("--workers", arguments->workers, "With so many workers, to 64; 1 by default")
      ->type_name("N")
      ->check(CLI::Range(1, 64));
  session->Bind(command, [session, arguments] { return Plan(session, *arguments); });
}

}  // namespace fieldkms
