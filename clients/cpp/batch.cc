#include "clients/cpp/batch.h"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>

namespace fieldkms {
namespace {

// Of those whose items use one key, or say which.
template <class Request>
Request WithoutItems(const Request& request) {
  Request shared;
  shared.set_tenant(request.tenant());
  shared.set_key(request.key());
  *shared.mutable_shared_context() = request.shared_context();
  return shared;
}

// Of those about fields.
template <class Request>
Request OfFieldWithoutItems(const Request& request) {
  Request shared;
  shared.set_tenant(request.tenant());
  shared.set_field(request.field());
  return shared;
}

}  // namespace

std::vector<BatchPart> PlanBatch(size_t count, size_t shared_size,
                                 const std::function<size_t(size_t)>& item_size,
                                 const BatchLimits& limits) {
  std::vector<BatchPart> parts;
  size_t part_size = 0;
  bool open = false;  // whether the last part takes more items
  for (size_t i = 0; i < count; ++i) {
    const size_t size = item_size(i);
    if (shared_size + size > limits.request_size) {
      parts.push_back({.begin = i, .end = i + 1, .too_large = true});
      open = false;
      continue;
    }
    if (!open || part_size + size > limits.request_size || i - parts.back().begin >= limits.items) {
      parts.push_back({.begin = i, .end = i});
      part_size = shared_size;
      open = true;
    }
    part_size += size;
    parts.back().end = i + 1;
  }
  return parts;
}

void ForEachConcurrently(size_t count, size_t workers, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next{0};
  const auto run = [&] {
    for (size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) work(i);
  };
  std::vector<std::jthread> others;
  try {
    while (others.size() + 1 < std::min(count, workers)) others.emplace_back(run);
  } catch (const std::system_error&) {
    // No more threads to be had: slower, and no less right.
  }
  run();
}

v1::BatchEncryptRequest SharedOf(const v1::BatchEncryptRequest& request) {
  return WithoutItems(request);
}

v1::BatchDecryptRequest SharedOf(const v1::BatchDecryptRequest& request) {
  return WithoutItems(request);
}

v1::BatchRewrapRequest SharedOf(const v1::BatchRewrapRequest& request) {
  v1::BatchRewrapRequest shared;
  shared.set_tenant(request.tenant());
  shared.set_destination_key(request.destination_key());
  *shared.mutable_shared_context() = request.shared_context();
  return shared;
}

v1::BatchComputeMacRequest SharedOf(const v1::BatchComputeMacRequest& request) {
  return WithoutItems(request);
}

v1::BatchVerifyMacRequest SharedOf(const v1::BatchVerifyMacRequest& request) {
  return WithoutItems(request);
}

v1::BatchProtectRequest SharedOf(const v1::BatchProtectRequest& request) {
  v1::BatchProtectRequest shared = OfFieldWithoutItems(request);
  *shared.mutable_shared_context() = request.shared_context();
  return shared;
}

v1::BatchRevealRequest SharedOf(const v1::BatchRevealRequest& request) {
  v1::BatchRevealRequest shared = OfFieldWithoutItems(request);
  *shared.mutable_shared_context() = request.shared_context();
  shared.set_view(request.view());
  return shared;
}

v1::BatchMaskRequest SharedOf(const v1::BatchMaskRequest& request) {
  return OfFieldWithoutItems(request);
}

v1::BatchBlindIndexRequest SharedOf(const v1::BatchBlindIndexRequest& request) {
  return OfFieldWithoutItems(request);
}

v1::BatchValidateRequest SharedOf(const v1::BatchValidateRequest& request) {
  return OfFieldWithoutItems(request);
}

v1::BatchTokenizeRequest SharedOf(const v1::BatchTokenizeRequest& request) {
  return OfFieldWithoutItems(request);
}

v1::BatchDetokenizeRequest SharedOf(const v1::BatchDetokenizeRequest& request) {
  v1::BatchDetokenizeRequest shared = OfFieldWithoutItems(request);
  shared.set_view(request.view());
  return shared;
}

v1::BatchEraseRequest SharedOf(const v1::BatchEraseRequest& request) {
  return OfFieldWithoutItems(request);
}

absl::Status ItemTooLarge(size_t index) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kRequestTooLarge,
               "the item, with what the batch shares, exceeds a request's 4 MiB",
               "items[" + std::to_string(index) + "]");
}

absl::Status ShiftedStatus(const absl::Status& status, size_t begin) {
  google::rpc::Status error = ToItemError(status);
  ShiftItemIndex(begin, &error);
  return StatusOfItem(error);
}

}  // namespace fieldkms
