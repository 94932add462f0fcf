#include "clients/cli/report.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <utility>

#include "crypto/status.h"

namespace fieldkms {
namespace {

std::string Padded(std::string text, size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

std::string WithoutTrailingSpaces(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

void Table::Add(std::vector<std::string> row) {
  row.resize(rows_.front().size());
  rows_.push_back(std::move(row));
}

std::string Table::Render() const {
  std::vector<size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) line += Padded(row[i], widths[i] + 2);
    text += WithoutTrailingSpaces(std::move(line)) + "\n";
  }
  return text;
}

std::string Properties(const std::vector<std::pair<std::string, std::string>>& properties) {
  size_t width = 0;
  for (const auto& [name, value] : properties) width = std::max(width, name.size());
  std::string text;
  for (const auto& [name, value] : properties) {
    text += WithoutTrailingSpaces(Padded(name, width + 2) + value) + "\n";
  }
  return text;
}

std::string JsonLine(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json ErrorJson(const absl::Status& status) {
  return {{"code", absl::StatusCodeToString(status.code())},
          {"reason", ReasonName(PublicReason(ReasonOf(status)))},
          {"field", FieldOf(status)},
          {"message", std::string(status.message())}};
}

std::string ErrorText(const absl::Status& status) {
  std::string text = std::string(status.message()) + " (" + absl::StatusCodeToString(status.code());
  if (const Reason reason = PublicReason(ReasonOf(status)); reason != Reason::kUnspecified) {
    text += ", " + std::string(ReasonName(reason));
  }
  if (const std::string field = FieldOf(status); !field.empty()) text += ", field " + field;
  return text + ")";
}

std::string WithoutPrefix(const std::string& name, const std::string& prefix) {
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

std::string TimeForJson(const google::protobuf::Timestamp& time) {
  return google::protobuf::util::TimeUtil::ToString(time);
}

std::string TimeForPeople(const google::protobuf::Timestamp& time) {
  google::protobuf::Timestamp whole = time;
  whole.set_nanos(0);
  return google::protobuf::util::TimeUtil::ToString(whole);
}

}  // namespace fieldkms
