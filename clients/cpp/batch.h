// Batches of any length: cut into calls within the service's limits, a few in
// flight, put together in order. Knows nothing of gRPC: the call is a function.
#ifndef FIELDKMS_CLIENTS_CPP_BATCH_H_
#define FIELDKMS_CLIENTS_CPP_BATCH_H_

#include <google/protobuf/wire_format_lite.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cpp/limits.h"
#include "clients/cpp/rpc_status.h"
#include "clients/cpp/wipe.h"
#include "crypto/status.h"
#include "fieldkms/v1/crypto_service.pb.h"
#include "fieldkms/v1/field_service.pb.h"

namespace fieldkms {

struct BatchLimits {
  size_t request_size = kMaxRequestSize;  // encoded bytes of one call
  size_t items = kMaxBatchItems;          // of one call, at least 1
  size_t calls_in_flight = kMaxCallsInFlight;
};

// A run of items for one call.
struct BatchPart {
  size_t begin = 0;
  size_t end = 0;
  // The part is one item that exceeds the limit all alone: it cannot be sent.
  bool too_large = false;
};

// PlanBatch cuts `count` items into the fewest runs, in order, of which each is
// within `limits` together with `shared_size` bytes. `item_size` returns the
// encoded bytes that item i adds to a request.
std::vector<BatchPart> PlanBatch(size_t count, size_t shared_size,
                                 const std::function<size_t(size_t)>& item_size,
                                 const BatchLimits& limits);

// ForEachConcurrently calls work(0) ... work(count - 1), at most `workers` at a
// time, on the calling thread and others, and returns when all are done.
void ForEachConcurrently(size_t count, size_t workers, const std::function<void(size_t)>& work);

// SharedOf returns the request without its items.
v1::BatchEncryptRequest SharedOf(const v1::BatchEncryptRequest& request);
v1::BatchDecryptRequest SharedOf(const v1::BatchDecryptRequest& request);
v1::BatchRewrapRequest SharedOf(const v1::BatchRewrapRequest& request);
v1::BatchComputeMacRequest SharedOf(const v1::BatchComputeMacRequest& request);
v1::BatchVerifyMacRequest SharedOf(const v1::BatchVerifyMacRequest& request);
v1::BatchProtectRequest SharedOf(const v1::BatchProtectRequest& request);
v1::BatchRevealRequest SharedOf(const v1::BatchRevealRequest& request);
v1::BatchMaskRequest SharedOf(const v1::BatchMaskRequest& request);
v1::BatchBlindIndexRequest SharedOf(const v1::BatchBlindIndexRequest& request);
v1::BatchValidateRequest SharedOf(const v1::BatchValidateRequest& request);
v1::BatchTokenizeRequest SharedOf(const v1::BatchTokenizeRequest& request);
v1::BatchDetokenizeRequest SharedOf(const v1::BatchDetokenizeRequest& request);
v1::BatchEraseRequest SharedOf(const v1::BatchEraseRequest& request);

absl::Status ItemTooLarge(size_t index);
// In terms of the whole batch, what `status` says of a part that begins at `begin`.
absl::Status ShiftedStatus(const absl::Status& status, size_t begin);

// EncodedItemSize is what an item adds to its request: tag, length and bytes.
template <class Item>
size_t EncodedItemSize(const Item& item) {
  constexpr size_t kTagSize = 1;  // `items` is a field below 16 of every batch request
  return kTagSize +
         google::protobuf::internal::WireFormatLite::LengthDelimitedSize(item.ByteSizeLong());
}

template <class Request>
std::vector<BatchPart> PlanRequest(const Request& request, const Request& shared,
                                   const BatchLimits& limits) {
  return PlanBatch(
      static_cast<size_t>(request.items_size()), shared.ByteSizeLong(),
      [&](size_t i) { return EncodedItemSize(request.items(static_cast<int>(i))); }, limits);
}

template <class Request, class Response>
using BatchCall = std::function<absl::StatusOr<Response>(const Request&)>;

// CallPart sends one part, and refuses a response of another length: whose
// result is whose would be a guess.
template <class Request, class Response>
absl::StatusOr<Response> CallPart(const Request& part, const BatchCall<Request, Response>& call) {
  absl::StatusOr<Response> response = call(part);
  if (response.ok() && response->results_size() != part.items_size()) {
    return Error(absl::StatusCode::kInternal, Reason::kInternal,
                 "the service answered a batch with another number of results than items");
  }
  return response;
}

// AppendResults moves the results of a part to the end of `merged`, or gives the
// items that it carried its error.
template <class Response>
void AppendResults(const BatchPart& part, absl::StatusOr<Response>* from, Response* merged) {
  if (!from->ok()) {
    const google::rpc::Status error = ToItemError(ShiftedStatus(from->status(), part.begin));
    for (size_t i = part.begin; i < part.end; ++i) *merged->add_results()->mutable_error() = error;
    merged->set_failed_count(merged->failed_count() + static_cast<uint32_t>(part.end - part.begin));
    return;
  }
  for (auto& result : *(*from)->mutable_results()) {
    if (result.has_error()) {
      ShiftItemIndex(part.begin, result.mutable_error());
      merged->set_failed_count(merged->failed_count() + 1);
    }
    merged->add_results()->Swap(&result);
  }
  if constexpr (requires { merged->invalid_count(); }) {
    merged->set_invalid_count(merged->invalid_count() + (*from)->invalid_count());
  }
}

// MergeParts puts the parts' responses together; the first error if none
// succeeded.
template <class Response>
absl::StatusOr<Response> MergeParts(const std::vector<BatchPart>& parts,
                                    std::vector<absl::StatusOr<Response>>* responses) {
  bool any_ok = false;
  for (const auto& response : *responses) any_ok = any_ok || response.ok();
  if (!any_ok) return ShiftedStatus(responses->front().status(), parts.front().begin);
  Response merged;
  for (size_t i = 0; i < parts.size(); ++i) AppendResults(parts[i], &(*responses)[i], &merged);
  return merged;
}

// RunBatch sends `request` through `call`, in parts where it must; see Client for
// what it returns. An empty batch returns an empty response without a call.
template <class Request, class Response>
absl::StatusOr<Response> RunBatch(const Request& request, const BatchLimits& limits,
                                  const BatchCall<Request, Response>& call) {
  if (request.items().empty()) return Response();
  const Request shared = SharedOf(request);
  const std::vector<BatchPart> parts = PlanRequest(request, shared, limits);
  if (parts.size() == 1 && !parts.front().too_large) return CallPart(request, call);

  std::vector<absl::StatusOr<Response>> responses(parts.size());
  ForEachConcurrently(parts.size(), limits.calls_in_flight, [&](size_t index) {
    const BatchPart& part = parts[index];
    if (part.too_large) {
      responses[index] = ItemTooLarge(0);
      return;
    }
    Request piece = shared;
    const WipeGuard wipe(&piece);
    piece.mutable_items()->Reserve(static_cast<int>(part.end - part.begin));
    for (size_t i = part.begin; i < part.end; ++i) {
      *piece.add_items() = request.items(static_cast<int>(i));
    }
    responses[index] = CallPart(piece, call);
  });
  return MergeParts(parts, &responses);
}

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_BATCH_H_
