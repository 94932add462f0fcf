// Envelopes and their text form: whatever parses, re-encodes identically, and
// nothing that a fuzzer makes up opens.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "crypto/envelope.h"
#include "crypto/status.h"
#include "crypto/subject_key.h"
#include "tests/fuzz/require.h"

namespace fieldkms {
namespace {

void ParsesToTheSameBytes(const EnvelopeView& view, ByteView envelope) {
  Require(view.header.key_id != 0 && view.header.version != 0);
  Require(view.subject.size() == SubjectSize(view.header.suite));
  Require(view.commitment.size() == CommitmentSize(view.header.suite));
  std::array<uint8_t, kEnvelopeHeaderSize> header;
  EncodeHeader(view.header, header);
  std::string again(AsText(header));
  again.append(AsText(view.subject)).append(AsText(view.nonce));
  again.append(AsText(view.sealed)).append(AsText(view.commitment));
  Require(again == AsText(envelope));
}

void DoesNotOpenUnder(const XaesKey& key, const EnvelopeView& view) {
  FieldSealer sealer("acme");
  Require(sealer.SetContext({}).ok());
  std::string plaintext = "earlier";
  const absl::Status status = sealer.Open(key, view, &plaintext);
  Require(ReasonOf(status) == Reason::kTagMismatch && plaintext.empty());
}

void DoesNotOpen(const EnvelopeView& view) {
  static const XaesKey* const key = [] {
    const std::array<uint8_t, kXaesKeySize> bytes = {1, 2, 3};
    return new XaesKey(XaesKey::Create(SecretBytes::CopyOf(bytes).value()).value());
  }();
  DoesNotOpenUnder(*key, view);
  if (view.header.suite != Suite::kSubjectXaes256Gcm) return;
  const std::array<uint8_t, kSubjectKeySecretSize> secret = {4, 5, 6};
  const absl::StatusOr<XaesKey> of_subject = DeriveSubjectKey(
      *key, secret, {"acme", view.header.key_id, view.header.version, view.subject});
  Require(of_subject.ok());
  DoesNotOpenUnder(*of_subject, view);
}

void FuzzEnvelope(ByteView envelope) {
  Require(DecodeText(EncodeText(envelope)).value() == AsText(envelope));
  const absl::StatusOr<EnvelopeView> view = ParseEnvelope(envelope);
  if (!view.ok()) {
    Require(PublicReason(ReasonOf(view.status())) == Reason::kDecryptFailed);
    return;
  }
  ParsesToTheSameBytes(*view, envelope);
  DoesNotOpen(*view);
}

}  // namespace
}  // namespace fieldkms

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fieldkms;
  const ByteView input(data, size);
  FuzzEnvelope(input);
  const absl::StatusOr<std::string> decoded = DecodeText(AsText(input));
  if (decoded.ok()) {
    Require(EncodeText(AsBytes(*decoded)) == AsText(input));
    FuzzEnvelope(AsBytes(*decoded));
  }
  return 0;
}
