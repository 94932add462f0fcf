// The stages that show: Show, Find and Misplace.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/status.h"
#include "deploy/sample/bytea.h"
#include "deploy/sample/customer.h"
#include "deploy/sample/database.h"
#include "deploy/sample/protector.h"
#include "deploy/sample/stages.h"
#include "deploy/sample/text_table.h"

namespace fieldkms::sample {
namespace {

constexpr size_t kShownRows = 3;
constexpr std::array kViews = {v1::VIEW_MASKED, v1::VIEW_BIN_LAST4, v1::VIEW_FULL};

std::string Stored(std::string_view envelope) {
  constexpr size_t kShownBytes = 16;
  return fmt::format("\\x{}... ({} bytes)", Hex(envelope.substr(0, kShownBytes)), envelope.size());
}

bool HasAll(const Row& row) {
  return std::all_of(row.fields.begin(), row.fields.begin() + kNotes,
                     [](const auto& field) { return field.has_value(); });
}

// An attempt to pass off a ciphertext: a change to the table, and where the
// forger would have it opened.
struct Attempt {
  std::string_view what;
  std::string statement;
  Column column;
  int64_t id;
};

// The public reason of the error, and what it says.
std::string Refusal(const absl::Status& status) {
  return std::string(ReasonName(PublicReason(ReasonOf(status)))) + ": " +
         std::string(status.message());
}

absl::Status ExpectRefused(std::string_view what, const absl::StatusOr<std::string>& opened,
                           std::vector<std::vector<std::string>>* report) {
  if (opened.ok()) {
    return absl::DataLossError("opened, and must not: " + std::string(what));
  }
  if (PublicReason(ReasonOf(opened.status())) != Reason::kDecryptFailed) return opened.status();
  report->push_back({std::string(what), Refusal(opened.status())});
  return absl::OkStatus();
}

}  // namespace

absl::Status Show(const Stage& stage) {
  FIELDKMS_ASSIGN_OR_RETURN(BindingIds ids, LoadBindingIds(stage.dsn));
  Protector protector(*stage.client, stage.tenant, std::move(ids));
  FIELDKMS_ASSIGN_OR_RETURN(auto reader, RowReader::Open(stage.dsn, Table::kProtected));
  FIELDKMS_ASSIGN_OR_RETURN(std::vector<Row> sealed, reader->Next(100));
  std::array<std::vector<Row>, kViews.size()> seen;
  for (size_t view = 0; view < kViews.size(); ++view) {
    FIELDKMS_ASSIGN_OR_RETURN(seen[view], protector.Reveal(sealed, kViews[view]));
  }
  std::vector<std::vector<std::string>> table;
  size_t shown = 0;
  for (size_t i = 0; i < sealed.size() && shown < kShownRows; ++i) {
    if (!HasAll(sealed[i])) continue;
    if (shown++ > 0) table.emplace_back();
    for (size_t column = 0; column < kNotes; ++column) {
      std::vector<std::string> line = {std::to_string(sealed[i].id),
                                       std::string(kColumnNames[column]),
                                       Stored(*sealed[i].fields[column])};
      for (const std::vector<Row>& rows : seen) line.push_back(*rows[i].fields[column]);
      table.push_back(std::move(line));
    }
  }
  fmt::print("{}", FormatTable({"id", "column", "as stored (bytea)", "support: masked",
                                "billing: bin_last4", "owner: full"},
                               table));
  return absl::OkStatus();
}

absl::Status Find(const Stage& stage) {
  FIELDKMS_ASSIGN_OR_RETURN(BindingIds ids, LoadBindingIds(stage.dsn));
  Protector protector(*stage.client, stage.tenant, std::move(ids));
  const int64_t wanted = stage.rows / 2;
  const std::string card = *MakeCustomer(wanted).fields[kCardNumber];
  // Spelled in another way, as people do: the index is that of the canonical form.
  const std::string spelled = card.substr(0, 4) + " " + card.substr(4);
  FIELDKMS_ASSIGN_OR_RETURN(const auto indexes, protector.CardIndexes(spelled));
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<int64_t> found, FindCard(stage.dsn, indexes));
  if (std::find(found.begin(), found.end(), wanted) == found.end()) {
    return absl::DataLossError("a card number was not found by its index");
  }
  fmt::print("    WHERE card_index = '\\x{}...': row {}, found among {} without decrypting one\n",
             Hex(indexes[0].substr(0, 8)), Grouped(static_cast<size_t>(wanted)),
             Grouped(static_cast<size_t>(stage.rows)));
  return absl::OkStatus();
}

absl::Status Misplace(const Stage& stage) {
  FIELDKMS_ASSIGN_OR_RETURN(BindingIds ids, LoadBindingIds(stage.dsn));
  Protector protector(*stage.client, stage.tenant, ids);
  Protector other(*stage.client, stage.other_tenant, std::move(ids));
  const Attempt attempts[] = {
      {"moved to another row",
       "UPDATE public.customers_protected SET card_number = (SELECT card_number FROM "
       "public.customers_protected WHERE id = 1) WHERE id = 2",
       kCardNumber, 2},
      {"moved to another column",
       "UPDATE public.customers_protected SET ein = card_number WHERE id = 1", kEin, 1},
      {"last byte changed",
       "UPDATE public.customers_protected SET card_number = set_byte(card_number, "
       "length(card_number) - 1, get_byte(card_number, length(card_number) - 1) # 1) WHERE id = 1",
       kCardNumber, 1},
  };
  std::vector<std::vector<std::string>> report;
  for (const Attempt& attempt : attempts) {
    FIELDKMS_ASSIGN_OR_RETURN(Row row, ReadAfterMove(stage.dsn, attempt.statement, attempt.id));
    if (!row.fields[attempt.column]) return absl::DataLossError("a moved value is not there");
    FIELDKMS_RETURN_IF_ERROR(ExpectRefused(
        attempt.what, protector.RevealOne(*row.fields[attempt.column], attempt.column, attempt.id),
        &report));
  }

  FIELDKMS_ASSIGN_OR_RETURN(auto reader, RowReader::Open(stage.dsn, Table::kProtected));
  FIELDKMS_ASSIGN_OR_RETURN(std::vector<Row> first, reader->Next(1));
  if (first.empty() || !first[0].fields[kCardNumber]) {
    return absl::DataLossError("customers_protected is empty");
  }
  const std::string& card = *first[0].fields[kCardNumber];
  FIELDKMS_RETURN_IF_ERROR(
      ExpectRefused("brought to another tenant", other.RevealOne(card, kCardNumber, 1), &report));
  FIELDKMS_RETURN_IF_ERROR(protector.RevealOne(card, kCardNumber, 1).status());
  report.push_back({"in its own place", "opens"});
  fmt::print("{}", FormatTable({"a card number, put to the test", "answer"}, report));
  return absl::OkStatus();
}

}  // namespace fieldkms::sample
