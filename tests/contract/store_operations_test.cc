// Operations: gone on with by who read them last.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "tests/contract/record_matchers.h"
#include "tests/contract/store_contract.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;

auto Mismatch() { return StatusIs(StatusCode::kAborted, Reason::kEtagMismatch); }

std::vector<std::string> IdsOf(const std::vector<OperationRecord>& operations) {
  std::vector<std::string> ids;
  for (const OperationRecord& operation : operations) ids.push_back(operation.operation_id);
  return ids;
}

TEST_P(StoreContract, OperationGoesOnWhereItWasRead) {
  HaveTenant("acme");
  OperationRecord operation = Operation("acme", 1);
  EXPECT_THAT(store().GetOperation(operation.operation_id, kNoDeadline),
              StatusIs(StatusCode::kNotFound, Reason::kOperationNotFound));
  ASSERT_OK_AND_ASSIGN(const auto made, store().PutOperation(operation, kNoDeadline));
  operation.change = 2;
  EXPECT_THAT(made, IsRecord(operation));
  EXPECT_THAT(ChangesAfter(1), ::testing::IsEmpty());

  operation.state = OperationState::kFailed;
  operation.cursor = std::string("\0cursor\xff", 8);
  operation.done = UINT64_MAX;
  operation.total = UINT64_MAX;
  operation.error = "the root key cannot be reached";
  operation.owner = "replica-2";
  clock().Advance(std::chrono::seconds(1));
  operation.update_time = Now();
  operation.owner_until = Now() + std::chrono::seconds(30);
  ASSERT_OK_AND_ASSIGN(const auto next, store().PutOperation(operation, kNoDeadline));
  EXPECT_EQ(next.change, 3u);
  EXPECT_THAT(store().PutOperation(operation, kNoDeadline), Mismatch());
  operation.change = 3;
  EXPECT_THAT(next, IsRecord(operation));
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto kept, store().GetOperation(operation.operation_id, kNoDeadline));
  EXPECT_THAT(kept, IsRecord(operation));
}

TEST_P(StoreContract, OperationIsNewOnce) {
  const OperationRecord operation = Operation("", 1);  // of the whole store
  ASSERT_OK(store().PutOperation(operation, kNoDeadline));
  EXPECT_THAT(store().PutOperation(operation, kNoDeadline), Mismatch());
  OperationRecord unknown = Operation("", 2);
  unknown.change = 1;
  EXPECT_THAT(store().PutOperation(unknown, kNoDeadline), Mismatch());
  EXPECT_EQ(NewestChange(), 1u);
}

TEST_P(StoreContract, OperationsAreListedNewestFirst) {
  HaveTenant("acme");
  std::vector<std::string> ids;
  for (const uint32_t number : {5u, 1u, 4u}) {
    OperationRecord operation = Operation(number == 1 ? "" : "acme", number);
    operation.kind = number == 1 ? OperationKind::kRotateRoot : OperationKind::kRotateKek;
    ASSERT_OK_AND_ASSIGN(operation, store().PutOperation(operation, kNoDeadline));
    ids.push_back(operation.operation_id);
    if (number == 1) {
      operation.state = OperationState::kDone;
      ASSERT_OK(store().PutOperation(operation, kNoDeadline));
    }
    clock().Advance(std::chrono::seconds(1));
  }
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto all, store().ListOperations(false, 10, kNoDeadline));
  EXPECT_THAT(IdsOf(all), ElementsAre(ids[2], ids[1], ids[0]));
  EXPECT_EQ(all[1].kind, OperationKind::kRotateRoot);
  ASSERT_OK_AND_ASSIGN(const auto two, store().ListOperations(false, 2, kNoDeadline));
  EXPECT_THAT(IdsOf(two), ElementsAre(ids[2], ids[1]));
  ASSERT_OK_AND_ASSIGN(const auto running, store().ListOperations(true, 10, kNoDeadline));
  EXPECT_THAT(IdsOf(running), ElementsAre(ids[2], ids[0]));
  ASSERT_OK_AND_ASSIGN(const auto newest, store().ListOperations(true, 1, kNoDeadline));
  EXPECT_THAT(IdsOf(newest), ElementsAre(ids[2]));
}

TEST_P(StoreContract, ConcurrentOwnersOfAnOperationHaveOneWinner) {
  ASSERT_OK_AND_ASSIGN(const auto made, store().PutOperation(Operation("", 1), kNoDeadline));
  std::atomic<int> winners = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        OperationRecord mine = made;
        mine.owner = "replica-" + std::to_string(i);
        const auto put = store().PutOperation(mine, kNoDeadline);
        if (put.ok()) return void(++winners);
        EXPECT_THAT(put, Mismatch());
      });
    }
  }
  EXPECT_EQ(winners, 1);
}

}  // namespace
}  // namespace fieldkms::testing
