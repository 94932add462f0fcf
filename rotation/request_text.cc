#include "rotation/request_text.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "rotation/database.h"
#include "rotation/in_step.h"

namespace fieldkms::rotation {
namespace {

bool IsPlainName(std::string_view name) {
  const auto goes_on = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
         std::all_of(name.begin(), name.end(), goes_on);
}

std::string Name(std::string_view name) {
  return IsPlainName(name) ? std::string(name) : Quoted(name);
}

std::string Name(const TableName& table) { return Name(table.schema) + "." + Name(table.table); }

std::string Literal(std::string_view text) {
  std::string literal = "'";
  for (const char c : text) literal += c == '\'' ? std::string("''") : std::string(1, c);
  return literal + "'";
}

// "CALL kms.close_column('public.customers', 'card')"
std::string Call(std::string_view procedure, const ProtectedColumn& column,
                 const std::string& name) {
  return "CALL kms." + std::string(procedure) + "(" + Literal(Name(column.table)) + ", " +
         Literal(name) + ")";
}

std::string Listed(std::string_view what, const std::vector<TableName>& tables) {
  if (tables.empty()) return "";
  std::string text = std::string(what);
  for (size_t i = 0; i < tables.size(); ++i) text += (i == 0 ? " " : ", ") + Name(tables[i]);
  return text + ". ";
}

std::string PairText(const ProtectedColumn& column) {
  const std::string& leader = LeaderOf(column);
  const std::string& follower = FollowerOf(column);
  switch (column.conversion) {
    case Conversion::kProtect:
    case Conversion::kUnprotect:
      return Name(leader) + " leads, " + Name(follower) +
             " follows, and a job fills it. Once applications write both: " +
             Call("close_column", column, leader);
    case Conversion::kProtectClosed:
    case Conversion::kUnprotectClosed:
      return "rows with " + Name(leader) + " and without " + Name(follower) + " are refused. " +
             Call("fill_column", column, leader) + " fills what is left; then " +
             Call("switch_column", column, leader);
    case Conversion::kProtected:
      return Name(leader) + " is the ciphertext now. When nothing reads " + Name(follower) +
             " any more: " + Call("drop_plaintext", column, leader);
    case Conversion::kUnprotected:
      return Name(leader) + " is the plaintext now. When nothing reads " + Name(follower) +
             " any more: " + Call("drop_ciphertext", column, leader);
    default:
      return "";
  }
}

}  // namespace

std::string StageText(const ProtectedColumn& column) {
  if (column.conversion == Conversion::kNone) {
    return Name(column.table) + ": " + Name(column.column) + " is encrypted, without a plaintext";
  }
  const std::string stage =
      Name(column.table) + ", stage " + std::string(ConversionName(column.conversion)) + ": ";
  if (column.conversion != Conversion::kRewriting) return stage + PairText(column);
  return stage + "files of the table still hold plaintext. " +
         Call("drop_plaintext", column, column.column) + " rewrites them";
}

std::string DroppedText(const DroppedPlaintext& dropped) {
  return "The plaintext is dropped. " + Listed("Rewritten:", dropped.rewritten) +
         Listed("NOT rewritten, and with plaintext in their files:", dropped.pending) +
         "Write-ahead log up to " + dropped.wal_position + " and backups from before " +
         dropped.time + " may hold it";
}

}  // namespace fieldkms::rotation
