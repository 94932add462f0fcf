#include "clients/cpp/batch.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using EncryptCall = BatchCall<v1::BatchEncryptRequest, v1::BatchEncryptResponse>;

// A service that "encrypts" by prefixing, and fails items that say "bad".
v1::BatchEncryptResponse Prefix(const v1::BatchEncryptRequest& request) {
  v1::BatchEncryptResponse response;
  for (int i = 0; i < request.items_size(); ++i) {
    auto* result = response.add_results();
    if (request.items(i).plaintext() == "bad") {
      *result->mutable_error() =
          ToItemError(InvalidField("items[" + std::to_string(i) + "].plaintext", "is bad"));
      response.set_failed_count(response.failed_count() + 1);
    } else {
      result->set_ciphertext("sealed:" + request.items(i).plaintext());
      result->set_key_version(1);
    }
  }
  return response;
}

v1::BatchEncryptRequest RequestOf(const std::vector<std::string>& values) {
  v1::BatchEncryptRequest request;
  request.set_tenant("acme");
  request.set_key("customers.email");
  auto* shared = request.add_shared_context();
  shared->set_name("b");
  shared->set_value("0123456789abcdef");
  for (const std::string& value : values) request.add_items()->set_plaintext(value);
  return request;
}

std::vector<std::string> Numbered(size_t count) {
  std::vector<std::string> values;
  for (size_t i = 0; i < count; ++i) values.push_back("value " + std::to_string(i));
  return values;
}

RC_GTEST_PROP(PlanBatchProperty, PartsAreWithinLimitsInOrderAndAsFewAsGreedy, ()) {
  const auto sizes = *rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(2, 60));
  const BatchLimits limits{.request_size = *rc::gen::inRange<size_t>(20, 200),
                           .items = *rc::gen::inRange<size_t>(1, 12)};
  const size_t shared = *rc::gen::inRange<size_t>(0, 30);
  const auto parts = PlanBatch(
      sizes.size(), shared, [&](size_t i) { return sizes[i]; }, limits);

  size_t next = 0;
  for (size_t p = 0; p < parts.size(); ++p) {
    RC_ASSERT(parts[p].begin == next);
    RC_ASSERT(parts[p].end > parts[p].begin);
    next = parts[p].end;
    size_t total = shared;
    for (size_t i = parts[p].begin; i < parts[p].end; ++i) total += sizes[i];
    if (parts[p].too_large) {
      RC_ASSERT(parts[p].end - parts[p].begin == 1u);
      RC_ASSERT(total > limits.request_size);
      continue;
    }
    RC_ASSERT(total <= limits.request_size);
    RC_ASSERT(parts[p].end - parts[p].begin <= limits.items);
    if (p + 1 == parts.size() || parts[p + 1].too_large) continue;
    // No part ends early: its successor's first item would not have fitted.
    RC_ASSERT(total + sizes[next] > limits.request_size ||
              parts[p].end - parts[p].begin == limits.items);
  }
  RC_ASSERT(next == sizes.size());
}

RC_GTEST_PROP(RunBatchProperty, EveryCallIsWithinLimitsAndEveryResultInItsPlace, ()) {
  // Of letters that cannot spell "bad".
  const auto values = *rc::gen::container<std::vector<std::string>>(
      rc::gen::container<std::string>(rc::gen::inRange<char>('e', 'z')));
  const BatchLimits limits{.request_size = *rc::gen::inRange<size_t>(120, 400),
                           .items = *rc::gen::inRange<size_t>(1, 9),
                           .calls_in_flight = *rc::gen::inRange<size_t>(1, 5)};
  const v1::BatchEncryptRequest request = RequestOf(values);
  std::mutex mutex;
  bool within = true;
  const EncryptCall call = [&](const v1::BatchEncryptRequest& part) {
    const std::lock_guard lock(mutex);
    within = within && part.SerializeAsString().size() <= limits.request_size &&
             part.items_size() <= static_cast<int>(limits.items) && part.items_size() > 0 &&
             part.tenant() == "acme" && part.key() == "customers.email" &&
             part.shared_context_size() == 1;
    return Prefix(part);
  };
  const auto response = RunBatch(request, limits, call);
  RC_ASSERT(within);
  if (values.empty()) {
    RC_ASSERT(response.ok() && response->results_size() == 0);
    return;
  }
  if (!response.ok()) {  // not one item could be sent
    RC_ASSERT(ReasonOf(response.status()) == Reason::kRequestTooLarge);
    return;
  }
  RC_ASSERT(response->results_size() == request.items_size());
  uint32_t failed = 0;
  for (int i = 0; i < request.items_size(); ++i) {
    const auto& result = response->results(i);
    if (result.has_error()) {
      ++failed;
      RC_ASSERT(ReasonOf(StatusOfItem(result.error())) == Reason::kRequestTooLarge);
      RC_ASSERT(FieldOf(StatusOfItem(result.error())) == "items[" + std::to_string(i) + "]");
    } else {
      RC_ASSERT(result.ciphertext() == "sealed:" + request.items(i).plaintext());
    }
  }
  RC_ASSERT(response->failed_count() == failed);
}

TEST(EncodedItemSizeTest, IsWhatTheItemAddsToItsRequest) {
  for (const size_t size : {0u, 1u, 127u, 128u, 16'383u, 16'384u, 3'000'000u}) {
    v1::BatchEncryptRequest request = RequestOf({});
    const size_t before = request.ByteSizeLong();
    auto* item = request.add_items();
    item->set_plaintext(std::string(size, 'x'));
    EXPECT_EQ(request.ByteSizeLong() - before, EncodedItemSize(*item)) << size;
  }
}

TEST(RunBatchTest, OneCallWhereOneIsEnough) {
  const v1::BatchEncryptRequest request = RequestOf(Numbered(10'000));
  int calls = 0;
  const auto response =
      RunBatch<v1::BatchEncryptRequest, v1::BatchEncryptResponse>(request, {}, [&](auto& part) {
        ++calls;
        EXPECT_EQ(&part, &request);  // nothing is copied
        return Prefix(part);
      });
  EXPECT_OK(response);
  EXPECT_EQ(calls, 1);
}

TEST(RunBatchTest, FailuresCountInTheWholeBatch) {
  std::vector<std::string> values = Numbered(25);
  values[3] = values[17] = "bad";
  const auto response = RunBatch<v1::BatchEncryptRequest, v1::BatchEncryptResponse>(
      RequestOf(values), {.items = 10}, EncryptCall(Prefix));
  ASSERT_OK(response);
  EXPECT_EQ(response->failed_count(), 2u);
  EXPECT_EQ(FieldOf(StatusOfItem(response->results(3).error())), "items[3].plaintext");
  EXPECT_EQ(FieldOf(StatusOfItem(response->results(17).error())), "items[17].plaintext");
  EXPECT_EQ(response->results(18).ciphertext(), "sealed:value 18");
}

TEST(RunBatchTest, AFailedCallTakesOnlyItsOwnItemsWithIt) {
  const EncryptCall call =
      [](const v1::BatchEncryptRequest& part) -> absl::StatusOr<v1::BatchEncryptResponse> {
    if (part.items(0).plaintext() == "value 10") {
      return Error(absl::StatusCode::kUnavailable, Reason::kDraining, "going down");
    }
    return Prefix(part);
  };
  const auto response = RunBatch(RequestOf(Numbered(25)), {.items = 10}, call);
  ASSERT_OK(response);
  ASSERT_EQ(response->results_size(), 25);
  EXPECT_EQ(response->failed_count(), 10u);
  for (int i = 0; i < 25; ++i) {
    EXPECT_EQ(response->results(i).has_error(), i >= 10 && i < 20) << i;
  }
  EXPECT_THAT(StatusOfItem(response->results(12).error()),
              StatusIs(absl::StatusCode::kUnavailable, Reason::kDraining));
}

TEST(RunBatchTest, IsAnErrorWhereNoCallSucceeds) {
  const EncryptCall call =
      [](const v1::BatchEncryptRequest&) -> absl::StatusOr<v1::BatchEncryptResponse> {
    return Error(absl::StatusCode::kPermissionDenied, Reason::kPermissionDenied, "no");
  };
  EXPECT_THAT(RunBatch(RequestOf(Numbered(25)), {.items = 10}, call),
              StatusIs(Reason::kPermissionDenied));
}

TEST(RunBatchTest, RefusesAnAnswerOfAnotherLength) {
  const EncryptCall call = [](const v1::BatchEncryptRequest& part) {
    v1::BatchEncryptResponse response = Prefix(part);
    response.mutable_results()->RemoveLast();
    return response;
  };
  EXPECT_THAT(RunBatch(RequestOf(Numbered(5)), {}, call), StatusIs(Reason::kInternal));
}

TEST(RunBatchTest, MacsThatAreNotValidAreCountedOverAllCalls) {
  v1::BatchVerifyMacRequest request;
  for (int i = 0; i < 25; ++i) request.add_items()->set_data(i % 12 == 3 ? "bad" : "good");
  const BatchCall<v1::BatchVerifyMacRequest, v1::BatchVerifyMacResponse> call =
      [](const v1::BatchVerifyMacRequest& part) {
        v1::BatchVerifyMacResponse response;
        for (const auto& item : part.items()) {
          const bool valid = item.data() == "good";
          response.add_results()->set_valid(valid);
          if (!valid) response.set_invalid_count(response.invalid_count() + 1);
        }
        return response;
      };
  const auto response = RunBatch(request, {.items = 10}, call);
  ASSERT_OK(response);
  EXPECT_EQ(response->failed_count(), 0u);
  EXPECT_EQ(response->invalid_count(), 2u);
  EXPECT_FALSE(response->results(15).valid());
  EXPECT_TRUE(response->results(16).valid());
}

TEST(ForEachConcurrentlyTest, DoesEachOnceWithinItsWorkers) {
  std::mutex mutex;
  std::multiset<size_t> done;
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  ForEachConcurrently(200, 4, [&](size_t i) {
    const int now = ++running;
    int seen = most.load();
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    {
      const std::lock_guard lock(mutex);
      done.insert(i);
    }
    --running;
  });
  EXPECT_EQ(done.size(), 200u);
  EXPECT_EQ(std::set<size_t>(done.begin(), done.end()).size(), 200u);
  EXPECT_LE(most.load(), 4);
}

// SharedOf lists fields by hand; a new field of a batch request must reach every
// part of it.
template <class Request>
void ExpectSharedKeepsEveryField() {
  Request request;
  const auto* descriptor = Request::descriptor();
  const auto* reflection = request.GetReflection();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    if (field->is_repeated()) {
      reflection->AddMessage(&request, field);
    } else if (field->enum_type() != nullptr) {
      reflection->SetEnumValue(&request, field, 1);
    } else {
      ASSERT_EQ(field->cpp_type(), google::protobuf::FieldDescriptor::CPPTYPE_STRING);
      reflection->SetString(&request, field, "x");
    }
  }
  const Request shared = SharedOf(request);
  EXPECT_EQ(shared.items_size(), 0);
  request.clear_items();
  EXPECT_EQ(shared.SerializeAsString(), request.SerializeAsString()) << descriptor->full_name();
}

TEST(SharedOfTest, KeepsEveryFieldButTheItems) {
  ExpectSharedKeepsEveryField<v1::BatchEncryptRequest>();
  ExpectSharedKeepsEveryField<v1::BatchDecryptRequest>();
  ExpectSharedKeepsEveryField<v1::BatchRewrapRequest>();
  ExpectSharedKeepsEveryField<v1::BatchComputeMacRequest>();
  ExpectSharedKeepsEveryField<v1::BatchVerifyMacRequest>();
  ExpectSharedKeepsEveryField<v1::BatchProtectRequest>();
  ExpectSharedKeepsEveryField<v1::BatchRevealRequest>();
  ExpectSharedKeepsEveryField<v1::BatchMaskRequest>();
  ExpectSharedKeepsEveryField<v1::BatchBlindIndexRequest>();
  ExpectSharedKeepsEveryField<v1::BatchValidateRequest>();
  ExpectSharedKeepsEveryField<v1::BatchTokenizeRequest>();
  ExpectSharedKeepsEveryField<v1::BatchDetokenizeRequest>();
  ExpectSharedKeepsEveryField<v1::BatchEraseRequest>();
}

}  // namespace
}  // namespace fieldkms
