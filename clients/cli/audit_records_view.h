// Records of a trail as commands show them.
#ifndef FIELDKMS_CLIENTS_CLI_AUDIT_RECORDS_VIEW_H_
#define FIELDKMS_CLIENTS_CLI_AUDIT_RECORDS_VIEW_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "clients/cli/audit_calls.h"
#include "clients/cli/session.h"
#include "kms/audit/trail_reader.h"

namespace fieldkms {

// A trail's times have no zone but UTC: takes a Z away.
void DropZone(std::string* time);

// A page of a trail's files. Errors: ReadPage's.
absl::StatusOr<ToldRecords> ListFiles(const std::string& trail, const RecordFilter& filter,
                                      size_t limit, const std::string& page_token);

// One as the trail has it; what is none is its text.
Json RecordJson(const FoundRecord& found);

absl::StatusOr<ExitCode> ShowRecords(Session* session, const ToldRecords& told);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_AUDIT_RECORDS_VIEW_H_
