// fieldkms column drop-plaintext|drop-ciphertext: how a conversion ends (rotation/conversion.h).
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "clients/cli/column_arguments.h"
#include "clients/cli/column_report.h"
#include "clients/cli/commands.h"
#include "clients/cli/input.h"
#include "clients/cli/table_names.h"
#include "crypto/status.h"
#include "kms/printable.h"
#include "rotation/conversion.h"

namespace fieldkms {
namespace {

using rotation::DroppedPlaintext;
using rotation::ProtectedColumn;
using rotation::TableName;

struct DropArguments {
  ColumnArguments column;
  bool no_rewrite = false;
  bool yes = false;
};

// Whoever types the name has read it.
absl::Status Ask(const DropArguments& arguments, const std::string& what) {
  if (arguments.yes) return absl::OkStatus();
  FIELDKMS_ASSIGN_OR_RETURN(const std::string typed,
                            PromptLine(what + "\nType the column's name to go on: "));
  if (typed == arguments.column.column) return absl::OkStatus();
  return InvalidField("column", "what was typed is not the column's name, so nothing was done");
}

std::string Listed(std::string_view what, const std::vector<TableName>& tables) {
  std::string text;
  for (const TableName& table : tables) {
    text += "  " + std::string(what) + "  " + TableText(table) + "\n";
  }
  return text;
}

std::string SlotsText(const DroppedPlaintext& dropped) {
  std::string names;
  for (const auto* slots : {&dropped.slots.logical, &dropped.slots.physical}) {
    for (const std::string& slot : *slots) names += (names.empty() ? "" : ", ") + Printable(slot);
  }
  if (names.empty() && dropped.standbys == 0) return "";
  return "Standbys (" + std::to_string(dropped.standbys) + ") and replication slots (" +
         (names.empty() ? "none" : names) + ") get that log, or have had it.\n";
}

std::string DroppedText(const DroppedPlaintext& dropped) {
  std::string text = "The column of plaintext is dropped, with its indexes and statistics.\n" +
                     Listed("rewritten", dropped.rewritten) +
                     Listed("NOT rewritten", dropped.pending);
  if (!dropped.pending.empty()) {
    text +=
        "Files of these tables still hold the plaintext, until they are rewritten: this command "
        "without\n--no-rewrite does that.\n";
  }
  return text + "Write-ahead log up to " + dropped.wal_position +
         ", and backups and archives from before " + Printable(dropped.time) +
         ", may hold plaintext.\n" + SlotsText(dropped) +
         "So may what nobody here knows of: other tables, materialized views, dumps, the server's "
         "log, and dead\nrows of pg_statistic (VACUUM FULL pg_catalog.pg_statistic, as a "
         "superuser).\n";
}

absl::StatusOr<ExitCode> DropPlaintext(Session* session, const DropArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(const OpenedColumn at, OpenColumn(arguments.column));
  FIELDKMS_RETURN_IF_ERROR(
      Ask(arguments,
          std::string("The plaintext will be dropped, and cannot be had back. ") +
              (arguments.no_rewrite ? "It stays in the table's files until these are rewritten."
                                    : "The table is rewritten: it can be neither read nor written "
                                      "meanwhile, and takes disk space for a copy.")));
  FIELDKMS_ASSIGN_OR_RETURN(
      const DroppedPlaintext dropped,
      rotation::DropPlaintext(*at.database, at.table, at.column, !arguments.no_rewrite));
  return session->Show(DroppedJson(dropped), DroppedText(dropped));
}

absl::StatusOr<ExitCode> DropCiphertext(Session* session, const DropArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(const OpenedColumn at, OpenColumn(arguments.column));
  FIELDKMS_RETURN_IF_ERROR(Ask(
      arguments, "The ciphertexts will be dropped, with their indexes, and cannot be had back."));
  FIELDKMS_ASSIGN_OR_RETURN(const ProtectedColumn dropped,
                            rotation::DropCiphertext(*at.database, at.table, at.column));
  Json json = ColumnJson(dropped);
  json["removed"] = true;
  return session->Show(json, Properties(ColumnRows(dropped)) +
                                 "\nDropped, and off the registry. To read ciphertexts of backups "
                                 "later, keep the binding id.\n");
}

CLI::App* AddDrop(CLI::App* group, const char* name, const char* description,
                  DropArguments* arguments) {
  CLI::App* const command = group->add_subcommand(name, description);
  AddColumnPlace(command, &arguments->column, "The column that was converted, by either name");
  command->add_flag("--yes", arguments->yes, "Do not ask on the terminal");
  return command;
}

}  // namespace

void AddColumnDropCommands(CLI::App* group, Session* session) {
  auto plaintext = std::make_shared<DropArguments>();
  CLI::App* const drop_plaintext = AddDrop(
      group, "drop-plaintext",
      "After the switch, drop the plaintext and rewrite the table without it", plaintext.get());
  drop_plaintext->add_flag("--no-rewrite", plaintext->no_rewrite,
                           "Do not rewrite it: plaintext stays in its files until something does");
  session->Bind(drop_plaintext,
                [session, plaintext] { return DropPlaintext(session, *plaintext); });

  auto ciphertext = std::make_shared<DropArguments>();
  CLI::App* const drop_ciphertext =
      AddDrop(group, "drop-ciphertext",
              "After the switch, drop the ciphertext, and take the column off the registry",
              ciphertext.get());
  session->Bind(drop_ciphertext,
                [session, ciphertext] { return DropCiphertext(session, *ciphertext); });
}

}  // namespace fieldkms
