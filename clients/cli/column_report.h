// How protected columns of the registry are shown.
#ifndef FIELDKMS_CLIENTS_CLI_COLUMN_REPORT_H_
#define FIELDKMS_CLIENTS_CLI_COLUMN_REPORT_H_

#include <string>
#include <utility>
#include <vector>

#include "clients/cli/report.h"
#include "rotation/registry.h"

namespace fieldkms {

Json ColumnJson(const rotation::ProtectedColumn& column);
// Rows of Properties; what is not set has none.
std::vector<std::pair<std::string, std::string>> ColumnRows(
    const rotation::ProtectedColumn& column);
Table ColumnTable(const std::vector<rotation::ProtectedColumn>& columns);

// In what context an application must seal values of the column, so that workers can open them.
std::string ContextHelp(const rotation::ProtectedColumn& column);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_COLUMN_REPORT_H_
