// How data subjects are shown.
#ifndef FIELDKMS_CLIENTS_CLI_SUBJECT_REPORT_H_
#define FIELDKMS_CLIENTS_CLI_SUBJECT_REPORT_H_

#include <string>
#include <utility>
#include <vector>

#include "clients/cli/report.h"
#include "fieldkms/v1/subject_service.pb.h"

namespace fieldkms {

// Without `fields`, which not every answer has.
Json SubjectJson(const v1::Subject& subject);
// Names of fields. An array.
template <class Names>
Json NamesJson(const Names& names) {
  Json json = Json::array();
  for (const std::string& name : names) json.push_back(name);
  return json;
}
// Rows of Properties; with the fields where there are any.
std::vector<std::pair<std::string, std::string>> SubjectRows(const v1::Subject& subject);

// What EraseSubject proves.
Json ErasureJson(const v1::EraseSubjectResponse& erased);
std::string ErasureText(const v1::EraseSubjectResponse& erased);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_SUBJECT_REPORT_H_
