// A root key that does what the test says, and hangs while the test says so.
#ifndef FIELDKMS_TESTS_UNIT_KMS_ROOT_SCRIPTED_ROOT_H_
#define FIELDKMS_TESTS_UNIT_KMS_ROOT_SCRIPTED_ROOT_H_

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string>

#include "crypto/bytes.h"
#include "crypto/status.h"
#include "kms/root/root_key.h"

namespace fieldkms::testing {

// Thread-safe. Wrapping adds the context before the key, in plain.
class ScriptedRoot final : public RootKey {
 public:
  explicit ScriptedRoot(std::string name = "scripted") : name_(std::move(name)) {}

  std::string Describe() const override { return name_; }
  absl::StatusOr<std::string> Wrap(const SecretBytes& key, std::string_view context,
                                   Deadline deadline) const override {
    FIELDKMS_RETURN_IF_ERROR(Enter(deadline));
    return name_ + std::string(context) + std::string(AsText(key.Expose()));
  }
  absl::StatusOr<SecretBytes> Unwrap(std::string_view wrapped, std::string_view context,
                                     Deadline deadline) const override {
    FIELDKMS_RETURN_IF_ERROR(Enter(deadline));
    const std::string prefix = name_ + std::string(context);
    if (!wrapped.starts_with(prefix)) {
      return Error(absl::StatusCode::kFailedPrecondition, Reason::kRootWrongKey, "not mine");
    }
    return SecretBytes::CopyOf(AsBytes(wrapped.substr(prefix.size())));
  }

  // What calls return instead of their result, from now on; OK: their result.
  void Fail(absl::StatusCode code, Reason reason) {
    const std::lock_guard lock(mutex_);
    code_ = code;
    reason_ = reason;
  }
  void GoDown() { Fail(absl::StatusCode::kUnavailable, Reason::kRootUnavailable); }
  void ComeBack() { Fail(absl::StatusCode::kOk, Reason::kUnspecified); }

  // Calls do not return, whatever their deadline, until Release.
  void Hang() {
    const std::lock_guard lock(mutex_);
    hangs_ = true;
  }
  void Release() {
    {
      const std::lock_guard lock(mutex_);
      hangs_ = false;
    }
    changed_.notify_all();
  }

  // Waits until `count` calls are in it.
  void AwaitInside(int count) const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return inside_ == count; });
  }
  int calls() const { return Get(calls_); }
  int most_inside() const { return Get(most_inside_); }
  Deadline last_deadline() const { return Get(last_deadline_); }

 private:
  absl::Status Enter(Deadline deadline) const {
    std::unique_lock lock(mutex_);
    ++calls_;
    last_deadline_ = deadline;
    most_inside_ = std::max(most_inside_, ++inside_);
    changed_.notify_all();
    changed_.wait(lock, [&] { return !hangs_; });
    --inside_;
    changed_.notify_all();
    if (code_ == absl::StatusCode::kOk) return absl::OkStatus();
    return Error(code_, reason_, "as the script says");
  }
  template <class T>
  T Get(const T& value) const {
    const std::lock_guard lock(mutex_);
    return value;
  }

  const std::string name_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  absl::StatusCode code_ = absl::StatusCode::kOk;
  Reason reason_ = Reason::kUnspecified;
  bool hangs_ = false;
  mutable int calls_ = 0;
  mutable int inside_ = 0;
  mutable int most_inside_ = 0;
  mutable Deadline last_deadline_{};
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_KMS_ROOT_SCRIPTED_ROOT_H_
