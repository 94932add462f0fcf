#include "tests/bench/sample_sealer.h"

#include <utility>

#include "crypto/context.h"
#include "crypto/random.h"

namespace fieldkms::bench {
namespace {

// AAD: header 13 + tenant 2 + 4 + context 2 + (2 + 1 + 4 + 4) = 32 bytes.
constexpr std::string_view kTenant = "acme";
constexpr size_t kAadSize = 32;

std::array<ContextEntry, 1> SampleContext() { return {ContextEntry{"b", "0042"}}; }

}  // namespace

SampleSealer::SampleSealer(std::array<uint8_t, 32> raw_key, XaesKey key)
    : raw_key_(raw_key),
      key_(std::move(key)),
      header_{.key_id = 0x0123456789abcdef, .version = 7},
      sealer_(kTenant) {}

absl::StatusOr<SampleSealer> SampleSealer::Create() {
  std::array<uint8_t, 32> raw;
  FIELDKMS_RETURN_IF_ERROR(RandomBytes(raw));
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes secret, SecretBytes::CopyOf(raw));
  FIELDKMS_ASSIGN_OR_RETURN(XaesKey key, XaesKey::Create(std::move(secret)));
  SampleSealer sample(raw, std::move(key));
  if (kEnvelopeHeaderSize + sample.aad_tail().size() != kAadSize) {
    return absl::InternalError("the AAD is not of 32 bytes");
  }
  auto context = SampleContext();
  FIELDKMS_RETURN_IF_ERROR(sample.sealer_.SetContext(context));
  return sample;
}

absl::Status SampleSealer::Seal(std::string_view value, std::string* out) {
  uint8_t nonce[kXaesNonceSize];
  FIELDKMS_RETURN_IF_ERROR(FillNonce(nonce));
  return sealer_.Seal(key_, header_, nonce, value, out);
}

absl::Status SampleSealer::SealWithNonce(XaesNonce nonce, std::string_view value,
                                         std::string* out) {
  return sealer_.Seal(key_, header_, nonce, value, out);
}

absl::Status SampleSealer::SealWithContext(std::string_view value, std::string* out) {
  auto context = SampleContext();
  FIELDKMS_RETURN_IF_ERROR(sealer_.SetContext(context));
  return Seal(value, out);
}

absl::Status SampleSealer::CheckOpens(std::string_view envelope) {
  FIELDKMS_ASSIGN_OR_RETURN(const EnvelopeView view, ParseEnvelope(AsBytes(envelope)));
  std::string value;
  FIELDKMS_RETURN_IF_ERROR(sealer_.Open(key_, view, &value));
  if (value != kSampleValue) return absl::InternalError("the envelope opened to another value");
  return absl::OkStatus();
}

std::array<uint8_t, kEnvelopeHeaderSize> SampleSealer::header_bytes() const {
  std::array<uint8_t, kEnvelopeHeaderSize> bytes;
  EncodeHeader(header_, bytes);
  return bytes;
}

std::string SampleSealer::aad_tail() const {
  std::string tail(2, '\0');
  PutU16(reinterpret_cast<uint8_t*>(tail.data()), static_cast<uint16_t>(kTenant.size()));
  tail += kTenant;
  auto context = SampleContext();
  if (!AppendContext(context, &tail).ok()) tail.clear();
  return tail;
}

}  // namespace fieldkms::bench
