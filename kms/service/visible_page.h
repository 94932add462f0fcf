// A page of a list of which the caller may see some only. What is hidden must show
// nowhere: not in the records, not as the place where the next page starts, and not
// as a page that is short or empty although another follows.
#ifndef FIELDKMS_KMS_SERVICE_VISIBLE_PAGE_H_
#define FIELDKMS_KMS_SERVICE_VISIBLE_PAGE_H_

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/status.h"
#include "kms/clock.h"
#include "kms/service/records.h"

namespace fieldkms {

// ListSource: a list in the order of its records' names.
template <class Record>
struct ListSource {
  // Up to `limit` records after the name `after`; fewer only at the end.
  std::function<absl::StatusOr<std::vector<Record>>(std::string_view after, size_t limit)> read;
  std::function<bool(const Record&)> visible;
  std::string Record::*name;
};

template <class Record>
struct VisiblePage {
  std::vector<Record> records;
  std::string next_page_token;  // "" where no visible record follows
};

// ReadVisiblePage reads on from `after` until it has `limit` visible records, and
// knows whether another follows, or the list ends. Blocks as `source.read` does.
// Errors: those of `source.read`; kDeadlineExceeded, looked at before each read.
template <class Record>
absl::StatusOr<VisiblePage<Record>> ReadVisiblePage(const ListSource<Record>& source,
                                                    std::string after, size_t limit,
                                                    const Clock& clock, Deadline deadline) {
  constexpr size_t kReadOn = 1'000;  // where the first read was not enough
  VisiblePage<Record> page;
  for (size_t count = limit + 1;; count = std::max(count, kReadOn)) {
    if (clock.Steady() >= deadline) {
      return Error(absl::StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded,
                   "the deadline passed before the page was full");
    }
    FIELDKMS_ASSIGN_OR_RETURN(std::vector<Record> read, source.read(after, count));
    if (!read.empty()) after = read.back().*source.name;
    for (Record& record : read) {
      if (!source.visible(record)) continue;
      if (page.records.size() == limit) {
        page.next_page_token = PageToken(page.records.back().*source.name);
        return page;
      }
      page.records.push_back(std::move(record));
    }
    if (read.size() < count) return page;
  }
}

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_VISIBLE_PAGE_H_
