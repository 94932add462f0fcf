#include "tests/bench/report.h"

#include <fmt/format.h>

#include <algorithm>

namespace fieldkms::bench {
namespace {

std::string Line(const std::vector<std::string>& cells, const std::vector<size_t>& widths) {
  std::string line = fmt::format("  {:<{}}", cells[0], widths[0]);
  for (size_t i = 1; i < cells.size(); ++i) line += fmt::format("  {:>{}}", cells[i], widths[i]);
  return line;
}

}  // namespace

void PrintSettings(const Settings& settings) {
  size_t width = 0;
  for (const auto& [name, value] : settings) width = std::max(width, name.size());
  for (const auto& [name, value] : settings) fmt::print("  {:<{}}  {}\n", name, width, value);
  fmt::print("\n");
}

void PrintTable(const std::vector<std::string>& header,
                const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths(header.size());
  size_t total = 0;
  for (size_t i = 0; i < header.size(); ++i) {
    widths[i] = header[i].size();
    for (const auto& row : rows) widths[i] = std::max(widths[i], row[i].size());
    total += widths[i] + 2;
  }
  fmt::print("{}\n  {}\n", Line(header, widths), std::string(total - 2, '-'));
  for (const auto& row : rows) fmt::print("{}\n", Line(row, widths));
  fmt::print("\n");
}

}  // namespace fieldkms::bench
