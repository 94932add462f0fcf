// A request that was made in SQL (kms.requests), as a worker carries it out.
#ifndef FIELDKMS_ROTATION_REQUEST_H_
#define FIELDKMS_ROTATION_REQUEST_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "rotation/table_plan.h"

namespace fieldkms::rotation {

// What stands in `options`. Whoever may INSERT requests may write there what they like, so all
// readers check types. An option that is not there is "", no list, or the default. Error:
// InvalidField for the option.
class RequestOptions {
 public:
  explicit RequestOptions(nlohmann::json options) : options_(std::move(options)) {}

  // `needed`: "" is an error, too.
  absl::StatusOr<std::string> Text(std::string_view name, bool needed = false) const;
  absl::StatusOr<bool> Flag(std::string_view name, bool otherwise) const;
  absl::StatusOr<std::optional<std::vector<std::string>>> Names(std::string_view name) const;
  // An object of texts: its names and values, by names.
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> Pairs(
      std::string_view name) const;

 private:
  const nlohmann::json* Find(std::string_view name) const;

  nlohmann::json options_;
};

struct Request {
  int64_t id = 0;
  // How often it was taken: above 1, a worker may have carried it out and not have said so.
  int64_t fence = 0;
  // How many workers were lost over it.
  int64_t lost = 0;
  std::string action;
  // What calls of the service are known by, whichever worker makes them.
  std::string call_id;
  // Table and column as they are called now; of what is about keys and jobs neither.
  std::optional<TableName> table = {};
  std::string column = {};
  RequestOptions options{nlohmann::json::object()};
  bool dry_run = false;
  std::string requested_by = {};
  std::string requested_as = {};
  // Whether the table is there, is the one that was meant, and is theirs.
  bool allowed = false;
  // The job that it waits for; "": none.
  std::string job_id = {};
};

// What came of it.
struct RequestOutcome {
  std::string answer;  // for people
  nlohmann::ordered_json result = nlohmann::ordered_json::object();
  // The request is done when this job has ended; "": it is.
  std::string await_job = {};
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_REQUEST_H_
