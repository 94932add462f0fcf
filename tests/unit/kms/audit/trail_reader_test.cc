#include "kms/audit/trail_reader.h"

#include <thread>

#include "tests/unit/kms/audit/trail_fixture.h"

namespace fieldkms {
namespace {

using ::testing::IsEmpty;

class TrailReaderTest : public TrailTest {
 protected:
  // All records that a filter takes, read in pages of these bounds.
  std::vector<FoundRecord> All(const RecordFilter& filter, const PageBounds& bounds) {
    std::vector<FoundRecord> all;
    std::optional<TrailPosition> position;
    for (bool end = false; !end;) {
      const auto page = ReadPage(path_, position, filter, bounds);
      EXPECT_OK(page);
      if (!page.ok()) break;
      all.insert(all.end(), page->records.begin(), page->records.end());
      position = *ParsePosition(FormatPosition(page->next));
      end = page->end;
    }
    return all;
  }
};

TEST_F(TrailReaderTest, PagesOfAnySizeAreTheWhole) {
  Write(60);
  std::string text;
  for (const uint64_t first : Segments()) text += testing::ReadFile(SegmentPath(path_, first));
  const auto lines = LinesOf(text + testing::ReadFile(path_));
  for (const PageBounds& bounds : std::vector<PageBounds>{{.records = 1},
                                                          {.records = 7},
                                                          {.records = 1'000},
                                                          {.records = 1'000, .read_bytes = 1},
                                                          {.records = 1'000, .read_bytes = 333},
                                                          {.records = 1'000, .found_bytes = 333}}) {
    const auto all = All({}, bounds);
    ASSERT_EQ(all.size(), lines.size());
    for (size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(all[i].index, i);
      EXPECT_EQ(all[i].line, lines[i]);
    }
  }
}

TEST_F(TrailReaderTest, EndsWhereItIsToldWhateverComesBehind) {
  Write(60);
  for (const uint64_t end : {uint64_t{0}, uint64_t{1}, uint64_t{33}, uint64_t{62}, UINT64_MAX}) {
    const uint64_t there = std::min<uint64_t>(end, All({}, {}).size());
    for (const size_t records : {size_t{1}, size_t{11}, size_t{1'000}}) {
      const auto all = All({}, {.records = records, .end = end});
      EXPECT_EQ(all.size(), there) << records;
      if (!all.empty()) {
        EXPECT_EQ(all.back().index + 1, there);
      }
    }
  }
}

TEST_F(TrailReaderTest, APageHasNoMoreBytesThanItsBoundAndALine) {
  Write(60);
  const auto page = ReadPage(path_, {}, {}, {.records = 1'000, .found_bytes = 500});
  ASSERT_OK(page);
  size_t bytes = 0;
  for (const FoundRecord& record : page->records) bytes += record.line.size();
  EXPECT_GE(bytes, 500u);
  EXPECT_LT(bytes - page->records.back().line.size(), 500u);
  EXPECT_FALSE(page->end);
}

TEST_F(TrailReaderTest, GoesOnWithWhatComesWhileSegmentsEnd) {
  ASSERT_OK_AND_ASSIGN(const auto trail, Open());
  std::thread writer([&] { Append(*trail, 300); });
  uint64_t next = 0;
  std::optional<TrailPosition> position;
  while (next < 301) {
    ASSERT_OK_AND_ASSIGN(const TrailPage page, ReadPage(path_, position, {}, {.records = 50}));
    for (const FoundRecord& record : page.records) ASSERT_EQ(record.index, next++);
    position = page.next;
  }
  writer.join();
}

TEST_F(TrailReaderTest, FiltersByWhatRecordsSay) {
  {
    ASSERT_OK_AND_ASSIGN(const auto trail, Open());
    const auto add = [&](std::string_view method, std::string_view principal,
                         std::string_view tenant, AuditKeys keys, std::string_view code) {
      AuditRecord record;
      record.method = method;
      record.principal = principal;
      record.tenant = tenant;
      record.keys = keys;
      record.code = code;
      ASSERT_OK(AppendAndWait(*trail, record));
    };
    AuditKeys two;
    two.count = 2;
    two.names = {"card", "note"};
    add("A.Read", "alice", "acme", AuditKeys("card"), "OK");                  // 1
    add("A.Write", "bob", "acme", two, "OK");                                 // 2
    add("A.Read", "b\"ob/", "other", AuditKeys("acme"), "NOT_FOUND");         // 3
    add("A.Read", "alice", "other", AuditKeys("note"), "PERMISSION_DENIED");  // 4
  }
  const auto found = [this](RecordFilter filter) {
    std::vector<uint64_t> indexes;
    for (const FoundRecord& record : All(filter, {.records = 2})) indexes.push_back(record.index);
    return indexes;
  };
  using Indexes = std::vector<uint64_t>;
  RecordFilter filter;
  EXPECT_EQ(found(filter).size(), 5u);
  filter.principal = "alice";
  EXPECT_EQ(found(filter), (Indexes{1, 4}));
  filter.tenant = "acme";
  EXPECT_EQ(found(filter), (Indexes{1}));
  filter = {};
  filter.tenant = "acme";
  EXPECT_EQ(found(filter), (Indexes{1, 2})) << "a key of that name is no tenant";
  filter = {};
  filter.key = "note";
  EXPECT_EQ(found(filter), (Indexes{2, 4}));
  filter = {};
  filter.principal = "b\"ob/";
  EXPECT_EQ(found(filter), (Indexes{3}));
  filter = {};
  filter.method = "A.Read";
  filter.code = "PERMISSION_DENIED";
  EXPECT_EQ(found(filter), (Indexes{4}));
  filter = {};
  filter.kind = "start";
  EXPECT_EQ(found(filter), (Indexes{0}));
  filter = {};
  filter.field = "none";
  EXPECT_THAT(found(filter), IsEmpty());
  filter = {};
  filter.since = "2020";
  filter.until = "2021-01-01";
  EXPECT_THAT(found(filter), IsEmpty());
  filter.until = "9999";
  EXPECT_EQ(found(filter).size(), 5u);
}

TEST_F(TrailReaderTest, RangesOfTimeAreOpenAtTheirEnd) {
  std::string old;
  for (int day = 10; day < 20; ++day) {
    old += "{\"seq\":" + std::to_string(day - 9) + ",\"time\":\"2020-01-" + std::to_string(day) +
           "T00:00:00.000000Z\",\"kind\":\"outcome\"}\n";
  }
  testing::WriteFile(path_, old);
  options_.segment_bytes = 1;
  Write(1);
  const auto count = [this](const char* since, const char* until) {
    RecordFilter filter;
    filter.since = since;
    filter.until = until;
    return All(filter, {}).size();
  };
  EXPECT_EQ(count("2020-01-12", "2020-01-14"), 2u);
  EXPECT_EQ(count("2020-01-12T00:00:00", "2020-01-14T00:00:00.000001"), 3u);
  EXPECT_EQ(count("", "2020-01-11"), 1u);
  EXPECT_EQ(count("2021", ""), 2u);
  for (const char* bad : {"yesterday", "2020-1-1", "2020-01-", "2020-01-01Z", "202"}) {
    RecordFilter filter;
    filter.since = bad;
    EXPECT_THAT(ReadPage(path_, {}, filter, {}), StatusIs(Reason::kInvalidField)) << bad;
  }
}

TEST_F(TrailReaderTest, PositionsThatWereNotGivenAreRefused) {
  Write(60);
  for (const char* text : {"", "1", "1.2", "1.2.3.4", "01.0.0", "a.b.c", "0.0.-1", "0.0.0 "}) {
    EXPECT_THAT(ParsePosition(text), StatusIs(Reason::kInvalidField)) << text;
  }
  EXPECT_THAT(ReadPage(path_, TrailPosition{0, 5, 0}, {}, {}), StatusIs(Reason::kInvalidField));
  EXPECT_THAT(ReadPage(path_, TrailPosition{0, 1'000'000, 0}, {}, {}),
              StatusIs(Reason::kInvalidField));
  EXPECT_THAT(ReadPage(path_, TrailPosition{3, 0, 3}, {}, {}),
              StatusIs(absl::StatusCode::kNotFound, Reason::kInvalidField));
}

}  // namespace
}  // namespace fieldkms
