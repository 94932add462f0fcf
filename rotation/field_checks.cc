#include "rotation/field_checks.h"

#include <set>
#include <string_view>
#include <utility>

#include "crypto/status.h"

namespace fieldkms::rotation {
namespace {

// "": it can.
std::string_view WhyNot(Work work, const v1::Field& field, const std::string& key, bool indexed) {
  const bool makes_tokens = field.has_token();
  switch (work) {
    case Work::kReseal:
    case Work::kDecrypt:
      return {};
    case Work::kEncrypt:
      if (field.key() != key) return "seals under another key than the job is about";
      if (indexed && !field.has_blind_index()) {
        return "makes no blind index, and a column waits for one";
      }
      if (makes_tokens) return "makes tokens of each value, which a job would leave behind";
      return {};
    case Work::kReindex:
      return field.blind_index().key() == key
                 ? std::string_view()
                 : "has no blind index under the key that the job is about";
    case Work::kRetokenize:
      if (field.fpe().key() != key) return "makes no texts under the key that the job is about";
      if (makes_tokens) return "makes tokens of each value, which a job would leave behind";
      return {};
  }
  return {};
}

}  // namespace

absl::Status CheckFields(std::span<const TablePlan> tables, const std::string& tenant,
                         const std::string& key, const ServiceCalls& calls) {
  std::set<std::pair<std::string, bool>> asked;
  for (const TablePlan& table : tables) {
    if (table.work == Work::kReseal || table.work == Work::kDecrypt) continue;
    for (const CipherColumn& column : table.columns) {
      if (column.field.empty()) continue;
      if (!asked.emplace(column.field, column.index.name.empty()).second) continue;
      v1::GetFieldRequest request;
      request.set_tenant(tenant);
      request.set_name(column.field);
      FIELDKMS_ASSIGN_OR_RETURN(const v1::Field field, calls.get_field(request));
      const std::string_view why_not = WhyNot(table.work, field, key, !column.index.name.empty());
      if (why_not.empty()) continue;
      return Error(absl::StatusCode::kFailedPrecondition, Reason::kFieldPolicy,
                   "field " + column.field + ", of " + table.root.schema + "." + table.root.table +
                       "." + column.name + ", " + std::string(why_not));
    }
  }
  return absl::OkStatus();
}

}  // namespace fieldkms::rotation
