// Where to reach a service of AWS, and which addresses may be reached without TLS.
#ifndef FIELDKMS_KMS_ROOT_AWS_URL_H_
#define FIELDKMS_KMS_ROOT_AWS_URL_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fieldkms {

struct AwsUrl {
  bool https = false;
  std::string authority;  // "host" or "host:port": what a Host header carries
  std::string host;       // without port and brackets
  std::string path;       // with its query; "/" at least

  std::string Text() const { return (https ? "https://" : "http://") + authority + path; }
  // Whether the host is this machine itself: "localhost", 127.0.0.0/8 or ::1.
  bool IsLoopback() const;
};

// ParseAwsUrl reads "https://host[:port][/path]" or the same with http. nullopt for all
// else: user information, fragments and characters that no URL has.
std::optional<AwsUrl> ParseAwsUrl(std::string_view url);

// AwsEndpoint is where `service` is called in `region`, or `given` if that is not empty.
// Errors: kInvalidArgument, reason kConfigInvalid, for a region that is none, and for a
// `given` that is no URL, has a path, or has http: to a host that is not this machine:
// requests hold keys.
absl::StatusOr<AwsUrl> AwsEndpoint(std::string_view given, std::string_view service,
                                   std::string_view region);

// IsAwsRegion: whether `text` has the form of a region, such as "eu-central-1".
bool IsAwsRegion(std::string_view text);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_AWS_URL_H_
