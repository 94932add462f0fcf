#include "clients/cli/subject_report.h"

#include "kms/printable.h"

namespace fieldkms {
namespace {

template <class Names>
std::string Joined(const Names& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

Json SubjectJson(const v1::Subject& subject) {
  Json json = {{"tenant", subject.tenant()},
               {"subject", subject.subject()},
               {"handle", subject.handle()},
               {"create_time", TimeForJson(subject.create_time())}};
  json["hold"] = subject.has_hold() ? Json{{"reason", subject.hold().reason()},
                                           {"time", TimeForJson(subject.hold().time())}}
                                    : Json(nullptr);
  return json;
}

std::vector<std::pair<std::string, std::string>> SubjectRows(const v1::Subject& subject) {
  std::vector<std::pair<std::string, std::string>> rows = {
      {"tenant", subject.tenant()},
      {"subject", Printable(subject.subject())},
      {"handle", subject.handle()},
      {"created", TimeForPeople(subject.create_time())}};
  if (subject.has_hold()) {
    rows.emplace_back("held since", TimeForPeople(subject.hold().time()));
    rows.emplace_back("held for", Printable(subject.hold().reason()));
  }
  if (!subject.fields().empty()) rows.emplace_back("fields", Joined(subject.fields()));
  return rows;
}

Json ErasureJson(const v1::EraseSubjectResponse& erased) {
  Json json = SubjectJson(erased.subject());
  json["fields"] = NamesJson(erased.subject().fields());
  json["erase_time"] = TimeForJson(erased.erase_time());
  json["effective_at_latest"] = TimeForJson(erased.effective_at_latest());
  json["erasure_number"] = erased.erasure_number();
  json["erased_token_count"] = erased.erased_token_count();
  json["indexed_fields"] = NamesJson(erased.indexed_fields());
  return json;
}

std::string ErasureText(const v1::EraseSubjectResponse& erased) {
  auto rows = SubjectRows(erased.subject());
  rows.emplace_back("erased", TimeForPeople(erased.erase_time()));
  rows.emplace_back("effective at latest", TimeForPeople(erased.effective_at_latest()));
  rows.emplace_back("erasure number", std::to_string(erased.erasure_number()));
  rows.emplace_back("erased tokens", std::to_string(erased.erased_token_count()));
  std::string text = Properties(rows);
  if (erased.indexed_fields().empty()) return text + "\nNo index columns are to be cleared.\n";
  text +=
      "\nClear the index columns of these fields in the rows of the subject: until then, who may\n"
      "ask for indexes can still test whether a row is about a value that they think of.\n";
  for (const std::string& field : erased.indexed_fields()) text += "  " + field + "\n";
  return text;
}

}  // namespace fieldkms
