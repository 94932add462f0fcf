// What tests of the AWS root have in place of the machine and of AWS.
#ifndef FIELDKMS_TESTS_UNIT_KMS_ROOT_AWS_FAKES_H_
#define FIELDKMS_TESTS_UNIT_KMS_ROOT_AWS_FAKES_H_

#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "kms/clock.h"
#include "kms/root/aws_credentials.h"
#include "kms/root/http_client.h"
#include "tests/support/scripted_server.h"

namespace fieldkms::testing {

// A clock whose wall time the test moves; the steady one is the machine's, which time-outs
// of HTTP are measured in. Thread-safe.
class FakeWallClock final : public Clock {
 public:
  WallTime Now() const override { return WallTime(std::chrono::seconds(seconds_.load())); }
  std::chrono::steady_clock::time_point Steady() const override {
    return std::chrono::steady_clock::now();
  }
  void Advance(std::chrono::seconds by) { seconds_ += by.count(); }

 private:
  // 2026-01-02T03:04:05Z.
  std::atomic<std::chrono::seconds::rep> seconds_ = 1'767'323'045;
};

// An environment of these variables only; they outlive it.
using Variables = std::map<std::string, std::string>;
inline AwsGetEnvironment EnvironmentOf(const Variables& variables) {
  return [&variables](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
}

// An HTTP server that gives its answers in turn, whichever connection they are asked on,
// and the last one for ever. It keeps the requests, as they came.
class AnsweringServer {
 public:
  explicit AnsweringServer(std::vector<std::string> answers)
      : answers_(answers.begin(), answers.end()),
        server_([this](int connection) { Serve(connection); }) {}

  std::string url() const { return server_.url(); }
  std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void Serve(int connection) {
    for (;;) {
      const std::string request = ReadRequest(connection);
      if (request.empty()) return;
      Send(connection, NextAnswer(request));
    }
  }

  std::string NextAnswer(const std::string& request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    std::string answer = answers_.front();
    if (answers_.size() > 1) answers_.pop_front();
    return answer;
  }

  std::mutex mutex_;
  std::deque<std::string> answers_;
  std::vector<std::string> requests_;
  ScriptedServer server_;  // last: its threads use the rest
};

// The value of a header of a request as it came; "" if it has none.
inline std::string HeaderOf(const std::string& request, const std::string& name) {
  const size_t at = request.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const size_t begin = at + name.size() + 4;
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

inline std::string BodyOf(const std::string& request) {
  return request.substr(request.find("\r\n\r\n") + 4);
}

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_KMS_ROOT_AWS_FAKES_H_
