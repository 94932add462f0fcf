// Pages of records that may be large: they end early rather than become too large for an answer.
#ifndef FIELDKMS_KMS_SERVICE_LARGE_PAGE_H_
#define FIELDKMS_KMS_SERVICE_LARGE_PAGE_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/status.h"
#include "kms/service/records.h"

namespace fieldkms {

inline constexpr size_t kMostPageBytes = 2u << 20;

template <class Record, class Response>
struct LargeListSource {
  // Up to `limit` records after the one of the id `after`; fewer only at the end.
  std::function<absl::StatusOr<std::vector<Record>>(std::string_view after, size_t limit)> read;
  std::function<std::string(const Record&)> id;
  std::function<void(const Record&, Response*)> add;
  std::function<void(Response*)> take_back;  // what was added last
};

// FillLargePage adds records after `after` until the response has `limit`, or would be larger than
// kMostPageBytes with one more, but at least one; and the token of the next page, if there is one.
// Few are in memory at a time. Errors: those of `source.read`.
template <class Record, class Response>
absl::Status FillLargePage(const LargeListSource<Record, Response>& source, std::string after,
                           size_t limit, Response* response) {
  constexpr size_t kReadAtOnce = 20;
  size_t added = 0;
  size_t read = 0;
  do {
    FIELDKMS_ASSIGN_OR_RETURN(const std::vector<Record> records, source.read(after, kReadAtOnce));
    read = records.size();
    for (const Record& record : records) {
      source.add(record, response);
      const bool small = added == 0 || response->ByteSizeLong() <= kMostPageBytes;
      if (added == limit || !small) {
        source.take_back(response);
        response->set_next_page_token(PageToken(after));
        return absl::OkStatus();
      }
      ++added;
      after = source.id(record);
    }
  } while (read == kReadAtOnce);
  return absl::OkStatus();
}

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_LARGE_PAGE_H_
