#include "kms/service/visible_page.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

// Steps a second at each look.
class SteppingClock final : public Clock {
 public:
  WallTime Now() const override { return {}; }
  std::chrono::steady_clock::time_point Steady() const override {
    return Deadline() + std::chrono::seconds(++looks_);
  }

 private:
  mutable int looks_ = 0;
};

// Tenants with an "x" in their names are hidden.
class VisiblePageTest : public ::testing::Test {
 protected:
  absl::StatusOr<VisiblePage<TenantRecord>> Page(const std::string& after, size_t limit,
                                                 Deadline deadline = kNoDeadline) {
    const ListSource<TenantRecord> source = {
        .read = [this](std::string_view from, size_t count) { return Read(from, count); },
        .visible = [](const TenantRecord& t) { return t.tenant.find('x') == std::string::npos; },
        .name = &TenantRecord::tenant};
    return ReadVisiblePage(source, after, limit, clock_, deadline);
  }
  // All pages, "a,b|c": a token after each but the last.
  std::string AllPages(size_t limit) {
    std::string pages, after;
    for (size_t i = 0; i <= names_.size(); ++i) {
      const auto page = Page(after, limit);
      if (!page.ok()) return page.status().ToString();
      for (const TenantRecord& tenant : page->records) pages += tenant.tenant + ",";
      if (page->next_page_token.empty()) return pages;
      after = ParsePageToken(page->next_page_token).value();
      EXPECT_EQ(after, page->records.back().tenant);
      pages += "|";
    }
    return pages + " and no end";
  }
  absl::StatusOr<std::vector<TenantRecord>> Read(std::string_view after, size_t count) {
    ++reads_;
    std::vector<TenantRecord> out;
    for (const std::string& name : names_) {
      if (name > after && out.size() < count) out.emplace_back().tenant = name;
    }
    return out;
  }
  // `count` hidden names between "b" and "c".
  void AddHidden(int count) {
    for (int i = 0; i < count; ++i) names_.push_back("bx" + std::to_string(100'000 + i));
  }

  std::vector<std::string> names_;  // in order
  SteppingClock clock_;
  int reads_ = 0;
};

TEST_F(VisiblePageTest, NothingAtAll) { EXPECT_EQ(AllPages(3), ""); }

TEST_F(VisiblePageTest, AllHidden) {
  AddHidden(3'000);
  EXPECT_EQ(AllPages(1), "");
}

TEST_F(VisiblePageTest, PagesAreFullAndTheLastHasNoToken) {
  names_ = {"a", "b", "c", "d"};
  EXPECT_EQ(AllPages(1), "a,|b,|c,|d,");
  EXPECT_EQ(AllPages(2), "a,b,|c,d,");
  EXPECT_EQ(AllPages(3), "a,b,c,|d,");
  EXPECT_EQ(AllPages(4), "a,b,c,d,");
  EXPECT_EQ(AllPages(1'000), "a,b,c,d,");
}

TEST_F(VisiblePageTest, HiddenOnesLeaveNoTrace) {
  names_ = {"ax", "b", "cx", "dx", "e", "f", "gx", "gxx"};
  EXPECT_EQ(AllPages(1), "b,|e,|f,");
  EXPECT_EQ(AllPages(2), "b,e,|f,");
  EXPECT_EQ(AllPages(3), "b,e,f,");
}

TEST_F(VisiblePageTest, ReadsOnInLargeSteps) {
  names_ = {"b"};
  AddHidden(2'500);
  names_.push_back("c");
  EXPECT_EQ(AllPages(1), "b,|c,");
  EXPECT_LE(reads_, 8);
}

TEST_F(VisiblePageTest, StopsAtTheDeadline) {
  AddHidden(10'000);
  EXPECT_THAT(Page("", 1, Deadline() + std::chrono::seconds(4)),
              StatusIs(absl::StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded));
  EXPECT_EQ(reads_, 3);
}

}  // namespace
}  // namespace fieldkms
