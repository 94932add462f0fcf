// fieldkms column protect|unprotect: a column of plaintext begins to become one of ciphertext, or
// the other way; and the job that fills it.
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "clients/cli/column_arguments.h"
#include "clients/cli/column_report.h"
#include "clients/cli/commands.h"
#include "clients/cli/database_option.h"
#include "clients/cli/job_report.h"
#include "clients/cli/rotation_args.h"
#include "clients/cli/source_keys_option.h"
#include "clients/cli/table_names.h"
#include "clients/cli/usage_error.h"
#include "clients/cpp/rotation_client.h"
#include "crypto/status.h"
#include "rotation/column_shape.h"
#include "rotation/conversion.h"
#include "rotation/open_jobs.h"
#include "rotation/source_sample.h"

namespace fieldkms {
namespace {

using rotation::Database;
using rotation::ProtectedColumn;

struct BeginArguments {
  ColumnArguments column;
  std::string into;
  bool text = false;
  std::string type;
  std::string data_source;
  bool start = false;
  std::string source;
  std::string source_key;
  std::string source_columns;
  std::string source_keys;
};

// The error of a conversion, with the option that is at fault.
absl::Status AboutBegin(const absl::Status& status, std::string_view plain_option,
                        std::string_view cipher_option) {
  const std::string field = FieldOf(status);
  if (field == "plain_column") return WithField(status, plain_option);
  if (field == "column") return WithField(status, cipher_option);
  if (field == "shape") return WithField(status, cipher_option);
  if (field == "source_key") return WithField(status, "source-key");
  if (field.starts_with("source_columns")) return WithField(status, "source-columns");
  return AboutOption(status);
}

absl::StatusOr<v1::RotationJob> MakeJob(Session* session, const BeginArguments& arguments,
                                        const ProtectedColumn& column) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  return RotationClient(*client).CreateJob(
      rotation::FillJobRequest(column, arguments.data_source, arguments.start));
}

// Shows the column, and makes the job if one is wanted. The conversion has begun by then: where the
// job cannot be made, the command can be repeated.
absl::StatusOr<ExitCode> Show(Session* session, const BeginArguments& arguments,
                              const ProtectedColumn& column) {
  Json json = ColumnJson(column);
  std::string text = Properties(ColumnRows(column));
  if (column.conversion == rotation::Conversion::kProtect ||
      column.conversion == rotation::Conversion::kProtectClosed) {
    text += "\n" + ContextHelp(column);
  }
  text += "\n" + StageHelp(column);
  if (arguments.data_source.empty()) {
    json["job_id"] = nullptr;
    text += "This command with --data-source NAME makes the job.\n";
    return session->Show(json, text);
  }
  FIELDKMS_ASSIGN_OR_RETURN(const v1::RotationJob job, MakeJob(session, arguments, column));
  json["job_id"] = job.job_id();
  text += "The job is " + job.job_id() + " (" + JobStateName(job.state()) +
          "): `fieldkms rotation run` works on it" +
          (arguments.start ? "" : " once `fieldkms rotation start` was called") + ".\n";
  return session->Show(json, text);
}

absl::Status CheckStart(const BeginArguments& arguments) {
  if (!arguments.start || !arguments.data_source.empty()) return absl::OkStatus();
  return InvalidField("start", "is for a job: --data-source says of which database");
}

// The column that was named is the plaintext.
absl::Status PutNames(const BeginArguments& arguments, ProtectedColumn* column) {
  column->plain_column = std::exchange(column->column, "");
  if (!arguments.into.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(column->column, ParseColumnName(arguments.into, "into"));
    return absl::OkStatus();
  }
  column->column = *column->plain_column + "_protected";
  return ParseColumnName("\"" + column->column + "\"", "into").ok()
             ? absl::OkStatus()
             : InvalidField("into", "is needed: with _protected the name would be too long");
}

// Where what is there is no plaintext.
absl::Status PutSource(const BeginArguments& arguments, ProtectedColumn* column) {
  if (arguments.source.empty()) {
    return arguments.source_key.empty() && arguments.source_columns.empty()
               ? absl::OkStatus()
               : InvalidField("source", "is needed with a source key or its columns");
  }
  column->source = rotation::ParseSourceKind(arguments.source);
  if (!column->source) return InvalidField("source", "is none that is known");
  if (arguments.source_key.empty()) return InvalidField("source-key", "is needed with a source");
  column->source_key = arguments.source_key;
  if (arguments.source_columns.empty()) return absl::OkStatus();
  FIELDKMS_ASSIGN_OR_RETURN(column->source_columns,
                            ParseColumnList(arguments.source_columns, "source-columns"));
  return absl::OkStatus();
}

// With the keys at hand: whether the one that was named opens anything.
absl::Status CheckSource(const BeginArguments& arguments, Database* database,
                         const ProtectedColumn& column) {
  if (arguments.source_keys.empty()) return absl::OkStatus();
  FIELDKMS_ASSIGN_OR_RETURN(const auto keys, SourceKeysOf(arguments.source_keys));
  return AboutBegin(rotation::CheckSourceSample(*database, column, keys.get()), "column", "into");
}

absl::StatusOr<ExitCode> Protect(Session* session, const BeginArguments& arguments) {
  FIELDKMS_RETURN_IF_ERROR(CheckStart(arguments));
  FIELDKMS_ASSIGN_OR_RETURN(ProtectedColumn column, ColumnOf(arguments.column));
  FIELDKMS_RETURN_IF_ERROR(PutNames(arguments, &column));
  FIELDKMS_RETURN_IF_ERROR(PutSource(arguments, &column));
  FIELDKMS_RETURN_IF_ERROR(PutKeys(session, arguments.column, &column));
  FIELDKMS_ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                            ConnectTo(arguments.column.conninfo_file));
  FIELDKMS_RETURN_IF_ERROR(rotation::CheckTargetSchema(*database));
  FIELDKMS_ASSIGN_OR_RETURN(column.shape, rotation::CipherShape(*database, column, arguments.text));
  FIELDKMS_RETURN_IF_ERROR(CheckSource(arguments, database.get(), column));
  const absl::StatusOr<ProtectedColumn> begun =
      rotation::BeginProtect(*database, std::move(column));
  if (!begun.ok()) return AboutBegin(begun.status(), "column", "into");
  return Show(session, arguments, *begun);
}

absl::StatusOr<ExitCode> Unprotect(Session* session, const BeginArguments& arguments) {
  FIELDKMS_RETURN_IF_ERROR(CheckStart(arguments));
  FIELDKMS_ASSIGN_OR_RETURN(const std::string into, ParseColumnName(arguments.into, "into"));
  FIELDKMS_ASSIGN_OR_RETURN(const OpenedColumn at, OpenColumn(arguments.column));
  const absl::StatusOr<ProtectedColumn> begun =
      rotation::BeginUnprotect(*at.database, at.table, at.column, into, arguments.type);
  if (!begun.ok()) return AboutBegin(begun.status(), "into", "column");
  return Show(session, arguments, *begun);
}

void AddSourceOptions(CLI::App* command, BeginArguments* arguments) {
  command
      ->add_option(
          "--source", arguments->source,
          "What the column holds where that is no plaintext, but encrypted by another tool")
      ->type_name("KIND")
      ->check(CLI::IsMember({"pgcrypto_pgp", "pgcrypto_raw", "pgsodium", "vault_transit"}));
  command
      ->add_option("--source-key", arguments->source_key,
                   "The name of the key that opens it, in the workers' files of --source-keys")
      ->type_name("NAME");
  command
      ->add_option("--source-columns", arguments->source_columns,
                   "Columns that the source needs beside it, in the order of the key's")
      ->type_name("COLUMNS");
  AddSourceKeysOption(command, &arguments->source_keys)
      ->description("Try the key on some values before anything is changed");
}

void AddJobOptions(CLI::App* command, BeginArguments* arguments) {
  AddDataSourceOption(command, &arguments->data_source)
      ->description("Make the job, too: the name by which workers know the database");
  command->add_flag("--start", arguments->start, "Start the job at once");
}

}  // namespace

void AddColumnBeginCommands(CLI::App* group, Session* session) {
  auto protect_arguments = std::make_shared<BeginArguments>();
  CLI::App* const protect = group->add_subcommand(
      "protect", "Begin to make ciphertexts of a column of plaintext, while applications go on");
  AddColumnPlace(protect, &protect_arguments->column, "The column of plaintext");
  AddColumnOptions(protect, &protect_arguments->column);
  protect
      ->add_option("--into", protect_arguments->into,
                   "The column of ciphertexts, which is added if it is not there; by default its "
                   "name and _protected")
      ->type_name("NAME");
  protect->add_flag("--text", protect_arguments->text, "Ciphertexts in text form, not bytea");
  AddSourceOptions(protect, protect_arguments.get());
  AddJobOptions(protect, protect_arguments.get());
  session->Bind(protect,
                [session, protect_arguments] { return Protect(session, *protect_arguments); });

  auto unprotect_arguments = std::make_shared<BeginArguments>();
  CLI::App* const unprotect = group->add_subcommand(
      "unprotect", "Begin to make plaintext of a protected column, while applications go on");
  AddColumnPlace(unprotect, &unprotect_arguments->column, "The column of ciphertexts");
  unprotect
      ->add_option("--into", unprotect_arguments->into,
                   "The column of plaintext, which is added if it is not there")
      ->type_name("NAME")
      ->required();
  unprotect
      ->add_option("--type", unprotect_arguments->type,
                   "Its type, such as text (the default) or numeric(10,2)")
      ->type_name("TYPE");
  AddJobOptions(unprotect, unprotect_arguments.get());
  session->Bind(unprotect, [session, unprotect_arguments] {
    return Unprotect(session, *unprotect_arguments);
  });
}

}  // namespace fieldkms
