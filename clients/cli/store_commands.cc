// fieldkms store migrate|status: the service's own store in PostgreSQL, offline: they ask
// the database, and no service.
#include <memory>
#include <string>
#include <vector>

#include "clients/cli/commands.h"
#include "crypto/status.h"
#include "kms/postgres/conninfo.h"
#include "kms/store/postgres_migrations.h"

namespace fieldkms {
namespace {

struct StoreArguments {
  std::string database_file;
  bool dry_run = false;
  bool print_roles = false;
  std::vector<std::string> grant_to;
};

// Without a file libpq looks into the environment (PGSERVICE, PGHOST, PGPASSFILE, …).
absl::StatusOr<std::string> ConninfoOf(const StoreArguments& arguments) {
  if (arguments.database_file.empty()) return std::string();
  return ReadConninfoFile(arguments.database_file);
}

std::string Joined(const std::vector<std::string>& names) {
  std::string joined;
  for (const std::string& name : names) joined += (joined.empty() ? "" : ", ") + name;
  return joined.empty() ? "none" : joined;
}

absl::StatusOr<ExitCode> Migrate(Session* session, const StoreArguments& arguments) {
  if (arguments.print_roles) {
    const std::string sql(PostgresRolesSql());
    return session->Show({{"sql", sql}}, sql);
  }
  FIELDKMS_ASSIGN_OR_RETURN(const std::string conninfo, ConninfoOf(arguments));
  FIELDKMS_ASSIGN_OR_RETURN(
      const MigrateReport report,
      MigratePostgresStore(
          {.conninfo = conninfo, .dry_run = arguments.dry_run, .grant_to = arguments.grant_to}));
  const std::string would = arguments.dry_run ? "would " : "";
  return session->Show({{"dry_run", arguments.dry_run},
                        {"made_roles", report.made_roles},
                        {"applied", report.applied},
                        {"schema", NewestPostgresSchema()}},
                       Properties({{would + "make roles", report.made_roles ? "yes" : "no"},
                                   {would + "apply", Joined(report.applied)},
                                   {"schema", std::to_string(NewestPostgresSchema())}}));
}

absl::StatusOr<ExitCode> ShowStatus(Session* session, const StoreArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string conninfo, ConninfoOf(arguments));
  FIELDKMS_ASSIGN_OR_RETURN(const PostgresStoreStatus status, ReadPostgresStatus(conninfo));
  Json json = {{"server_version", status.server_version},
               {"roles_exist", status.roles_exist},
               {"schema", status.schema},
               {"newest_schema", status.newest},
               {"pending", status.pending},
               {"warnings", status.warnings}};
  std::string change = "none";
  if (status.change_number) {
    json["change_number"] = *status.change_number;
    change = std::to_string(*status.change_number);
  }
  return session->Show(json, Properties({{"server", "PostgreSQL " + status.server_version},
                                         {"roles", status.roles_exist ? "there" : "missing"},
                                         {"schema", std::to_string(status.schema) + " of " +
                                                        std::to_string(status.newest)},
                                         {"pending", Joined(status.pending)},
                                         {"last change", change},
                                         {"should be on", Joined(status.warnings)}}));
}

void AddDatabaseOption(CLI::App* command, StoreArguments* arguments) {
  command
      ->add_option("--database-file", arguments->database_file,
                   "A file of mode 0600 with a connection string of PostgreSQL; without it, the "
                   "environment says (PGSERVICE, PGHOST, …)")
      ->type_name("FILE");
}

}  // namespace

void AddStoreCommands(CLI::App* app, Session* session) {
  CLI::App* const group =
      app->add_subcommand("store", "Prepare a store in PostgreSQL, or move to it; offline");
  group->require_subcommand(1, 1);
  auto arguments = std::make_shared<StoreArguments>();

  CLI::App* const migrate = group->add_subcommand(
      "migrate", "Make the roles and the schema, or bring them up to this release");
  AddDatabaseOption(migrate, arguments.get());
  migrate->add_flag("--dry-run", arguments->dry_run, "Only say what would be done");
  migrate->add_flag("--print-roles", arguments->print_roles,
                    "Print the SQL that makes the roles, for a superuser, and do nothing");
  migrate
      ->add_option("--grant-to", arguments->grant_to,
                   "A role that the service logs in as: it may use the store then; repeatable")
      ->type_name("ROLE")
      ->allow_extra_args(false);
  session->Bind(migrate, [session, arguments] { return Migrate(session, *arguments); });

  CLI::App* const status =
      group->add_subcommand("status", "Show which schema the database has, and what is missing");
  AddDatabaseOption(status, arguments.get());
  session->Bind(status, [session, arguments] { return ShowStatus(session, *arguments); });
  AddStoreCopyCommands(group, session);
}

}  // namespace fieldkms
