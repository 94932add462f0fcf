// How far a long stage is: a bar that redraws itself on a terminal, else nothing.
#ifndef FIELDKMS_DEPLOY_SAMPLE_PROGRESS_H_
#define FIELDKMS_DEPLOY_SAMPLE_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <string>

namespace fieldkms::sample {

// Progress draws on standard error. Not thread-safe.
class Progress {
 public:
  Progress(std::string what, int64_t total);
  // Erases the bar.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Add(int64_t done);
  int64_t done() const { return done_; }

  // Seconds since construction.
  double Seconds() const;

 private:
  const std::string what_;
  const int64_t total_;
  const bool terminal_;
  const std::chrono::steady_clock::time_point start_;
  int64_t done_ = 0;
};

}  // namespace fieldkms::sample

#endif  // FIELDKMS_DEPLOY_SAMPLE_PROGRESS_H_
