// A key, a context and a value for measuring the crypto core by itself.
#ifndef FIELDKMS_TESTS_BENCH_SAMPLE_SEALER_H_
#define FIELDKMS_TESTS_BENCH_SAMPLE_SEALER_H_

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/envelope.h"
#include "crypto/status.h"
#include "crypto/xaes_gcm.h"

namespace fieldkms::bench {

inline constexpr std::string_view kSampleValue = "4111111111111111";  // 16 bytes

// SampleSealer seals kSampleValue-like values as the service does: a fresh nonce
// of the thread's pool, the AAD of header, tenant and context, 32 bytes in all.
class SampleSealer {
 public:
  static absl::StatusOr<SampleSealer> Create();

  absl::Status Seal(std::string_view value, std::string* out);
  absl::Status SealWithNonce(XaesNonce nonce, std::string_view value, std::string* out);
  // The same, setting the context anew, as for each item of a batch.
  absl::Status SealWithContext(std::string_view value, std::string* out);
  // OK if `envelope` opens to kSampleValue.
  absl::Status CheckOpens(std::string_view envelope);

  // What the baseline needs to make the same bytes.
  std::span<const uint8_t, 32> raw_key() const { return raw_key_; }
  std::array<uint8_t, kEnvelopeHeaderSize> header_bytes() const;
  std::string aad_tail() const;

 private:
  SampleSealer(std::array<uint8_t, 32> raw_key, XaesKey key);

  std::array<uint8_t, 32> raw_key_;
  XaesKey key_;
  EnvelopeHeader header_;
  FieldSealer sealer_;
};

}  // namespace fieldkms::bench

#endif  // FIELDKMS_TESTS_BENCH_SAMPLE_SEALER_H_
