// A key of AWS KMS as the root of trust: Encrypt and Decrypt over HTTPS, with nothing of
// AWS's SDK. docs/operators-aws.md says how to set it up.
#ifndef FIELDKMS_KMS_ROOT_AWS_ROOT_H_
#define FIELDKMS_KMS_ROOT_AWS_ROOT_H_

#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/root/aws_credentials.h"
#include "kms/root/root_key.h"

namespace fieldkms {

// wrapped = 1 ‖ check(16) ‖ CiphertextBlob
//   CiphertextBlob   of Encrypt, with EncryptionContext {"fieldkms": base64url(context)}
//   check            the first bytes of SHA-256("fieldkms/aws/1/" ‖ ID ‖ "/" ‖
//                    CiphertextBlob), with the ID of the key's ARN
// The check tells damage, and what another key wrapped, before AWS is asked, which
// answers some of that with AccessDenied as if a right were missing. It protects nothing:
// what binds the key to root and context is AWS KMS alone.

struct AwsRootOptions {
  // A key ARN, a key id, "alias/NAME" or an alias ARN of a symmetric key. All but a key
  // ARN are looked up once, when the root is opened, and the key found then is used
  // until the end: an alias that is moved does not move a running service.
  std::string key = {};
  std::string region = {};    // may be empty where `key` is an ARN
  std::string endpoint = {};  // "https://HOST[:PORT]"; empty: that of the region
  std::string ca_file = {};   // PEM; empty: the system's authorities
  // A profile of the shared files; if set, the only source of credentials. Empty: the
  // chain of aws_credentials_sources.h.
  std::string profile = {};
};

// What tests have in place of the machine.
struct AwsRootSurroundings {
  const Clock* clock = &SystemClock();  // outlives the root
  AwsGetEnvironment environment = &::getenv;
  std::function<void(std::chrono::milliseconds)> pause;  // empty: sleeps
};

// OpenAwsRoot makes one call (Encrypt, of random bytes) where `options.key` has to be
// looked up, and none where it is a key ARN. Errors: kInvalidArgument, reason
// kConfigInvalid, for options that cannot be right; those of a call.
//
// Errors of calls, beside those of RootKey, all with text for an operator:
//   kFailedPrecondition, reason kRootWrongKey     also where AWS KMS answers for another
//                                                 key than the one that was asked
//   kFailedPrecondition, reason kRootUnavailable  AWS KMS refuses: access denied, key
//                                                 disabled or gone, signature not taken
//   kFailedPrecondition, reason kConfigInvalid    credentials are missing or set wrongly
//   kDeadlineExceeded, reason kDeadlineExceeded
// A call takes three tries of five seconds at most.
absl::StatusOr<std::unique_ptr<RootKey>> OpenAwsRoot(const AwsRootOptions& options,
                                                     Deadline deadline,
                                                     const AwsRootSurroundings& surroundings = {});

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_AWS_ROOT_H_
