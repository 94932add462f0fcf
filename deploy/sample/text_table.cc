#include "deploy/sample/text_table.h"

#include <algorithm>
#include <cwchar>

namespace fieldkms::sample {
namespace {

using Cells = std::vector<std::string>;

void Widen(const Cells& row, std::vector<size_t>* widths) {
  for (size_t i = 0; i < std::min(row.size(), widths->size()); ++i) {
    (*widths)[i] = std::max((*widths)[i], DisplayWidth(row[i]));
  }
}

std::string FormatRow(const Cells& row, const std::vector<size_t>& widths) {
  std::string line;
  for (size_t i = 0; i < std::min(row.size(), widths.size()); ++i) {
    line.append(i == 0 ? 4 : 2, ' ').append(row[i]);
    // No padding at the end of a line.
    if (i + 1 < row.size()) line.append(widths[i] - DisplayWidth(row[i]), ' ');
  }
  return line.append("\n");
}

}  // namespace

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  std::mbstate_t state{};
  while (!text.empty()) {
    wchar_t wide = 0;
    size_t used = std::mbrtowc(&wide, text.data(), text.size(), &state);
    if (used == 0 || used > text.size()) return width + text.size();
    int cells = wcwidth(wide);
    width += cells > 0 ? static_cast<size_t>(cells) : 0;
    text.remove_prefix(used);
  }
  return width;
}

std::string FormatTable(const Cells& header, const std::vector<Cells>& rows) {
  std::vector<size_t> widths(header.size(), 0);
  Widen(header, &widths);
  for (const Cells& row : rows) Widen(row, &widths);
  Cells rule;
  for (size_t width : widths) rule.emplace_back(width, '-');
  std::string out = FormatRow(header, widths) + FormatRow(rule, widths);
  for (const Cells& row : rows) out += FormatRow(row, widths);
  return out;
}

std::string Grouped(size_t number) {
  std::string out = std::to_string(number);
  for (size_t i = out.size(); i > 3; i -= 3) out.insert(i - 3, ",");
  return out;
}

}  // namespace fieldkms::sample
