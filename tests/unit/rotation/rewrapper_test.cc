#include "rotation/rewrapper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "clients/cpp/limits.h"
#include "clients/cpp/rpc_status.h"
#include "crypto/bytes.h"
#include "crypto/envelope.h"
#include "crypto/status.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/rotation/envelopes.h"

namespace fieldkms::rotation {
namespace {

using absl::StatusCode;
using ::fieldkms::testing::MadeUpEnvelope;
using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::SizeIs;

constexpr uint64_t kKey = 7;
constexpr size_t kManyRows = 12'345;
constexpr std::chrono::seconds kPatience{60};

// A service that seals anew by writing another version into the header: what comes back tells
// which value it was.
class RewrapperTest : public ::testing::Test {
 protected:
  RewrapperTest() {
    plan_.columns = {{.name = "c", .type = "bytea"}};
    plan_.row_key = {{"id", "bigint"}};
  }

  static std::string KeyId(uint64_t key) { return std::string(7, '\0') + static_cast<char>(key); }
  static std::string ValueOf(size_t row, uint32_t version) {
    return MadeUpEnvelope(kKey, version, 16 + row % 50, static_cast<char>('a' + row % 23));
  }
  std::vector<TableRow> Rows(size_t count) const {
    std::vector<TableRow> rows(count);
    for (size_t i = 0; i < count; ++i) {
      rows[i].key = {std::to_string(i)};
      rows[i].row_key = {std::to_string(i)};
      for (size_t c = 0; c < plan_.columns.size(); ++c) rows[i].cells.push_back(ValueOf(i, 1));
    }
    return rows;
  }
  Rewrapper Make(RewrapCall call) const {
    return Rewrapper(plan_, {.tenant = "acme", .target = {KeyId(kKey), KeyId(kKey), 2}},
                     std::move(call));
  }
  static v1::BatchRewrapResponse Sealed(const v1::BatchRewrapRequest& request) {
    v1::BatchRewrapResponse response;
    for (const auto& item : request.items()) {
      std::string envelope = item.ciphertext();
      EncodeHeader({Suite::kXaes256Gcm, kKey, 2},
                   AsMutableBytes(envelope).first<kEnvelopeHeaderSize>());
      response.add_results()->set_ciphertext(envelope);
    }
    return response;
  }
  static v1::BatchRewrapResponse Unopened(const v1::BatchRewrapRequest& request) {
    v1::BatchRewrapResponse response;
    for (int i = 0; i < request.items_size(); ++i) {
      *response.add_results()->mutable_error() =
          ToItemError(Error(StatusCode::kInvalidArgument, Reason::kDecryptFailed, "does not open"));
    }
    return response;
  }

  TablePlan plan_;
};

TEST_F(RewrapperTest, EachRowGetsItsOwnValueOverManyCalls) {
  std::mutex mutex;
  std::vector<int> sizes;
  Rewrapper rewrapper = Make([&](const v1::BatchRewrapRequest& request) {
    const std::lock_guard lock(mutex);
    sizes.push_back(request.items_size());
    return Sealed(request);
  });
  std::vector<TableRow> rows = Rows(kManyRows);
  rows[3].cells[0] = ValueOf(3, 2);        // is current
  rows[4].cells[0] = std::nullopt;         // has none
  rows[5].cells[0] = std::string("text");  // is bad
  ASSERT_OK_AND_ASSIGN(const WorkDone out, rewrapper.Do(rows));
  EXPECT_THAT(sizes, Each(Le(static_cast<int>(kMaxBatchItems))));
  EXPECT_GT(sizes.size(), 1u);
  ASSERT_THAT(out.bad, SizeIs(1));
  EXPECT_EQ(out.bad[0].row, 5u);
  ASSERT_THAT(out.writes, SizeIs(kManyRows - 3));
  for (size_t i = 0; i < out.writes.size(); ++i) {
    const size_t row = i < 3 ? i : i + 3;
    ASSERT_EQ(out.writes[i].row, row);
    ASSERT_EQ(out.writes[i].cells[0], ValueOf(row, 2));
  }
}

TEST_F(RewrapperTest, CellsOfOtherColumnsAreWrittenAsTheyWere) {
  plan_.columns.push_back({.name = "d", .type = "bytea"});
  plan_.columns.push_back({.name = "e", .type = "bytea"});
  Rewrapper rewrapper = Make(Sealed);
  std::vector<TableRow> rows = Rows(3);
  rows[0].cells[0] = ValueOf(8, 2);
  rows[1].cells[1] = std::nullopt;
  rows[2].cells = {ValueOf(8, 2), std::nullopt, ValueOf(9, 5)};
  ASSERT_OK_AND_ASSIGN(const WorkDone out, rewrapper.Do(rows));
  ASSERT_THAT(out.writes, SizeIs(2));
  for (const RowWrite& write : out.writes) {
    const auto& cells = write.cells;
    EXPECT_EQ(cells[0], write.row == 0 ? ValueOf(8, 2) : ValueOf(1, 2));
    EXPECT_EQ(cells[1], write.row == 0 ? std::optional(ValueOf(0, 2)) : std::nullopt);
    EXPECT_EQ(cells[2], ValueOf(write.row, 2));
  }
}

// While one call is with the service the next is made, and there are never more than two.
TEST_F(RewrapperTest, TwoCallsAreUnderWay) {
  std::mutex mutex;
  std::condition_variable changed;
  int begun = 0, running = 0, most = 0;
  Rewrapper rewrapper = Make([&](const v1::BatchRewrapRequest& request) {
    std::unique_lock lock(mutex);
    ++begun;
    most = std::max(most, ++running);
    changed.notify_all();
    EXPECT_TRUE(changed.wait_for(lock, kPatience, [&] { return begun >= 2; }));
    --running;
    return Sealed(request);
  });
  ASSERT_OK_AND_ASSIGN(const WorkDone out, rewrapper.Do(Rows(kManyRows)));
  EXPECT_THAT(out.writes, SizeIs(kManyRows));
  EXPECT_EQ(most, 2);
}

TEST_F(RewrapperTest, AnErrorOfOneCallEndsAll) {
  std::mutex mutex;
  int begun = 0;
  Rewrapper rewrapper =
      Make([&](const v1::BatchRewrapRequest& request) -> absl::StatusOr<v1::BatchRewrapResponse> {
        const std::lock_guard lock(mutex);
        if (++begun == 1) return Error(StatusCode::kUnavailable, Reason::kOverloaded, "gone");
        return Sealed(request);
      });
  EXPECT_THAT(rewrapper.Do(Rows(kManyRows)),
              StatusIs(StatusCode::kUnavailable, Reason::kOverloaded));
}

TEST_F(RewrapperTest, OneCallNeedsNoThread) {
  std::thread::id asked;
  Rewrapper rewrapper = Make([&](const v1::BatchRewrapRequest& request) {
    asked = std::this_thread::get_id();
    return Sealed(request);
  });
  ASSERT_OK(rewrapper.Do(Rows(1000)));
  EXPECT_EQ(asked, std::this_thread::get_id());
}

TEST_F(RewrapperTest, ValuesThatDoNotOpenAreBadUnlessNoneDoes) {
  Rewrapper some = Make([](const v1::BatchRewrapRequest& request) {
    v1::BatchRewrapResponse response = Sealed(request);
    *response.mutable_results(0) = Unopened(request).results(0);
    return response;
  });
  const std::vector<TableRow> rows = Rows(kManyRows);
  ASSERT_OK_AND_ASSIGN(const WorkDone out, some.Do(rows));
  ASSERT_GT(out.bad.size(), 1u);  // the first of each call
  EXPECT_EQ(out.bad[0].digest, CellDigest(rows[0], 0));
  EXPECT_EQ(out.writes.size() + out.bad.size(), kManyRows);
  some.SetKnownBad({out.bad[0].digest});
  const std::vector<TableRow> first(rows.begin(), rows.begin() + 1);
  ASSERT_OK_AND_ASSIGN(const WorkDone again, some.Do(first));
  EXPECT_THAT(again.bad, IsEmpty());
  EXPECT_THAT(again.writes, IsEmpty());
  EXPECT_EQ(some.Look(first).known_bad, 1u);

  Rewrapper none = Make(Unopened);
  EXPECT_FALSE(out.none_good);
  EXPECT_TRUE(none.Do(rows)->none_good);
  // A few may well be damaged, one by one.
  ASSERT_OK_AND_ASSIGN(const WorkDone few, none.Do(Rows(10)));
  EXPECT_THAT(few.bad, SizeIs(10));
  EXPECT_FALSE(few.none_good);
}

TEST_F(RewrapperTest, LooksAndOpensOverManyCalls) {
  Rewrapper rewrapper = Make(Sealed);
  std::vector<TableRow> rows = Rows(kManyRows);
  rows[0].cells[0] = ValueOf(0, 2);
  rows[1].row_key = {std::nullopt};
  const Rewrapper::Leftovers left = rewrapper.Look(rows);
  EXPECT_EQ(left.older, kManyRows - 2);
  ASSERT_THAT(left.bad, SizeIs(1));
  EXPECT_EQ(left.bad[0].row, 1u);
  std::vector<BadCell> bad;
  EXPECT_EQ(rewrapper.Check(rows, &bad).value(), kManyRows - 1);
  EXPECT_THAT(bad, SizeIs(1));
}

}  // namespace
}  // namespace fieldkms::rotation
