// What people and machines read: tables, JSON, errors.
#ifndef FIELDKMS_CLIENTS_CLI_REPORT_H_
#define FIELDKMS_CLIENTS_CLI_REPORT_H_

#include <google/protobuf/timestamp.pb.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace fieldkms {

using Json = nlohmann::ordered_json;

// Table aligns columns of text. A row with fewer cells than the header is filled
// up; cells hold no line breaks.
class Table {
 public:
  explicit Table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  void Add(std::vector<std::string> row);
  // The table, a line a row, columns two spaces apart, no trailing spaces.
  std::string Render() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// Properties renders one thing: a name and a value a line, values aligned.
std::string Properties(const std::vector<std::pair<std::string, std::string>>& properties);

// One line of JSON. Bytes that are no UTF-8 come out as U+FFFD.
std::string JsonLine(const Json& json);

// ErrorJson is {"code", "reason", "field", "message"}; internal reasons of a
// failed decryption come out as DECRYPT_FAILED.
Json ErrorJson(const absl::Status& status);

// ErrorText is the same for people: "message (CODE, REASON, field NAME)".
std::string ErrorText(const absl::Status& status);

// Names of enumerations without what protobuf puts before them: "KEY_PURPOSE_ENCRYPT"
// without "KEY_PURPOSE_" is "ENCRYPT" to people and machines.
std::string WithoutPrefix(const std::string& name, const std::string& prefix);

// Times as RFC 3339 in UTC: JSON keeps the fraction, people see seconds.
std::string TimeForJson(const google::protobuf::Timestamp& time);
std::string TimeForPeople(const google::protobuf::Timestamp& time);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_REPORT_H_
