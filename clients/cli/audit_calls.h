// The audit trail as the service tells it, for who may not read its files.
#ifndef FIELDKMS_CLIENTS_CLI_AUDIT_CALLS_H_
#define FIELDKMS_CLIENTS_CLI_AUDIT_CALLS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cli/session.h"
#include "kms/audit/trail_reader.h"

namespace fieldkms {

struct ToldRecords {
  std::vector<FoundRecord> records;
  std::string next_page_token;
  bool end = false;  // there are no more
};

// Up to `most` records that the filter takes; without a tenant in it, of all of them. Errors:
// InvalidField for a time or kind that is none; those of AuditClient.
absl::StatusOr<ToldRecords> ListByService(Session* session, const RecordFilter& filter, size_t most,
                                          const std::string& page_token);

// Calls `on_record` with each record that comes from now on, until it returns false.
absl::Status WatchByService(Session* session, const RecordFilter& filter,
                            const std::function<bool(const FoundRecord&)>& on_record);

// As `audit prove` writes them: the record's line, the proof and the checkpoint.
absl::StatusOr<Json> ProveByService(Session* session, const std::string& tenant, uint64_t index);
// Of the checkpoint of `first_size` records, whose note is `since`.
absl::StatusOr<Json> ContinueByService(Session* session, const std::string& tenant,
                                       uint64_t first_size, const std::string& since);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_AUDIT_CALLS_H_
