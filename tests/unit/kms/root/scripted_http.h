// An HttpClient that answers what the test says.
#ifndef FIELDKMS_TESTS_UNIT_KMS_ROOT_SCRIPTED_HTTP_H_
#define FIELDKMS_TESTS_UNIT_KMS_ROOT_SCRIPTED_HTTP_H_

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "kms/root/http_client.h"

namespace fieldkms {

// What was asked, and what is answered.
struct HttpScript {
  std::function<absl::StatusOr<HttpResponse>(const HttpRequest&)> answer;
  std::vector<HttpRequest> seen = {};

  int Count(std::string_view url_end) const {
    int count = 0;
    for (const HttpRequest& request : seen) count += request.url.ends_with(url_end) ? 1 : 0;
    return count;
  }
};

// `script` must outlive it. Thread-safe.
class ScriptedHttp final : public HttpClient {
 public:
  explicit ScriptedHttp(HttpScript& script) : script_(script) {}
  absl::StatusOr<HttpResponse> Send(const HttpRequest& request, Deadline) const override {
    const std::lock_guard lock(mutex_);
    script_.seen.push_back(request);
    return script_.answer(request);
  }

 private:
  HttpScript& script_;
  mutable std::mutex mutex_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_TESTS_UNIT_KMS_ROOT_SCRIPTED_HTTP_H_
