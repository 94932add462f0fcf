#include "rotation/in_step.h"

#include <array>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/hex.h"

namespace fieldkms::rotation {
namespace {

// Their order is that of their names: what is cleared is looked at afterwards.
enum class Task : uint8_t {
  kClear,       // UPDATE: the follower is of another leader
  kStale,       // UPDATE: it still is
  kUnfilled,    // INSERT, UPDATE: a leader without a follower
  kMoved,       // INSERT: a follower beside its leader
  kWritten,     // INSERT, UPDATE: a follower that nobody writes any more
  kNoEnvelope,  // INSERT, UPDATE: a leading ciphertext that is none
};
constexpr std::array<std::string_view, 6> kWords = {"1_clear", "2_stale",   "3_unfilled",
                                                    "4_moved", "5_written", "6_no_envelope"};
constexpr std::array<std::string_view, 2> kEvents = {"INSERT", "UPDATE"};

std::string Hex(const ProtectedColumn& column) { return EncodeHex(AsBytes(column.binding_id)); }

std::string Literal(std::string_view text) {
  std::string literal = " E'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') literal += c;
    literal += c;
  }
  return literal + "'";
}

std::string Function(const ProtectedColumn& column) {
  return Quoted("kms", "in_step_" + Hex(column));
}

std::string New(std::string_view column) { return "NEW." + Quoted(column); }
std::string Old(std::string_view column) { return "OLD." + Quoted(column); }

// PostgreSQL's own comparison of rows byte by byte; as a function, since between two ROWs an
// operator stands for one between their members.
std::string Changed(const std::vector<std::string>& columns) {
  std::string before, after;
  for (const std::string& column : columns) {
    before += (before.empty() ? "" : ", ") + Old(column);
    after += (after.empty() ? "" : ", ") + New(column);
  }
  return "pg_catalog.record_image_ne(ROW(" + before + "), ROW(" + after + "))";
}

// What stands beside the ciphertext and is made along with it.
std::vector<std::string> Companions(const ProtectedColumn& column) {
  std::vector<std::string> companions;
  if (column.index_column) companions.push_back(*column.index_column);
  if (column.version_column) companions.push_back(*column.version_column);
  return companions;
}

// What the follower is made of.
std::vector<std::string> Sources(const ProtectedColumn& column) {
  std::vector<std::string> sources = {LeaderOf(column)};
  if (PlaintextLeads(column.conversion)) {
    sources.insert(sources.end(), column.key_columns.begin(), column.key_columns.end());
    sources.insert(sources.end(), column.context_columns.begin(), column.context_columns.end());
    sources.insert(sources.end(), column.source_columns.begin(), column.source_columns.end());
  } else if (column.version_column) {
    sources.push_back(*column.version_column);
  }
  return sources;
}

// What is cleared with the follower.
std::vector<std::string> Followers(const ProtectedColumn& column) {
  std::vector<std::string> followers = {FollowerOf(column)};
  if (!PlaintextLeads(column.conversion)) return followers;
  for (std::string& companion : Companions(column)) followers.push_back(std::move(companion));
  return followers;
}

// Whether there is a follower, or one of its companions without it, that the statement has left as
// it was.
std::string LeftAlone(const ProtectedColumn& column) {
  const std::vector<std::string> followers = Followers(column);
  std::string condition;
  for (const std::string& follower : followers) {
    const bool first = condition.empty();
    condition += (first ? "(" : " OR (" + New(followers[0]) + " IS NULL AND ") + New(follower) +
                 " IS NOT NULL AND NOT " + Changed({follower}) + ")";
  }
  return "(" + condition + ")";
}

std::string StaleCondition(const ProtectedColumn& column) {
  return Changed(Sources(column)) + " AND " + LeftAlone(column);
}

std::string UnfilledCondition(const ProtectedColumn& column, bool update) {
  const std::string& leader = LeaderOf(column);
  const std::string& follower = FollowerOf(column);
  std::string condition = New(leader) + " IS NOT NULL AND " + New(follower) + " IS NULL";
  if (!update) return condition;
  return condition + " AND (" + Old(leader) + " IS NULL OR " + Old(follower) + " IS NOT NULL OR " +
         Changed({leader}) + ")";
}

std::string WrittenCondition(const ProtectedColumn& column, bool update) {
  const std::string written = New(FollowerOf(column)) + " IS NOT NULL AND ";
  return written + (update ? Changed({FollowerOf(column)}) : New(LeaderOf(column)) + " IS NULL");
}

// By the first byte, or the prefix of the text form (crypto/FORMAT.md). Of other shapes nothing can
// be said.
std::string NoEnvelopeCondition(const ProtectedColumn& column, bool update) {
  const std::string value = New(column.column);
  const std::string none =
      column.shape == Shape::kBytea
          ? "pg_catalog.substring(" + value + ", 1, 1) NOT BETWEEN E'\\\\x11'::bytea AND E'\\\\x1f'"
          : "pg_catalog.left(" + value + ", 4) COLLATE \"C\" <> 'fk1.'";
  return none + (update ? " AND " + Changed({column.column}) : "");
}

bool IsClosed(Conversion conversion) {
  return conversion == Conversion::kProtectClosed || conversion == Conversion::kUnprotectClosed;
}

// "" where the stage has no such trigger.
std::string Condition(const ProtectedColumn& column, Task task, bool update) {
  switch (task) {
    case Task::kClear:
    case Task::kStale:
      return update ? StaleCondition(column) : "";
    case Task::kUnfilled:
      return IsClosed(column.conversion) ? UnfilledCondition(column, update) : "";
    case Task::kMoved:
      if (update || !IsSwitched(column.conversion)) return "";
      return New(FollowerOf(column)) + " IS NOT NULL AND " + New(LeaderOf(column)) + " IS NOT NULL";
    case Task::kWritten:
      return IsSwitched(column.conversion) ? WrittenCondition(column, update) : "";
    case Task::kNoEnvelope: {
      const bool looks = column.conversion == Conversion::kProtected &&
                         (column.shape == Shape::kBytea || column.shape == Shape::kText);
      return looks ? NoEnvelopeCondition(column, update) : "";
    }
  }
  return "";
}

std::string TriggerName(const ProtectedColumn& column, Task task, std::string_view event) {
  return InStepPrefix(column) + std::string(kWords[static_cast<size_t>(task)]) + "_" +
         (event == "INSERT" ? "i" : "u");
}

std::string TableSql(const ProtectedColumn& column) {
  return Quoted(column.table.schema, column.table.table);
}

std::string TriggerSql(const ProtectedColumn& column, Task task, std::string_view event) {
  const std::string condition = Condition(column, task, event == "UPDATE");
  if (condition.empty()) return "";
  const std::string name = Quoted(TriggerName(column, task, event));
  // Names as arguments: in the function's text they would be read by the rules of the session that
  // calls it first.
  return "CREATE TRIGGER " + name + " BEFORE " + std::string(event) + " ON " + TableSql(column) +
         " FOR EACH ROW WHEN (" + condition + ")\n  EXECUTE FUNCTION " + Function(column) + "(" +
         Literal(kWords[static_cast<size_t>(task)]) + "," + Literal(LeaderOf(column)) + "," +
         Literal(FollowerOf(column)) + ");\nALTER TABLE " + TableSql(column) +
         " ENABLE ALWAYS TRIGGER " + name + ";\n";
}

constexpr std::string_view kBody = R"sql(
  IF TG_ARGV[0] = '4_moved' AND (SELECT relispartition FROM pg_class WHERE oid = TG_RELID) THEN
    task := '1_clear';
  END IF;
  IF task = '1_clear' THEN
    $clear$
    RETURN NEW;
  END IF;
  CASE task
    WHEN '2_stale' THEN
      message := format('column %I could not be cleared: columns were renamed', TG_ARGV[2]);
      hint := 'Repeat the last "fieldkms column" command of this column: it makes the triggers anew.';
    WHEN '3_unfilled' THEN
      message := format('column %I must not be NULL where %I is not', TG_ARGV[2], TG_ARGV[1]);
      hint := format('%I is being converted, and both columns must be written by now. '
        '"fieldkms column reopen" lets rows with the one only in again.', TG_ARGV[1]);
    WHEN '6_no_envelope' THEN
      message := format('what is written into column %I is no ciphertext', TG_ARGV[1]);
      hint := format('%I was plaintext before it was protected: write ciphertexts into it.',
        TG_ARGV[1]);
    ELSE
      message := format('column %I is not written any more', TG_ARGV[2]);
      hint := format('%I is what counts: write that one. %2$I waits to be dropped.',
        TG_ARGV[1], TG_ARGV[2]);
  END CASE;
  RAISE EXCEPTION USING ERRCODE = 'check_violation',
    MESSAGE = format('table %I.%I: %s', TG_TABLE_SCHEMA, TG_TABLE_NAME, message), HINT = hint,
    SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME,
    COLUMN = CASE task WHEN '6_no_envelope' THEN TG_ARGV[1] ELSE TG_ARGV[2] END;
)sql";

std::string FunctionSql(const ProtectedColumn& column) {
  std::string clear;
  for (const std::string& follower : Followers(column)) clear += New(follower) + " := NULL; ";
  std::string body(kBody);
  constexpr std::string_view kClear = "$clear$";
  body.replace(body.find(kClear), kClear.size(), clear);
  std::string quote = "$in_step$";
  while (body.find(quote) != std::string::npos) quote.insert(1, "_");
  return "CREATE OR REPLACE FUNCTION " + Function(column) +
         "() RETURNS trigger LANGUAGE plpgsql\n  SET search_path = pg_catalog, pg_temp AS " +
         quote + "\nDECLARE\n  task text := TG_ARGV[0];\n  message text;\n  hint text;\nBEGIN" +
         body + "END " + quote + ";\n";
}

}  // namespace

std::string InStepPrefix(const ProtectedColumn& column) {
  return std::string(kInStepPrefix) + Hex(column) + "_";
}

bool PlaintextLeads(Conversion conversion) {
  return conversion == Conversion::kProtect || conversion == Conversion::kProtectClosed ||
         conversion == Conversion::kUnprotected;
}

const std::string& LeaderOf(const ProtectedColumn& column) {
  return PlaintextLeads(column.conversion) ? *column.plain_column : column.column;
}

const std::string& FollowerOf(const ProtectedColumn& column) {
  return PlaintextLeads(column.conversion) ? column.column : *column.plain_column;
}

std::string CreateInStepSql(const ProtectedColumn& column) {
  std::string sql = FunctionSql(column);
  for (size_t task = 0; task < kWords.size(); ++task) {
    for (const std::string_view event : kEvents) {
      sql += TriggerSql(column, static_cast<Task>(task), event);
    }
  }
  return sql;
}

size_t InStepTriggers(const ProtectedColumn& column) {
  size_t count = 0;
  for (size_t task = 0; task < kWords.size(); ++task) {
    for (const std::string_view event : kEvents) {
      if (!Condition(column, static_cast<Task>(task), event == "UPDATE").empty()) ++count;
    }
  }
  return count;
}

std::string DropInStepSql(const ProtectedColumn& column) {
  std::string sql;
  for (size_t task = 0; task < kWords.size(); ++task) {
    for (const std::string_view event : kEvents) {
      sql += "DROP TRIGGER IF EXISTS " +
             Quoted(TriggerName(column, static_cast<Task>(task), event)) + " ON " +
             TableSql(column) + ";\n";
    }
  }
  return sql + "DROP FUNCTION IF EXISTS " + Function(column) + "();\n";
}

}  // namespace fieldkms::rotation
