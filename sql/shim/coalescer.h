// Coalescer: batches that form by themselves. While a call is under way, those that have the same
// in common with it wait together, and become the next one: no timer, no wait while nothing waits.
#ifndef FIELDKMS_SQL_SHIM_COALESCER_H_
#define FIELDKMS_SQL_SHIM_COALESCER_H_

#include <algorithm>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/cpp/batch.h"
#include "clients/cpp/call_timeout.h"
#include "clients/cpp/rpc_status.h"
#include "clients/cpp/wipe.h"
#include "crypto/status.h"
#include "sql/shim/workers.h"

namespace fieldkms::shim {

using CallTime = std::chrono::steady_clock::time_point;

// Calls with more items than this go by themselves.
inline constexpr int kMostCoalesced = 256;
// A merged call has no more items than about this.
inline constexpr int kMostMerged = 4096;

absl::Status ShimDeadlineOver();

// Request and Response: of a batch call. Thread-safe. Outlives its jobs: stop the workers first.
template <class Request, class Response>
class Coalescer {
 public:
  // Runs on a worker, with a CallTimeout around it.
  using Call = std::function<absl::StatusOr<Response>(const Request&)>;
  using Done = std::function<void(absl::StatusOr<Response>)>;

  Coalescer(Workers& workers, Call call) : workers_(workers), call_(std::move(call)) {}

  // Has `request` answered, in a call with others of the same `common` or by itself. `common`
  // stands for all that its items share: who asks, the tenant, the field, the view. `done` gets
  // the results of its items, and only these; its errors count in its own items. It runs once, on
  // a worker, or here if there is no room. A merged call waits as long as the most patient of its
  // callers; one that fails as a whole fails for all of them.
  void Submit(const std::string& common, Request request, CallTime deadline, Done done) {
    Waiting waiting{std::move(request), deadline, std::move(done)};
    if (waiting.request.items_size() > kMostCoalesced) return Alone(std::move(waiting));
    {
      const std::lock_guard lock(mutex_);
      const auto [lane, is_new] = lanes_.try_emplace(common);
      if (!is_new) {
        lane->second.push_back(std::move(waiting));
        return;
      }
    }
    const auto first = std::make_shared<std::vector<Waiting>>();
    first->push_back(std::move(waiting));
    if (workers_.Submit([this, common, first] { RunLane(common, std::move(*first)); })) return;
    // Whoever came meanwhile waits for a lane that nobody runs.
    for (std::vector<Waiting> left = std::move(*first); !left.empty(); left = NextOf(common)) {
      for (Waiting& one : left) Finish(one, ShimOverloaded());
    }
  }

 private:
  struct Waiting {
    Request request;
    CallTime deadline;
    Done done;
  };

  void Alone(Waiting waiting) {
    const auto one = std::make_shared<std::vector<Waiting>>();
    one->push_back(std::move(waiting));
    if (workers_.Submit([this, one] { RunTogether(*one); })) return;
    Finish(one->front(), ShimOverloaded());
  }

  void RunLane(const std::string& common, std::vector<Waiting> batch) {
    for (; !batch.empty(); batch = NextOf(common)) RunTogether(batch);
  }

  // Those that go next; none: the lane is gone.
  std::vector<Waiting> NextOf(const std::string& common) {
    const std::lock_guard lock(mutex_);
    const auto lane = lanes_.find(common);
    std::vector<Waiting>& queue = lane->second;
    if (queue.empty()) {
      lanes_.erase(lane);
      return {};
    }
    int items = 0;
    auto end = queue.begin();
    while (end != queue.end() && items < kMostMerged) items += (end++)->request.items_size();
    std::vector<Waiting> next(std::make_move_iterator(queue.begin()), std::make_move_iterator(end));
    queue.erase(queue.begin(), end);
    return next;
  }

  void RunTogether(std::vector<Waiting>& batch) {
    const CallTime now = std::chrono::steady_clock::now();
    std::erase_if(batch, [&](Waiting& one) {
      if (one.deadline > now) return false;
      Finish(one, ShimDeadlineOver());
      return true;
    });
    if (batch.empty()) return;
    CallTime latest = batch.front().deadline;
    for (const Waiting& one : batch) latest = std::max(latest, one.deadline);
    const CallTimeout timeout(std::max(std::chrono::milliseconds(1),
                                       std::chrono::ceil<std::chrono::milliseconds>(latest - now)));
    if (batch.size() == 1) return Finish(batch.front(), call_(batch.front().request));
    Request merged = SharedOf(batch.front().request);
    const WipeGuard wipe(&merged);
    for (Waiting& one : batch) {
      for (auto& item : *one.request.mutable_items()) merged.add_items()->Swap(&item);
    }
    Split(batch, call_(merged));
  }

  void Split(std::vector<Waiting>& batch, absl::StatusOr<Response> answer) {
    int offset = 0;
    for (Waiting& one : batch) {
      const int size = one.request.items_size();
      if (!answer.ok()) {
        Finish(one, answer.status());
      } else if (offset + size > answer->results_size()) {
        Finish(one, Bug("the service answered a batch with fewer results than items"));
      } else {
        Response part;
        for (int i = offset; i < offset + size; ++i) {
          auto* const result = part.add_results();
          result->Swap(answer->mutable_results(i));
          if (!result->has_error()) continue;
          // Adding what is below zero, modulo 2^64, is taking away.
          ShiftItemIndex(size_t{0} - static_cast<size_t>(offset), result->mutable_error());
        }
        Finish(one, std::move(part));
      }
      offset += size;
    }
  }

  static void Finish(Waiting& one, absl::StatusOr<Response> answer) {
    WipePlaintext(&one.request);
    one.done(std::move(answer));
  }

  Workers& workers_;
  const Call call_;
  std::mutex mutex_;
  // Each is there while a call of it is under way, with those that wait for the next.
  std::unordered_map<std::string, std::vector<Waiting>> lanes_;
};

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_COALESCER_H_
