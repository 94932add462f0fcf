#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>

#include "kms/printable.h"
#include "rotation/report_content.h"
#include "rotation/terminal_text.h"
#include "rotation/words.h"

namespace fieldkms::rotation {
namespace {

constexpr size_t kWidth = 80;
constexpr size_t kFactName = 18;  // with the space behind it
constexpr size_t kTableName = 22;
constexpr std::array<size_t, 6> kColumns = {6, 11, 11, 11, 11, 8};

// Lines of what somebody chose, each behind `indent`; the first one behind `first` instead.
std::string Lines(std::string_view text, std::string_view first, std::string_view indent) {
  std::string lines;
  for (const std::string& line : Wrapped(Printable(text), kWidth - DisplayWidth(indent))) {
    lines += std::string(lines.empty() ? first : indent) + line + "\n";
  }
  return lines;
}

std::string SectionText(const ReportSection& section) {
  const std::string indent(2 + kFactName, ' ');
  std::string text = "\n" + section.title + "\n";
  for (const std::string& paragraph : section.paragraphs) text += Lines(paragraph, "  ", "  ");
  for (const auto& [name, value] : section.facts) {
    text += Lines(value, "  " + PaddedRight(name, kFactName), indent);
  }
  for (const std::string& item : section.items) text += Lines(item, "  - ", "    ");
  return text;
}

// In a column of `width`, with a space before it: without separators where they do not fit, and
// rounded where even that does not.
std::string CountText(uint64_t count, size_t width) {
  if (const std::string text = CountWords(count); text.size() < width) return text;
  if (const std::string text = std::to_string(count); text.size() < width) return text;
  return fmt::format("{:.2e}", static_cast<double>(count));
}

std::string Row(std::string_view name, const std::array<std::string, kColumns.size()>& cells) {
  const std::string printable = Printable(name);
  std::string line;
  // A name that is too long has a line of its own, or several: none is cut.
  if (DisplayWidth(printable) > kTableName - 2) {
    line = Lines(name, "  ", "  ") + std::string(kTableName, ' ');
  } else {
    line = PaddedRight("  " + printable, kTableName);
  }
  for (size_t i = 0; i < cells.size(); ++i) line += PaddedLeft(cells[i], kColumns[i]);
  return line + "\n";
}

std::string TableRow(const ReportTable& table) {
  const v1::RotationCounts& counts = table.counts;
  return Row(
      table.name,
      {fmt::format("{:.0f} %", table.done * 100), CountText(counts.seen(), kColumns[1]),
       CountText(counts.changed(), kColumns[2]), CountText(counts.quarantined(), kColumns[3]),
       CountText(counts.verified(), kColumns[4]), CountText(counts.opened(), kColumns[5])});
}

std::string TablesText(const ReportContent& content) {
  std::string text = "\nTables\n";
  text += Row("", {"done", "rows", "rewritten", "quarantine", "verified", "opened"});
  for (const ReportTable& table : content.tables) text += TableRow(table);
  if (content.tables.size() != 1) text += TableRow(content.sum);
  if (!content.tables_note.empty()) text += Lines(content.tables_note, "  ", "  ");
  return text;
}

}  // namespace

std::string TextReport(const v1::RotationJob& job, std::span<const QuarantinedValue> quarantined,
                       const ReportOptions& options) {
  const ReportContent content = MakeReportContent(job, quarantined, options);
  std::string text =
      content.title + PaddedLeft(content.state, kWidth - content.title.size()) + "\n";
  text += std::string(kWidth, '=') + "\n";
  text += Lines(content.headline, "", "");
  for (const ReportSection& section : content.before) text += SectionText(section);
  text += TablesText(content);
  for (const ReportSection& section : content.after) text += SectionText(section);
  return text + "\nThis report was made at " + content.made + ".\n";
}

}  // namespace fieldkms::rotation
