// How protected columns of the registry are shown; as JSON: rotation/column_json.h.
#ifndef FIELDKMS_CLIENTS_CLI_COLUMN_REPORT_H_
#define FIELDKMS_CLIENTS_CLI_COLUMN_REPORT_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "clients/cli/report.h"
#include "rotation/column_json.h"
#include "rotation/registry.h"

namespace fieldkms {

// Rows of Properties; what is not set has none.
std::vector<std::pair<std::string, std::string>> ColumnRows(
    const rotation::ProtectedColumn& column);
// `unfilled`: how many rows of each wait for a job, if that was counted; or empty.
Table ColumnTable(const std::vector<rotation::ProtectedColumn>& columns,
                  std::span<const std::optional<uint64_t>> unfilled = {});

// In what context an application must seal values of the column, so that workers can open them.
std::string ContextHelp(const rotation::ProtectedColumn& column);

// What comes next where a column is being converted.
std::string StageHelp(const rotation::ProtectedColumn& column);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_COLUMN_REPORT_H_
