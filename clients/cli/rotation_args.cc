#include "clients/cli/rotation_args.h"

#include "clients/cli/commands.h"
#include "clients/cli/table_names.h"
#include "crypto/status.h"

namespace fieldkms {

void AddScopeOptions(CLI::App* command, ScopeArgs* args) {
  AddKeyOption(command, &args->key, "The key whose values are brought to its primary version")
      ->required();
  command
      ->add_option("--to-key", args->to_key,
                   "Seal them under this key instead (rekey), by its primary version")
      ->type_name("NAME");
  command
      ->add_option("--table", args->tables,
                   "Only this table: schema.table or schema.table:column,column; repeatable; all "
                   "that are registered under the key by default")
      ->type_name("TABLE")
      ->allow_extra_args(false);
  command->add_flag(
      "--accept-triggers", args->accept_triggers,
      "Triggers that fire on UPDATE may fire; tables with some are refused otherwise");
}

absl::StatusOr<v1::RotationSpec> SpecOf(const ScopeArgs& args) {
  v1::RotationSpec spec;
  spec.set_key(args.key);
  spec.set_transform(args.to_key.empty() ? v1::ROTATION_TRANSFORM_REENCRYPT
                                         : v1::ROTATION_TRANSFORM_REKEY);
  spec.set_destination_key(args.to_key);
  for (const std::string& table : args.tables) {
    FIELDKMS_ASSIGN_OR_RETURN(*spec.add_tables(), ParseTableColumns(table, "table"));
  }
  spec.set_accept_triggers(args.accept_triggers);
  return spec;
}

CLI::Option* AddDataSourceOption(CLI::App* command, std::string* data_source) {
  return command
      ->add_option("--data-source", *data_source, "The name by which workers know the database")
      ->type_name("NAME");
}

CLI::Option* AddJobArgument(CLI::App* command, std::string* job_id) {
  return command->add_option("job", *job_id, "Id of the job")->type_name("JOB");
}

}  // namespace fieldkms
