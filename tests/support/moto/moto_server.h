// moto's server: AWS KMS and STS as far as tests need them. It checks no signature.
#ifndef FIELDKMS_TESTS_SUPPORT_MOTO_MOTO_SERVER_H_
#define FIELDKMS_TESTS_SUPPORT_MOTO_MOTO_SERVER_H_

#include <memory>
#include <string>
#include <string_view>

#include "kms/root/aws_root.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {

class MotoServer {
 public:
  // The process's, started at the first use, which must be on the main thread (see
  // Subprocess), and killed at its end. Throws std::runtime_error if it does not start.
  static MotoServer& Shared();

  // "http://127.0.0.1:PORT".
  const std::string& url() const { return url_; }

  // Call makes one unsigned call to KMS and returns the answer's body. Throws
  // std::runtime_error if its status is not 200.
  std::string Call(std::string_view operation, const std::string& body);
  // The ARN of a new key, in eu-central-1.
  std::string CreateKey();

  // Options for a root that uses `key`.
  AwsRootOptions Options(const std::string& key) const;
  // Surroundings with credentials in the environment, and nothing else in it.
  static AwsRootSurroundings Surroundings();

 private:
  MotoServer();
  std::string AwaitUrl();

  TempDir directory_;
  std::unique_ptr<Subprocess> process_;
  std::string url_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_SUPPORT_MOTO_MOTO_SERVER_H_
