// Requests about columns (rotation/request_runner.h): their conversions.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "crypto/status.h"
#include "kms/postgres/value.h"
#include "rotation/catalog.h"
#include "rotation/column_json.h"
#include "rotation/column_keys.h"
#include "rotation/column_shape.h"
#include "rotation/conversion.h"
#include "rotation/conversion_step.h"
#include "rotation/open_jobs.h"
#include "rotation/request_runner.h"
#include "rotation/request_text.h"
#include "rotation/source_sample.h"

namespace fieldkms::rotation {
namespace {

constexpr size_t kLongestName = 63;

// All that an action has to do with.
struct Context {
  Database& database;
  Client& client;
  const RequestScope& scope;
  const Request& request;

  StepRun run() const { return request.dry_run ? StepRun::kRehearse : StepRun::kForGood; }
  const TableName& table() const { return *request.table; }
};

using Outcome = absl::StatusOr<RequestOutcome>;

RequestOutcome OutcomeOf(const Context& context, std::string answer,
                         nlohmann::ordered_json result) {
  if (context.request.dry_run) answer = "dry run, nothing has changed; it would be: " + answer;
  result["dry_run"] = context.request.dry_run;
  return {.answer = std::move(answer), .result = std::move(result), .await_job = {}};
}

Outcome StageOutcome(const Context& context, const absl::StatusOr<ProtectedColumn>& column) {
  FIELDKMS_RETURN_IF_ERROR(column.status());
  return OutcomeOf(context, StageText(*column), ColumnJson(*column));
}

// The columns of the primary key, in its order; none of what can have none.
absl::StatusOr<std::vector<std::string>> PrimaryKey(const Context& context) {
  std::vector<std::string> names;
  bool needed = false;
  FIELDKMS_RETURN_IF_ERROR(context.database.Read([&](Transaction& transaction) {
    const Oid oids[] = {FindRelation(transaction, context.table())};
    for (const auto& [oid, relation] : RelationsOf(transaction, oids)) {
      needed = relation.kind == RelationKind::kTable || relation.kind == RelationKind::kPartitioned;
    }
    const pqxx::result rows = transaction.Run(
        "SELECT a.attname FROM pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY k (number, "
        "at), "
        "pg_attribute a WHERE i.indrelid = $1 AND i.indisprimary AND a.attrelid = i.indrelid "
        "AND a.attnum = k.number ORDER BY k.at",
        {oids[0]});
    for (const auto& row : rows) names.push_back(TextOf(row[0]));
    return absl::OkStatus();
  }));
  if (!names.empty() || !needed) return names;
  return InvalidField("row_key",
                      "is needed, since the table has no primary key; '{}' binds values to no row");
}

absl::Status PutBinding(const RequestOptions& options, ProtectedColumn* column) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string hex, options.Text("binding_id"));
  if (hex.empty()) return absl::OkStatus();
  column->binding_id.assign(kBindingIdSize, '\0');
  if (DecodeHex(hex, AsMutableBytes(column->binding_id))) return absl::OkStatus();
  return InvalidField("binding_id", "must be 16 bytes");
}

absl::Status PutContext(const Context& context, ProtectedColumn* column) {
  FIELDKMS_ASSIGN_OR_RETURN(auto row_key, context.request.options.Names("row_key"));
  if (row_key) {
    column->key_columns = *std::move(row_key);
  } else {
    FIELDKMS_ASSIGN_OR_RETURN(column->key_columns, PrimaryKey(context));
  }
  FIELDKMS_ASSIGN_OR_RETURN(auto entries, context.request.options.Pairs("context"));
  for (auto& [name, source] : entries) {
    column->context_names.push_back(std::move(name));
    column->context_columns.push_back(std::move(source));
  }
  return PutBinding(context.request.options, column);
}

// Where what is there is no plaintext.
absl::Status PutSource(const RequestOptions& options, ProtectedColumn* column) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string source, options.Text("source", /*needed=*/true));
  column->source = ParseSourceKind(source);
  if (!column->source) {
    return InvalidField("source", "must be pgcrypto_pgp, pgcrypto_raw, pgsodium or vault_transit");
  }
  FIELDKMS_ASSIGN_OR_RETURN(column->source_key, options.Text("source_key", /*needed=*/true));
  FIELDKMS_ASSIGN_OR_RETURN(auto beside, options.Names("source_columns"));
  if (beside) column->source_columns = *std::move(beside);
  return absl::OkStatus();
}

absl::StatusOr<ProtectedColumn> WantedColumn(const Context& context) {
  const RequestOptions& options = context.request.options;
  ProtectedColumn column;
  column.table = context.table();
  column.plain_column = context.request.column;
  column.tenant = context.scope.tenant;
  FIELDKMS_ASSIGN_OR_RETURN(column.column, options.Text("into_column"));
  if (column.column.empty()) column.column = *column.plain_column + "_protected";
  if (column.column.size() > kLongestName) {
    return InvalidField("into_column", "is needed: with _protected the name would be too long");
  }
  FIELDKMS_RETURN_IF_ERROR(PutContext(context, &column));
  if (context.request.action == "migrate") {
    FIELDKMS_RETURN_IF_ERROR(PutSource(options, &column));
  }
  FIELDKMS_ASSIGN_OR_RETURN(const std::string index_column, options.Text("index_column"));
  if (!index_column.empty()) column.index_column = index_column;
  KeyChoice keys{.tenant = column.tenant, .key = {}, .field = {}, .index_key = {}};
  FIELDKMS_ASSIGN_OR_RETURN(keys.key, options.Text("key"));
  FIELDKMS_ASSIGN_OR_RETURN(keys.field, options.Text("field"));
  FIELDKMS_ASSIGN_OR_RETURN(keys.index_key, options.Text("index_key"));
  if (!keys.index_key.empty() && index_column.empty()) {
    return InvalidField("index_key", "is for a column of blind indexes: index_column names it");
  }
  FIELDKMS_RETURN_IF_ERROR(PutKeys(context.client, keys, &column));
  FIELDKMS_ASSIGN_OR_RETURN(const bool as_text, options.Flag("as_text", false));
  FIELDKMS_ASSIGN_OR_RETURN(column.shape, CipherShape(context.database, column, as_text));
  return column;
}

// The errors of a beginning, by what the columns are called in SQL.
absl::Status AboutColumns(const absl::Status& status, std::string_view plain,
                          std::string_view cipher) {
  const std::string field = FieldOf(status);
  if (field != "plain_column" && field != "column" && field != "shape") return status;
  return Error(status.code(), ReasonOf(status), MessageOf(status),
               field == "plain_column" ? plain : cipher);
}

// With the job that fills it, if that is wanted.
Outcome Begun(const Context& context, const ProtectedColumn& column) {
  FIELDKMS_ASSIGN_OR_RETURN(RequestOutcome outcome, StageOutcome(context, column));
  FIELDKMS_ASSIGN_OR_RETURN(const bool fill, context.request.options.Flag("fill", true));
  if (context.request.dry_run) {
    outcome.result.erase("binding_id");  // another is drawn when it is done
  } else if (fill) {
    FIELDKMS_ASSIGN_OR_RETURN(
        const v1::RotationJob job,
        EnsureFillJob(context.client, column, context.scope.data_source, context.request.call_id));
    outcome.result["job_id"] = job.job_id();
    outcome.answer += ". The job is " + job.job_id();
  }
  return outcome;
}

// A column gives its owner a say in the rotation of its key, and searches by an index tell of
// values.
absl::Status CheckMayShare(const Context& context, const std::string& key,
                           std::string_view option) {
  FIELDKMS_ASSIGN_OR_RETURN(
      const pqxx::result allowed,
      context.database.Query(
          "SELECT kms.may_share_key($1, $2, $3, $4)",
          {context.scope.tenant, key, context.request.requested_by, context.request.requested_as}));
  if (BoolOf(allowed[0][0])) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, Reason::kPermissionDenied,
               "must be owner of all tables that have a column under the key", option);
}

Outcome Protect(const Context& context) {
  FIELDKMS_ASSIGN_OR_RETURN(ProtectedColumn wanted, WantedColumn(context));
  FIELDKMS_RETURN_IF_ERROR(CheckMayShare(context, wanted.key, wanted.field ? "field" : "key"));
  if (wanted.index_key) {
    FIELDKMS_RETURN_IF_ERROR(CheckMayShare(context, *wanted.index_key, "index_key"));
  }
  FIELDKMS_RETURN_IF_ERROR(CheckSourceSample(context.database, wanted, context.scope.source_keys));
  const auto begun = BeginProtect(context.database, std::move(wanted), context.run());
  if (!begun.ok()) return AboutColumns(begun.status(), "attribute", "into_column");
  return Begun(context, *begun);
}

Outcome Unprotect(const Context& context) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string into,
                            context.request.options.Text("into_column", /*needed=*/true));
  FIELDKMS_ASSIGN_OR_RETURN(const std::string type, context.request.options.Text("type"));
  FIELDKMS_ASSIGN_OR_RETURN(const std::string source, context.request.options.Text("source"));
  if (!source.empty()) {
    return InvalidField("source",
                        "is what columns come from: nothing is encrypted as other tools do");
  }
  const auto begun = BeginUnprotect(context.database, context.table(), context.request.column, into,
                                    type, context.run());
  if (!begun.ok()) return AboutColumns(begun.status(), "into_column", "attribute");
  return Begun(context, *begun);
}

Outcome Fill(const Context& context, const ProtectedColumn& column) {
  if (!IsFilling(column.conversion)) {
    return WrongStage(column, "there is nothing to fill");
  }
  FIELDKMS_RETURN_IF_ERROR(CheckSourceSample(context.database, column, context.scope.source_keys));
  FIELDKMS_ASSIGN_OR_RETURN(
      const v1::RotationJob job,
      EnsureFillJob(context.client, column, context.scope.data_source, context.request.call_id));
  return LookAtJob(context.client, context.scope, job.job_id());
}

Outcome Switch(const Context& context) {
  SwitchNames names;
  FIELDKMS_ASSIGN_OR_RETURN(const bool keep, context.request.options.Flag("keep_names", false));
  names.rename = !keep;
  FIELDKMS_ASSIGN_OR_RETURN(names.leader, context.request.options.Text("old_name"));
  if (keep && !names.leader.empty()) {
    return InvalidField("old_name", "is not for keep_names");
  }
  return StageOutcome(context, SwitchConversion(context.database, context.table(),
                                                context.request.column, names, context.run()));
}

Outcome Abandon(const Context& context, const ProtectedColumn& column) {
  FIELDKMS_RETURN_IF_ERROR(
      AbandonConversion(context.database, context.table(), context.request.column, context.run()));
  return OutcomeOf(context, "the conversion is taken back, and what it had made is gone",
                   ColumnJson(column));
}

Outcome DropPlain(const Context& context, const ProtectedColumn& column) {
  // Done by a worker that died before it said so.
  if (context.request.fence > 1 && column.conversion == Conversion::kNone) {
    return StageOutcome(context, column);
  }
  FIELDKMS_ASSIGN_OR_RETURN(const bool rewrite, context.request.options.Flag("rewrite", true));
  FIELDKMS_ASSIGN_OR_RETURN(const DroppedPlaintext dropped,
                            DropPlaintext(context.database, context.table(), context.request.column,
                                          rewrite, context.run()));
  return OutcomeOf(context, DroppedText(dropped), DroppedJson(dropped));
}

Outcome DropCipher(const Context& context) {
  FIELDKMS_ASSIGN_OR_RETURN(
      const ProtectedColumn dropped,
      DropCiphertext(context.database, context.table(), context.request.column, context.run()));
  const auto json = ColumnJson(dropped);
  return OutcomeOf(context,
                   "the ciphertext is gone, and the column off the registry. Backups need its "
                   "binding id: " +
                       json["binding_id"].get<std::string>(),
                   json);
}

Outcome RunOnRegistered(const Context& context, const ProtectedColumn& column) {
  const std::string& action = context.request.action;
  const std::string& name = context.request.column;
  if (action == "unprotect") return Unprotect(context);
  if (action == "fill") return Fill(context, column);
  if (action == "close") {
    return StageOutcome(context,
                        CloseConversion(context.database, context.table(), name, context.run()));
  }
  if (action == "reopen") {
    return StageOutcome(context,
                        ReopenConversion(context.database, context.table(), name, context.run()));
  }
  if (action == "switch") return Switch(context);
  if (action == "abandon") return Abandon(context, column);
  if (action == "drop_plaintext") return DropPlain(context, column);
  if (action == "drop_ciphertext") return DropCipher(context);
  return Bug("an action of kms.requests is not known");
}

bool EndsRegistration(const std::string& action) {
  return action == "abandon" || action == "drop_ciphertext";
}

}  // namespace

Outcome RunColumnRequest(Database& database, Client& client, const RequestScope& scope,
                         const Request& request) {
  const Context context{database, client, scope, request};
  if (request.action == "protect" || request.action == "migrate") return Protect(context);
  const auto column = FindConverted(database, context.table(), request.column);
  if (!column.ok() && request.fence > 1 && EndsRegistration(request.action) &&
      absl::IsNotFound(column.status())) {
    return OutcomeOf(context, "it is done, and the column off the registry", {});
  }
  FIELDKMS_RETURN_IF_ERROR(column.status());
  if (column->tenant != scope.tenant) {
    return DatabaseRefused("the column is under keys of another tenant than the workers'");
  }
  return RunOnRegistered(context, *column);
}

}  // namespace fieldkms::rotation
