// Signals, and words from other threads, as something the main thread waits for.
#ifndef FIELDKMS_KMS_OBSERVE_SIGNALS_H_
#define FIELDKMS_KMS_OBSERVE_SIGNALS_H_

#include <chrono>

namespace fieldkms {

// Blocks SIGTERM and SIGINT (in threads started later too) and ignores SIGPIPE.
class Signals {
 public:
  // kTold: SIGHUP, too, is waited for. kNotTold: it ends the process.
  enum class Reload { kNotTold, kTold };
  explicit Signals(Reload reload = Reload::kNotTold);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  enum class Event { kStop, kReload, kWake, kTimeout };
  // Waits for a signal, a Wake, or the timeout.
  Event Wait(std::chrono::milliseconds timeout);

  // Wake ends a Wait, now or the next one. Any thread.
  void Wake();

  // From here on a stop signal ends the process at once.
  void Unblock();

 private:
  int signals_;
  int wake_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_OBSERVE_SIGNALS_H_
