#include "sql/shim/coalescer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "crypto/status.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::shim {
namespace {

using Request = v1::BatchMaskRequest;
using Response = v1::BatchMaskResponse;
using std::chrono::hours;
using std::chrono::milliseconds;

// A service that masks by saying a value twice, fails those that are "bad", and holds its first
// call until it is let go.
class CoalescerTest : public ::testing::Test {
 protected:
  absl::StatusOr<Response> Answer(const Request& request) {
    {
      const std::lock_guard lock(mutex_);
      sizes_.push_back(request.items_size());
      timeouts_.push_back(CallTimeout::OfThread().value_or(milliseconds(0)));
    }
    if (calls_++ == 0) {
      begun_.set_value();
      go_.get_future().wait();
    }
    if (fails_) return Error(absl::StatusCode::kUnavailable, Reason::kDraining, "going");
    Response response;
    for (int i = 0; i < request.items_size(); ++i) {
      Response::Result* const result = response.add_results();
      const std::string& value = request.items(i).value();
      if (value == "bad") {
        *result->mutable_error() =
            ToItemError(InvalidField("items[" + std::to_string(i) + "].value", "is bad"));
      } else {
        result->set_mask(request.field() + value + value);
      }
    }
    return response;
  }

  std::future<absl::StatusOr<Response>> Submit(const std::string& common,
                                               const std::vector<std::string>& values,
                                               milliseconds time = hours(1)) {
    auto promise = std::make_shared<std::promise<absl::StatusOr<Response>>>();
    Request request;
    request.set_field(common);
    for (const std::string& value : values) request.add_items()->set_value(value);
    coalescer_->Submit(common, request, std::chrono::steady_clock::now() + time,
                       [promise](auto answer) { promise->set_value(std::move(answer)); });
    return promise->get_future();
  }

  void Make(int threads, size_t queue) {
    workers_.emplace(threads, queue);
    coalescer_.emplace(*workers_, [this](const Request& request) { return Answer(request); });
  }

  std::promise<void> begun_, go_;
  std::atomic<int> calls_ = 0;
  std::atomic<bool> fails_ = false;
  std::mutex mutex_;
  std::vector<int> sizes_;
  std::vector<milliseconds> timeouts_;
  std::optional<Coalescer<Request, Response>> coalescer_;
  std::optional<Workers> workers_;  // ends first
};

TEST_F(CoalescerTest, CallsThatWaitBecomeOne) {
  Make(4, 100);
  auto first = Submit("f", {"a"});
  begun_.get_future().wait();
  auto second = Submit("f", {"b", "bad", "c"});
  auto third = Submit("f", {"bad", "d"});
  go_.set_value();
  EXPECT_EQ(first.get()->results(0).mask(), "faa");
  const auto two = second.get();
  ASSERT_OK(two);
  ASSERT_EQ(two->results_size(), 3);
  EXPECT_EQ(two->results(2).mask(), "fcc");
  EXPECT_EQ(FieldOf(StatusOfItem(two->results(1).error())), "items[1].value");
  const auto three = third.get();
  ASSERT_EQ(three->results_size(), 2);
  // As its caller counts, not as the merged call did.
  EXPECT_EQ(FieldOf(StatusOfItem(three->results(0).error())), "items[0].value");
  EXPECT_EQ(three->results(1).mask(), "fdd");
  EXPECT_THAT(sizes_, ::testing::ElementsAre(1, 5));
}

TEST_F(CoalescerTest, OthersDoNotWaitForIt) {
  Make(4, 100);
  auto held = Submit("f", {"a"});
  begun_.get_future().wait();
  EXPECT_EQ(Submit("g", {"b"}).get()->results(0).mask(), "gbb");
  // Neither do large ones of the same kind.
  const std::vector<std::string> many(kMostCoalesced + 1, "x");
  EXPECT_EQ(Submit("f", many).get()->results_size(), kMostCoalesced + 1);
  go_.set_value();
  EXPECT_OK(held.get());
}

TEST_F(CoalescerTest, AFailureIsEverybodys) {
  Make(2, 100);
  auto first = Submit("f", {"a"});
  begun_.get_future().wait();
  auto second = Submit("f", {"b"});
  auto third = Submit("f", {"c"});
  fails_ = true;
  go_.set_value();
  for (auto* const call : {&first, &second, &third}) {
    EXPECT_THAT(call->get(), StatusIs(absl::StatusCode::kUnavailable, Reason::kDraining));
  }
}

TEST_F(CoalescerTest, WhoseTimeIsOverIsNotSent) {
  Make(2, 100);
  auto first = Submit("f", {"a"});
  begun_.get_future().wait();
  auto late = Submit("f", {"b"}, milliseconds(0));
  auto patient = Submit("f", {"c"});
  go_.set_value();
  EXPECT_THAT(late.get(), StatusIs(Reason::kDeadlineExceeded));
  EXPECT_EQ(patient.get()->results(0).mask(), "fcc");
  EXPECT_THAT(sizes_, ::testing::ElementsAre(1, 1));
  EXPECT_OK(first.get());
}

TEST_F(CoalescerTest, PassesTheTimeThatIsLeft) {
  Make(1, 100);
  go_.set_value();
  EXPECT_OK(Submit("f", {"a"}, hours(3)).get());
  EXPECT_GT(timeouts_.at(0), hours(2));
  EXPECT_LE(timeouts_.at(0), hours(3));
}

TEST_F(CoalescerTest, AFullQueueIsSaid) {
  Make(1, 1);
  auto held = Submit("f", {"a"});
  begun_.get_future().wait();
  auto queued = Submit("g", {"b"});
  EXPECT_THAT(Submit("h", {"c"}).get(), StatusIs(Reason::kOverloaded));
  // The lane that found no room is free again.
  go_.set_value();
  EXPECT_OK(held.get());
  EXPECT_OK(queued.get());
  EXPECT_OK(Submit("h", {"c"}).get());
}

}  // namespace
}  // namespace fieldkms::shim
