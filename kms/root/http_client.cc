#include "kms/root/http_client.h"

#include <curl/curl.h>
#include <strings.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>

#include "crypto/status.h"
#include "kms/root/curl_memory.h"
#include "kms/root/http_exchange.h"

namespace fieldkms {
namespace {

using std::chrono::milliseconds;

absl::Status BadOptions(const std::string& message) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid, message);
}

absl::Status CheckOptions(const HttpOptions& options) {
  if (options.client_certificate.empty() != options.client_key.empty()) {
    return BadOptions("a client certificate and its key come together");
  }
  if (options.connect_timeout <= milliseconds(0) || options.call_timeout <= milliseconds(0)) {
    return BadOptions("a time-out must be longer than 0");
  }
  for (const std::string* path :
       {&options.ca_file, &options.client_certificate, &options.client_key}) {
    if (!path->empty() && access(path->c_str(), R_OK) != 0) {
      return BadOptions("cannot read the file " + *path);
    }
  }
  return absl::OkStatus();
}

// Handles keep their connections. A handle serves one call at a time.
class HandlePool {
 public:
  CurlHandle Take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        CurlHandle handle = std::move(idle_.back());
        idle_.pop_back();
        return handle;
      }
    }
    return CurlHandle(curl_easy_init());
  }

  void GiveBack(CurlHandle handle) {
    {
      const std::lock_guard lock(mutex_);
      if (idle_.size() < kMaxIdle) idle_.push_back(std::move(handle));
    }
    // One too many is closed here, without the lock: that is I/O.
    handle.reset();
  }

 private:
  static constexpr size_t kMaxIdle = 16;

  std::mutex mutex_;
  std::vector<CurlHandle> idle_;
};

class CurlClient final : public HttpClient {
 public:
  explicit CurlClient(const HttpOptions& options) : options_(options) {}

  absl::StatusOr<HttpResponse> Send(const HttpRequest& request, Deadline deadline) const override {
    CurlHandle handle = pool_.Take();
    if (handle == nullptr) return Bug("libcurl has no handle");
    absl::StatusOr<HttpResponse> response =
        HttpExchange(options_, request, deadline, handle.get()).Run();
    pool_.GiveBack(std::move(handle));
    return response;
  }

 private:
  const HttpOptions options_;
  mutable HandlePool pool_;
};

}  // namespace

const std::string* FindHeader(const HttpResponse& response, std::string_view name) {
  const auto found =
      std::find_if(response.headers.begin(), response.headers.end(), [name](const auto& header) {
        return header.first.size() == name.size() &&
               strncasecmp(header.first.data(), name.data(), name.size()) == 0;
      });
  return found == response.headers.end() ? nullptr : &found->second;
}

absl::StatusOr<std::unique_ptr<HttpClient>> MakeHttpClient(const HttpOptions& options) {
  FIELDKMS_RETURN_IF_ERROR(CheckOptions(options));
  FIELDKMS_RETURN_IF_ERROR(InitCurl());
  return std::make_unique<CurlClient>(options);
}

}  // namespace fieldkms
