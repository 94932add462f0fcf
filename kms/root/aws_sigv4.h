// AWS Signature Version 4, as far as AWS KMS needs it: requests for the path "/" without
// a query, signed in a header. Source: AWS, "Create a signed AWS API request".
#ifndef FIELDKMS_KMS_ROOT_AWS_SIGV4_H_
#define FIELDKMS_KMS_ROOT_AWS_SIGV4_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/root/aws_credentials.h"
#include "kms/root/http_client.h"

namespace fieldkms {

// What a signature is good for, beside its day.
struct AwsScope {
  std::string region;   // "eu-central-1"
  std::string service;  // "kms"
};

// The steps of a signature, for tests of each against AWS's own vectors.
struct AwsCanonicalRequest {
  std::string text;
  std::string signed_headers;  // "host;x-amz-date"
};
// MakeAwsCanonicalRequest signs every header of `request`: names in lower case and in
// order, values with single spaces, those of one name joined by commas.
absl::StatusOr<AwsCanonicalRequest> MakeAwsCanonicalRequest(const HttpRequest& request);
// `time` is of FormatAwsTime.
absl::StatusOr<std::string> MakeAwsStringToSign(std::string_view canonical_request,
                                                std::string_view time, const AwsScope& scope);

// SignAwsRequest adds X-Amz-Date, X-Amz-Security-Token where the credentials are of a
// session, and Authorization. `request` has its Host header and all others that it will
// be sent with. The caller wipes the token's header (WipeAwsRequest). Errors: kInternal
// for a URL with a path or a query, or where OpenSSL fails.
absl::Status SignAwsRequest(const AwsCredentials& credentials, const AwsScope& scope, WallTime now,
                            HttpRequest* request);

// WipeAwsRequest wipes the body and the values of all headers.
void WipeAwsRequest(HttpRequest* request);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_AWS_SIGV4_H_
