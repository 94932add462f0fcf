// A table for people: columns as wide as their widest cell.
#ifndef FIELDKMS_DEPLOY_SAMPLE_TEXT_TABLE_H_
#define FIELDKMS_DEPLOY_SAMPLE_TEXT_TABLE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fieldkms::sample {

// Cells that `text` (UTF-8) takes on a terminal; needs a UTF-8 locale, and counts
// a byte as a cell without one.
size_t DisplayWidth(std::string_view text);

// FormatTable returns `rows` in aligned columns under `header`, indented by four.
// A row may have fewer cells than the header; an empty row is a blank line.
std::string FormatTable(const std::vector<std::string>& header,
                        const std::vector<std::vector<std::string>>& rows);

// "12,345,678".
std::string Grouped(size_t number);

}  // namespace fieldkms::sample

#endif  // FIELDKMS_DEPLOY_SAMPLE_TEXT_TABLE_H_
