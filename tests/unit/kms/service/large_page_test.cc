#include "kms/service/large_page.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "fieldkms/v1/rotation_service.pb.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using Response = v1::ListSchedulesResponse;

// Records are their own ids, "a000" and so on, and as large as is said in the answer.
LargeListSource<std::string, Response> SourceOf(size_t count, size_t bytes) {
  return {.read = [count](std::string_view after,
                          size_t limit) -> absl::StatusOr<std::vector<std::string>> {
            const size_t first = after.empty() ? 0 : std::stoul(std::string(after.substr(1))) + 1;
            std::vector<std::string> records;
            for (size_t i = first; i < std::min(first + limit, count); ++i) {
              records.push_back("a" + std::to_string(i));
            }
            return records;
          },
          .id = [](const std::string& record) { return record; },
          .add =
              [bytes](const std::string& record, Response* page) {
                page->add_schedules()->set_schedule_id(record);
                page->mutable_schedules()->rbegin()->set_last_error(std::string(bytes, 'e'));
              },
          .take_back = [](Response* page) { page->mutable_schedules()->RemoveLast(); }};
}

// The sizes of all pages, one after the other.
std::vector<int> Pages(size_t count, size_t bytes, size_t limit) {
  std::vector<int> sizes;
  std::string after;
  while (true) {
    Response page;
    EXPECT_OK(FillLargePage(SourceOf(count, bytes), after, limit, &page));
    sizes.push_back(page.schedules_size());
    if (page.next_page_token().empty()) return sizes;
    const auto parsed = ParsePageToken(page.next_page_token());
    EXPECT_OK(parsed);
    EXPECT_EQ(*parsed, page.schedules().rbegin()->schedule_id());
    after = *parsed;
  }
}

TEST(LargePageTest, EndsAtTheLimit) {
  EXPECT_EQ(Pages(0, 1, 10), std::vector<int>{0});
  EXPECT_EQ(Pages(10, 1, 10), std::vector<int>{10});
  EXPECT_EQ(Pages(11, 1, 10), (std::vector<int>{10, 1}));
  EXPECT_EQ(Pages(45, 1, 20), (std::vector<int>{20, 20, 5}));
  EXPECT_EQ(Pages(45, 1, 1'000), std::vector<int>{45});
  EXPECT_EQ(Pages(40, 1, 1'000), std::vector<int>{40});
}

TEST(LargePageTest, EndsBeforeItIsTooLarge) {
  EXPECT_EQ(Pages(5, 800'000, 10), (std::vector<int>{2, 2, 1}));
  // One at least, whatever it has.
  EXPECT_EQ(Pages(3, kMostPageBytes + 1, 10), (std::vector<int>{1, 1, 1}));
}

TEST(LargePageTest, SaysWhatTheSourceSays) {
  auto source = SourceOf(1, 1);
  source.read = [](std::string_view, size_t) -> absl::StatusOr<std::vector<std::string>> {
    return Error(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable, "down");
  };
  Response page;
  EXPECT_THAT(FillLargePage(source, "", 10, &page), StatusIs(Reason::kStoreUnavailable));
}

}  // namespace
}  // namespace fieldkms
