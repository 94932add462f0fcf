// The printed part of a case.
#ifndef FIELDKMS_TESTS_BENCH_REPORT_H_
#define FIELDKMS_TESTS_BENCH_REPORT_H_

#include <string>
#include <utility>
#include <vector>

namespace fieldkms::bench {

// Name and value of each setting that a case ran with.
using Settings = std::vector<std::pair<std::string, std::string>>;
void PrintSettings(const Settings& settings);

// PrintTable prints rows under a header, columns aligned: the first to the left,
// the others to the right. All rows have the header's number of cells.
void PrintTable(const std::vector<std::string>& header,
                const std::vector<std::vector<std::string>>& rows);

}  // namespace fieldkms::bench

#endif  // FIELDKMS_TESTS_BENCH_REPORT_H_
