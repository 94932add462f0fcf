#include "clients/cli/rotation_args.h"

#include <CLI/Validators.hpp>
#include <map>

#include "clients/cli/commands.h"
#include "clients/cli/durations.h"
#include "clients/cli/table_names.h"
#include "clients/cli/worker_pool.h"
#include "crypto/status.h"

namespace fieldkms {

namespace {

const std::map<std::string, v1::RotationTransform> kTransforms = {
    {"reencrypt", v1::ROTATION_TRANSFORM_REENCRYPT},
    {"rekey", v1::ROTATION_TRANSFORM_REKEY},
    {"encrypt", v1::ROTATION_TRANSFORM_ENCRYPT},
    {"decrypt", v1::ROTATION_TRANSFORM_DECRYPT},
    {"reindex", v1::ROTATION_TRANSFORM_REINDEX},
    {"retokenize", v1::ROTATION_TRANSFORM_RETOKENIZE},
};

// As it was given, or as the other options say.
absl::StatusOr<v1::RotationTransform> TransformOf(const ScopeArgs& args) {
  const bool rekeys = args.transform == v1::ROTATION_TRANSFORM_REKEY;
  if (args.transform == v1::ROTATION_TRANSFORM_UNSPECIFIED) {
    return args.to_key.empty() ? v1::ROTATION_TRANSFORM_REENCRYPT : v1::ROTATION_TRANSFORM_REKEY;
  }
  if (rekeys && args.to_key.empty()) return InvalidField("to-key", "is needed to rekey");
  if (!rekeys && !args.to_key.empty()) return InvalidField("to-key", "is to rekey only");
  return args.transform;
}

}  // namespace

void AddScopeOptions(CLI::App* command, ScopeArgs* args) {
  AddKeyOption(command, &args->key, "The key whose values are brought to its primary version")
      ->required();
  command
      ->add_option("--transform", args->transform,
                   "What becomes of values: reencrypt (the default), rekey, encrypt, decrypt, "
                   "reindex or retokenize")
      ->type_name("TRANSFORM")
      ->transform(CLI::CheckedTransformer(kTransforms, CLI::ignore_case));
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
  FIELDKMS_ASSIGN_OR_RETURN(const v1::RotationTransform transform, TransformOf(args));
  spec.set_transform(transform);
  spec.set_destination_key(args.to_key);
  for (const std::string& table : args.tables) {
    FIELDKMS_ASSIGN_OR_RETURN(*spec.add_tables(), ParseTableColumns(table, "table"));
  }
  spec.set_accept_triggers(args.accept_triggers);
  return spec;
}

void AddSpecOptions(CLI::App* command, SpecArgs* args) {
  AddDataSourceOption(command, &args->data_source)->required();
  AddScopeOptions(command, &args->scope);
  command
      ->add_option("--backup-horizon", args->backup_horizon,
                   "How long backups of the database are kept, such as 90d; 35d by default: older "
                   "versions are needed for that long")
      ->type_name("DURATION");
  command
      ->add_option("--verify-sample", args->verify_sample,
                   "Rows of each table that are opened at the end; 1000 by default")
      ->type_name("N");
  AddLimitOptions(command, &args->limits);
}

absl::StatusOr<v1::RotationSpec> SpecOf(const SpecArgs& args) {
  FIELDKMS_ASSIGN_OR_RETURN(v1::RotationSpec spec, SpecOf(args.scope));
  spec.set_data_source(args.data_source);
  spec.set_verify_sample(args.verify_sample);
  if (!args.backup_horizon.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(const int64_t seconds,
                              ParseSeconds(args.backup_horizon, "backup-horizon"));
    spec.mutable_backup_horizon()->set_seconds(seconds);
  }
  FIELDKMS_RETURN_IF_ERROR(ApplyLimitArgs(args.limits, spec.mutable_limits()));
  return spec;
}

void AddWorkerOptions(CLI::App* command, uint32_t* workers, std::string* name) {
  command
      ->add_option("--workers", *workers,
                   "Workers on a job, each with a connection of its own, to 64; 1 by default")
      ->type_name("N")
      ->check(CLI::Range(1u, kMostWorkers));
  command
      ->add_option("--name", *name,
                   "What workers are called by, before what tells them apart; the machine's name "
                   "by default")
      ->type_name("NAME");
}

CLI::Option* AddDataSourceOption(CLI::App* command, std::string* data_source) {
  return command
      ->add_option("--data-source", *data_source, "The name by which workers know the database")
      ->type_name("NAME");
}

CLI::Option* AddJobArgument(CLI::App* command, std::string* job_id) {
  return command->add_option("job", *job_id, "Id of the job")->type_name("JOB");
}

CLI::Option* AddScheduleArgument(CLI::App* command, std::string* schedule_id) {
  return command->add_option("schedule", *schedule_id, "Id of the schedule")->type_name("SCHEDULE");
}

}  // namespace fieldkms
