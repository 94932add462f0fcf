#include "kms/root/http_exchange.h"

#include <strings.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

using std::chrono::milliseconds;

template <class T>
bool Set(CURL* handle, CURLoption option, T value) {
  return curl_easy_setopt(handle, option, value) == CURLE_OK;
}

// nullptr, libcurl's "none", for an empty string.
const char* OrNone(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

// What may stand in a request line or header: no line break that would begin another.
bool IsOneLine(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

// Rounded up, so that libcurl, which counts milliseconds, ends no earlier. libcurl
// takes 0 for "never".
milliseconds UpTo(Deadline deadline, Deadline now, milliseconds limit) {
  if (deadline - now >= limit) return limit;
  return std::max(milliseconds(1), std::chrono::ceil<milliseconds>(deadline - now));
}

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

absl::Status Late() {
  return Error(absl::StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded,
               "the deadline passed before the root of trust answered");
}

}  // namespace

absl::StatusOr<HttpResponse> HttpExchange::Run() {
  FIELDKMS_RETURN_IF_ERROR(CheckRequest());
  if (deadline_ <= SystemClock().Steady()) return Late();
  // Forgets the options of the last call, and keeps the connections.
  curl_easy_reset(handle_);
  if (!SetRules() || !SetTls() || !SetTimes() || !SetRequest() || !SetSinks()) {
    return Bug("libcurl refuses an option");
  }
  const CURLcode code = curl_easy_perform(handle_);
  long status = 0;
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  // What libcurl was given goes away with this object.
  curl_easy_reset(handle_);
  if (code != CURLE_OK) return Failure(code);
  response_.status = static_cast<int>(status);
  response_.body.assign(AsText(body_));
  return std::move(response_);
}

absl::Status HttpExchange::CheckRequest() const {
  const std::string_view url = request_.url;
  bool sound = (url.starts_with("https://") || url.starts_with("http://")) && IsOneLine(url) &&
               !request_.method.empty() && IsOneLine(request_.method);
  for (const auto& [name, value] : request_.headers) {
    sound = sound && !name.empty() && IsOneLine(name) && IsOneLine(value);
  }
  if (sound) return absl::OkStatus();
  return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid,
               "method, URL or a header of a request to the root of trust is not legal");
}

bool HttpExchange::SetRules() {
  return Set(handle_, CURLOPT_PROTOCOLS_STR, "http,https") &&
         Set(handle_, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1}) &&
         Set(handle_, CURLOPT_FOLLOWLOCATION, 0L) &&
         Set(handle_, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) &&
         // "" is no proxy, nullptr would be the environment's.
         Set(handle_, CURLOPT_PROXY, options_.proxy.c_str()) && Set(handle_, CURLOPT_NOPROXY, "") &&
         Set(handle_, CURLOPT_UNIX_SOCKET_PATH, OrNone(options_.unix_socket)) &&
         Set(handle_, CURLOPT_TCP_KEEPALIVE, 1L) && Set(handle_, CURLOPT_NOSIGNAL, 1L) &&
         // A name server that hangs does not hold up the caller: the thread that asks
         // it is left behind, and ends with its own time-out.
         Set(handle_, CURLOPT_QUICK_EXIT, 1L);
}

bool HttpExchange::SetTls() {
  if (!Set(handle_, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2}) ||
      !Set(handle_, CURLOPT_SSL_VERIFYPEER, 1L) || !Set(handle_, CURLOPT_SSL_VERIFYHOST, 2L) ||
      !Set(handle_, CURLOPT_SSLCERT, OrNone(options_.client_certificate)) ||
      !Set(handle_, CURLOPT_SSLKEY, OrNone(options_.client_key))) {
    return false;
  }
  if (options_.ca_file.empty()) return true;
  // Without the second, the system's authorities would be trusted too.
  return Set(handle_, CURLOPT_CAINFO, options_.ca_file.c_str()) &&
         Set<const char*>(handle_, CURLOPT_CAPATH, nullptr);
}

bool HttpExchange::SetTimes() {
  const Deadline now = SystemClock().Steady();
  const auto call = UpTo(deadline_, now, options_.call_timeout).count();
  const auto connect = UpTo(deadline_, now, options_.connect_timeout).count();
  return Set(handle_, CURLOPT_TIMEOUT_MS, long{call}) &&
         Set(handle_, CURLOPT_CONNECTTIMEOUT_MS, long{connect});
}

bool HttpExchange::SetRequest() {
  bool has_type = false;
  const auto add = [this](const std::string& line) {
    curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) return false;
    (void)headers_.release();
    headers_.reset(longer);
    return true;
  };
  for (const auto& [name, value] : request_.headers) {
    // libcurl takes "Name:" for "send no such header".
    std::string line;
    line.reserve(name.size() + 2 + value.size());  // moving it would leave a token behind
    line += name;
    line += value.empty() ? ";" : ": ";
    line += value;
    const bool added = add(line);
    WipeString(&line);
    if (!added) return false;
    has_type = has_type || strcasecmp(name.c_str(), "Content-Type") == 0;
  }
  if (!add("Expect:") || (!has_type && !add("Content-Type:"))) return false;
  const bool has_body = !request_.body.empty() || request_.method == "POST";
  if (has_body &&
      (!Set(handle_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size())) ||
       !Set(handle_, CURLOPT_POSTFIELDS, request_.body.data()))) {
    return false;
  }
  return Set(handle_, CURLOPT_URL, request_.url.c_str()) &&
         Set(handle_, CURLOPT_NOBODY, request_.method == "HEAD" ? 1L : 0L) &&
         Set(handle_, CURLOPT_CUSTOMREQUEST, request_.method.c_str()) &&
         Set(handle_, CURLOPT_HTTPHEADER, headers_.get());
}

bool HttpExchange::SetSinks() {
  return Set(handle_, CURLOPT_HEADERFUNCTION, &HttpExchange::OnHeader) &&
         Set(handle_, CURLOPT_HEADERDATA, this) &&
         Set(handle_, CURLOPT_WRITEFUNCTION, &HttpExchange::OnBody) &&
         Set(handle_, CURLOPT_WRITEDATA, this);
}

size_t HttpExchange::OnHeader(char* data, size_t, size_t size, void* exchange) {
  return static_cast<HttpExchange*>(exchange)->TakeHeader({data, size}) ? size : 0;
}

size_t HttpExchange::OnBody(char* data, size_t, size_t size, void* exchange) {
  return static_cast<HttpExchange*>(exchange)->TakeBody({data, size}) ? size : 0;
}

bool HttpExchange::TakeHeader(std::string_view line) {
  header_size_ += line.size();
  if (header_size_ > options_.max_response) {
    too_long_ = true;
    return false;
  }
  // A status line: what came before belongs to a 1xx.
  if (line.starts_with("HTTP/")) response_.headers.clear();
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || line.starts_with("HTTP/")) return true;
  response_.headers.emplace_back(Trim(line.substr(0, colon)), Trim(line.substr(colon + 1)));
  return true;
}

bool HttpExchange::TakeBody(std::string_view piece) {
  if (piece.size() > options_.max_response - body_.size()) {
    too_long_ = true;
    return false;
  }
  const ByteView bytes = AsBytes(piece);
  body_.insert(body_.end(), bytes.begin(), bytes.end());
  return true;
}

std::string HttpExchange::Target() const {
  const std::string_view url = request_.url;
  const size_t scheme = url.find("://");
  const size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::string_view authority = url.substr(host, url.find_first_of("/?#", host) - host);
  // What stands before an "@" may be a password.
  const size_t at = authority.rfind('@');
  return request_.method + " " + std::string(url.substr(0, host)) +
         std::string(at == std::string_view::npos ? authority : authority.substr(at + 1));
}

absl::Status HttpExchange::Failure(CURLcode code) const {
  if (code == CURLE_OPERATION_TIMEDOUT && SystemClock().Steady() >= deadline_) return Late();
  const std::string text =
      Target() + ": " +
      (too_long_ ? "the response is longer than allowed" : curl_easy_strerror(code));
  // The latter is what it calls user information in a URL.
  if (code == CURLE_URL_MALFORMAT || code == CURLE_LOGIN_DENIED) {
    return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid, text);
  }
  return Error(absl::StatusCode::kUnavailable, Reason::kRootUnavailable, text);
}

}  // namespace fieldkms
