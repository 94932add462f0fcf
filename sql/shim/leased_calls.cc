#include "sql/shim/leased_calls.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "clients/cpp/batch.h"
#include "clients/cpp/rpc_status.h"
#include "clients/cpp/wipe.h"
#include "crypto/status.h"
#include "sql/shim/local_work.h"

namespace fieldkms::shim {
namespace {

// How the two directions differ.
struct Sealing {
  static constexpr LocalUse::Operation kOperation = LocalUse::Operation::kEncrypt;
  static const std::string& In(const auto& message) { return message.plaintext(); }
  static std::string* Out(auto* message) { return message->mutable_ciphertext(); }
};

struct Opening {
  static constexpr LocalUse::Operation kOperation = LocalUse::Operation::kDecrypt;
  static const std::string& In(const auto& message) { return message.ciphertext(); }
  static std::string* Out(auto* message) { return message->mutable_plaintext(); }
};

void AddContext(const google::protobuf::RepeatedPtrField<v1::ContextEntry>& entries,
                LocalInput* input) {
  for (const v1::ContextEntry& entry : entries) {
    input->context.push_back({entry.name(), entry.value()});
  }
}

bool IsUnreachable(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kDeadlineExceeded;
}

// Whether nobody needs to be asked any more.
bool IsSettled(const LocalOutcome& outcome) {
  return outcome.status && (outcome.status->ok() || IsUnreachable(*outcome.status) ||
                            ReasonOf(*outcome.status) == Reason::kDecryptFailed);
}

template <class Direction, class Response, class Request, class Send>
absl::StatusOr<Response> RunOne(Backend& backend, LocalTally& tally, const Request& request,
                                Send send) {
  LeasableKey* const key = backend.Leasable(request.tenant(), request.key());
  if (key == nullptr) return send(request);
  LocalWork work(*key, Direction::kOperation, 1, [&request](size_t, LocalInput* input) {
    input->bytes = Direction::In(request);
    input->context.clear();
    AddContext(request.context(), input);
    return absl::OkStatus();
  });
  work.WorkThroughAll();
  tally = work.tally();
  const LocalOutcome& outcome = work.outcome(0);
  if (!IsSettled(outcome)) return send(request);
  if (!outcome.status->ok()) return *outcome.status;
  Response response;
  Direction::Out(&response)->assign(work.value(0));
  response.set_key_version(outcome.key_version);
  return response;
}

// The results of a batch, in order: those of `rest` are the service's.
template <class Direction, class Response>
Response Merge(const LocalWork& work, const std::vector<size_t>& rest,
               absl::StatusOr<Response>* asked) {
  Response merged;
  merged.mutable_results()->Reserve(static_cast<int>(work.count()));
  size_t next = 0;
  for (size_t i = 0; i < work.count(); ++i) {
    auto* const result = merged.add_results();
    if (next == rest.size() || rest[next] != i) {
      if (work.outcome(i).status->ok()) {
        Direction::Out(result)->assign(work.value(i));
        result->set_key_version(work.outcome(i).key_version);
      } else {
        *result->mutable_error() = ToItemError(*work.outcome(i).status);
      }
    } else if (!asked->ok()) {
      *result->mutable_error() = ToItemError(asked->status());
      ++next;
    } else {
      result->Swap((*asked)->mutable_results(static_cast<int>(next)));
      if (result->has_error()) ShiftItemIndex(i - next, result->mutable_error());
      ++next;
    }
    if (result->has_error()) merged.set_failed_count(merged.failed_count() + 1);
  }
  return merged;
}

template <class Direction, class Response, class Request, class Send>
absl::StatusOr<Response> RunBatch(Backend& backend, LocalTally& tally, const Request& request,
                                  Send send) {
  LeasableKey* const key = backend.Leasable(request.tenant(), request.key());
  if (key == nullptr || request.items().empty()) return send(request);
  LocalWork work(*key, Direction::kOperation, static_cast<size_t>(request.items_size()),
                 [&request](size_t index, LocalInput* input) {
                   const auto& item = request.items(static_cast<int>(index));
                   input->bytes = Direction::In(item);
                   input->context.clear();
                   AddContext(request.shared_context(), input);
                   AddContext(item.context(), input);
                   return absl::OkStatus();
                 });
  work.WorkThroughAll();
  tally = work.tally();
  std::vector<size_t> rest;
  bool is_unreachable = true;
  for (size_t i = 0; i < work.count(); ++i) {
    const LocalOutcome& outcome = work.outcome(i);
    if (!IsSettled(outcome)) rest.push_back(i);
    is_unreachable = is_unreachable && outcome.status && IsUnreachable(*outcome.status);
  }
  if (rest.size() == work.count()) return send(request);
  // Nothing was done: it is the call that failed.
  if (is_unreachable) return *work.outcome(0).status;
  absl::StatusOr<Response> asked = Response();
  if (!rest.empty()) {
    Request part = SharedOf(request);
    const WipeGuard wipe(&part);
    for (const size_t i : rest) *part.add_items() = request.items(static_cast<int>(i));
    asked = send(part);
    if (asked.ok() && asked->results_size() != part.items_size()) {
      asked = Bug("the service answered a batch with another number of results");
    }
  }
  return Merge<Direction>(work, rest, &asked);
}

}  // namespace

absl::StatusOr<v1::EncryptResponse> LeasedCalls::Encrypt(const v1::EncryptRequest& request) {
  return RunOne<Sealing, v1::EncryptResponse>(backend_, tally_, request, [this](const auto& ready) {
    return backend_.client().Encrypt(ready);
  });
}

absl::StatusOr<v1::DecryptResponse> LeasedCalls::Decrypt(const v1::DecryptRequest& request) {
  return RunOne<Opening, v1::DecryptResponse>(backend_, tally_, request, [this](const auto& ready) {
    return backend_.client().Decrypt(ready);
  });
}

absl::StatusOr<v1::BatchEncryptResponse> LeasedCalls::BatchEncrypt(
    const v1::BatchEncryptRequest& request) {
  return RunBatch<Sealing, v1::BatchEncryptResponse>(
      backend_, tally_, request,
      [this](const auto& ready) { return backend_.client().BatchEncrypt(ready); });
}

absl::StatusOr<v1::BatchDecryptResponse> LeasedCalls::BatchDecrypt(
    const v1::BatchDecryptRequest& request) {
  return RunBatch<Opening, v1::BatchDecryptResponse>(
      backend_, tally_, request,
      [this](const auto& ready) { return backend_.client().BatchDecrypt(ready); });
}

}  // namespace fieldkms::shim
