// One request and its response on a handle of libcurl.
#ifndef FIELDKMS_KMS_ROOT_HTTP_EXCHANGE_H_
#define FIELDKMS_KMS_ROOT_HTTP_EXCHANGE_H_

#include <curl/curl.h>

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/wiping_allocator.h"
#include "kms/clock.h"
#include "kms/root/http_client.h"

namespace fieldkms {

struct CurlCleanup {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlHandle = std::unique_ptr<CURL, CurlCleanup>;
using CurlList = std::unique_ptr<curl_slist, CurlCleanup>;

// HttpExchange runs once. It sets all that it needs on `handle`, which keeps nothing
// of it but connections. Not thread-safe; all that it is given must outlive it.
class HttpExchange {
 public:
  HttpExchange(const HttpOptions& options, const HttpRequest& request, Deadline deadline,
               CURL* handle)
      : options_(options), request_(request), deadline_(deadline), handle_(handle) {}

  // As HttpClient::Send.
  absl::StatusOr<HttpResponse> Run();

 private:
  absl::Status CheckRequest() const;
  bool SetRules();
  bool SetTls();
  bool SetTimes();
  bool SetRequest();
  bool SetSinks();
  absl::Status Failure(CURLcode code) const;
  // "POST https://host:8200".
  std::string Target() const;

  static size_t OnHeader(char* data, size_t, size_t size, void* exchange);
  static size_t OnBody(char* data, size_t, size_t size, void* exchange);
  bool TakeHeader(std::string_view line);
  bool TakeBody(std::string_view piece);

  const HttpOptions& options_;
  const HttpRequest& request_;
  const Deadline deadline_;
  CURL* const handle_;
  CurlList headers_;
  HttpResponse response_;
  WipedBuffer body_;  // it grows, and leaves no copy behind as it does
  size_t header_size_ = 0;
  bool too_long_ = false;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_HTTP_EXCHANGE_H_
