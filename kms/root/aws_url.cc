#include "kms/root/aws_url.h"

#include <arpa/inet.h>

#include <algorithm>

#include "crypto/status.h"

namespace fieldkms {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }

bool IsUrlCharacter(char c) { return c > ' ' && c < '\x7f' && c != '"' && c != '\\' && c != '#'; }

bool IsHostCharacter(char c) {
  return IsDigit(c) || IsLower(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == ':';
}

bool IsPort(std::string_view text) {
  return !text.empty() && text.size() <= 5 && std::all_of(text.begin(), text.end(), IsDigit);
}

// Splits "host", "host:port", "[v6]" or "[v6]:port"; "" if it is none of these.
std::string HostOf(std::string_view authority) {
  std::string_view host, rest;
  if (authority.starts_with('[')) {
    const size_t end = authority.find(']');
    if (end == std::string_view::npos) return {};
    host = authority.substr(1, end - 1);
    rest = authority.substr(end + 1);
  } else {
    const size_t colon = std::min(authority.find(':'), authority.size());
    host = authority.substr(0, colon);
    rest = authority.substr(colon);
  }
  if (!rest.empty() && (rest.front() != ':' || !IsPort(rest.substr(1)))) return {};
  return std::all_of(host.begin(), host.end(), IsHostCharacter) ? std::string(host) : std::string();
}

absl::Status BadEndpoint(std::string_view rule) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid, rule);
}

}  // namespace

bool AwsUrl::IsLoopback() const {
  if (host == "localhost") return true;
  in_addr v4;
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6;
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

std::optional<AwsUrl> ParseAwsUrl(std::string_view url) {
  if (!std::all_of(url.begin(), url.end(), IsUrlCharacter)) return std::nullopt;
  AwsUrl parsed;
  parsed.https = url.starts_with("https://");
  if (!parsed.https && !url.starts_with("http://")) return std::nullopt;
  url.remove_prefix(parsed.https ? 8 : 7);
  const size_t path = std::min(url.find_first_of("/?"), url.size());
  parsed.authority = url.substr(0, path);
  parsed.path = url.substr(path);
  if (!parsed.path.starts_with('/')) parsed.path.insert(0, "/");
  parsed.host = HostOf(parsed.authority);
  if (parsed.host.empty()) return std::nullopt;
  return parsed;
}

bool IsAwsRegion(std::string_view text) {
  return text.size() >= 3 && text.size() <= 32 && IsLower(text.front()) &&
         (IsDigit(text.back()) || IsLower(text.back())) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return IsLower(c) || IsDigit(c) || c == '-'; });
}

absl::StatusOr<AwsUrl> AwsEndpoint(std::string_view given, std::string_view service,
                                   std::string_view region) {
  if (!IsAwsRegion(region)) return BadEndpoint("the region is not of the form eu-central-1");
  std::string url(given);
  if (given.empty()) {
    url = "https://" + std::string(service) + "." + std::string(region) + ".amazonaws.com" +
          (region.starts_with("cn-") ? ".cn" : "");
  }
  const std::optional<AwsUrl> parsed = ParseAwsUrl(url);
  if (!parsed || parsed->path != "/") {
    return BadEndpoint("the endpoint of AWS is not https://HOST or https://HOST:PORT");
  }
  if (!parsed->https && !parsed->IsLoopback()) {
    return BadEndpoint("the endpoint of AWS must be https: (http: only to this machine itself)");
  }
  return *parsed;
}

}  // namespace fieldkms
