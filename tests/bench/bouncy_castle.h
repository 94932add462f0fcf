// The baseline of `ff1`: Bouncy Castle's FF1, of Debian's libbcprov-java, in a Java virtual
// machine of its own (baseline/Ff1Baseline.java).
#ifndef FIELDKMS_TESTS_BENCH_BOUNCY_CASTLE_H_
#define FIELDKMS_TESTS_BENCH_BOUNCY_CASTLE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::bench {

// What it encrypts: decimal digits, under a key and a tweak in hex.
struct Ff1Sample {
  std::string key;
  std::string tweak;
  std::string digits;
};

class BouncyCastle {
 public:
  // Starts it and waits until it is warm, some seconds. Error: kFailedPrecondition, naming the
  // Debian packages that are missing.
  static absl::StatusOr<std::unique_ptr<BouncyCastle>> Start(const Ff1Sample& sample);

  const std::string& ciphertext() const { return ciphertext_; }
  const std::string& version() const { return version_; }

  // Encryptions in a second of processor time, measured for `seconds`. Throws std::runtime_error
  // if the virtual machine is gone.
  double Rate(double seconds);

 private:
  BouncyCastle() = default;
  std::string NextLine();

  fieldkms::testing::TempDir dir_;
  std::unique_ptr<fieldkms::testing::Subprocess> process_;
  size_t read_ = 0;  // of its output
  std::string ciphertext_;
  std::string version_;
};

}  // namespace fieldkms::bench

#endif  // FIELDKMS_TESTS_BENCH_BOUNCY_CASTLE_H_
