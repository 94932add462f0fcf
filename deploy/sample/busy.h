// An application that must not notice a rotation: one thread reads, one writes.
#ifndef FIELDKMS_DEPLOY_SAMPLE_BUSY_H_
#define FIELDKMS_DEPLOY_SAMPLE_BUSY_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "deploy/sample/protector.h"
#include "deploy/sample/stages.h"

namespace fieldkms::sample {

// A thread that does its work over and over, until it is stopped or fails.
class BusyThread {
 public:
  // `work` does a piece and returns how many values it came to; called on the thread.
  using Work = std::function<absl::StatusOr<size_t>()>;
  explicit BusyThread(Work work);

  // Waits until it has done `more` values, or failed.
  void WaitForMore(size_t more) const;
  // Stops it; its error, if any.
  absl::Status Stop();
  size_t values() const { return values_; }

 private:
  void Run(const std::stop_token& stop);

  const Work work_;
  std::atomic<size_t> values_{0};
  std::atomic<bool> finished_{false};
  absl::Status status_;
  std::jthread thread_;  // last: it uses the others
};

// Decrypts card numbers, from the first customer to the last and again. Both arguments must
// outlive what is returned.
BusyThread::Work ReadCards(const Stage& stage, Protector& protector);

// Gives one customer after another, but the first, another card.
BusyThread::Work WriteCards(const Stage& stage, Protector& protector);

}  // namespace fieldkms::sample

#endif  // FIELDKMS_DEPLOY_SAMPLE_BUSY_H_
