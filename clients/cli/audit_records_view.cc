#include "clients/cli/audit_records_view.h"

#include <optional>
#include <utility>

#include "crypto/status.h"

namespace fieldkms {

void DropZone(std::string* time) {
  if (!time->empty() && time->back() == 'Z') time->pop_back();
}

absl::StatusOr<ToldRecords> ListFiles(const std::string& trail, const RecordFilter& filter,
                                      size_t limit, const std::string& page_token) {
  std::optional<TrailPosition> from;
  if (!page_token.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(from, ParsePosition(page_token));
  }
  FIELDKMS_ASSIGN_OR_RETURN(TrailPage page, ReadPage(trail, from, filter, {.records = limit}));
  return ToldRecords{std::move(page.records), FormatPosition(page.next), page.end};
}

Json RecordJson(const FoundRecord& found) {
  Json record = Json::parse(found.line, nullptr, /*allow_exceptions=*/false);
  return {{"index", found.index},
          {"record", record.is_discarded() ? Json(found.line) : std::move(record)}};
}

absl::StatusOr<ExitCode> ShowRecords(Session* session, const ToldRecords& told) {
  Json records = Json::array();
  std::string text;
  for (const FoundRecord& found : told.records) {
    records.push_back(RecordJson(found));
    text += found.line + "\n";
  }
  if (!told.end) text += "There is more: --page-token " + told.next_page_token + "\n";
  return session->Show({{"records", std::move(records)},
                        {"next_page_token", told.next_page_token},
                        {"end", told.end}},
                       text);
}

}  // namespace fieldkms
