// The envelope of a ciphertext: grammar and vectors in crypto/FORMAT.md.
//   suite 1: header(13) ‖ nonce(24) ‖ ciphertext ‖ tag(16)
//   suite 2: header(13) ‖ nonce(24) ‖ ciphertext ‖ tag(16) ‖ key commitment(32)
//   suite 3: header(13) ‖ subject handle(16) ‖ nonce(24) ‖ ciphertext ‖ tag(16)
//   header:  format and suite (1) ‖ key id (8, big-endian) ‖ version (4, b.-e.)
#ifndef FIELDKMS_CRYPTO_ENVELOPE_H_
#define FIELDKMS_CRYPTO_ENVELOPE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/bytes.h"
#include "crypto/context.h"
#include "crypto/xaes_gcm.h"

namespace fieldkms {

enum class Suite : uint8_t {
  kXaes256Gcm = 1,
  kKcXaes256Gcm = 2,       // key-committing
  kSubjectXaes256Gcm = 3,  // under a key of a data subject's own (crypto/subject_key.h)
};

inline constexpr size_t kEnvelopeHeaderSize = 13;
// CommitmentSize: how many bytes of a suite's envelopes commit to the key.
constexpr size_t CommitmentSize(Suite suite) {
  return suite == Suite::kKcXaes256Gcm ? kXaesCommitmentSize : 0;
}
// How many bytes of a suite's envelopes name a data subject.
inline constexpr size_t kEnvelopeSubjectSize = 16;
constexpr size_t SubjectSize(Suite suite) {
  return suite == Suite::kSubjectXaes256Gcm ? kEnvelopeSubjectSize : 0;
}
// EnvelopeOverhead: how many bytes an envelope is longer than its plaintext.
constexpr size_t EnvelopeOverhead(Suite suite) {
  return kEnvelopeHeaderSize + SubjectSize(suite) + kXaesNonceSize + kXaesTagSize +
         CommitmentSize(suite);
}
static_assert(EnvelopeOverhead(Suite::kXaes256Gcm) == 53);
static_assert(EnvelopeOverhead(Suite::kKcXaes256Gcm) == 85);
static_assert(EnvelopeOverhead(Suite::kSubjectXaes256Gcm) == 69);

struct EnvelopeHeader {
  Suite suite = Suite::kXaes256Gcm;
  uint64_t key_id = 0;   // never 0
  uint32_t version = 0;  // never 0
  friend bool operator==(const EnvelopeHeader&, const EnvelopeHeader&) = default;
};

// A parsed envelope: views into the bytes given to ParseEnvelope.
struct EnvelopeView {
  EnvelopeHeader header;
  ByteView header_bytes;  // 13
  ByteView subject;       // the handle: SubjectSize(header.suite)
  ByteView nonce;         // 24
  ByteView sealed;        // ciphertext ‖ tag, at least 16
  ByteView commitment;    // CommitmentSize(header.suite)
};

// ParseEnvelope reads an envelope. Errors: DecryptError(kEnvelopeMalformed) for
// one that is too short or has a zero id or version, DecryptError(kSuiteUnknown)
// for a format or suite byte not known here. Whatever parses, re-encodes to the
// same bytes.
absl::StatusOr<EnvelopeView> ParseEnvelope(ByteView envelope);

// EncodeHeader writes the 13 bytes of a header.
void EncodeHeader(const EnvelopeHeader& header, std::span<uint8_t, kEnvelopeHeaderSize> out);

// Text form for text columns: "fk1." and base64url without padding (RFC 4648
// §5). DecodeText refuses all but what EncodeText writes (padding, white space,
// non-zero trailing bits) with DecryptError(kEnvelopeMalformed).
std::string EncodeText(ByteView envelope);
absl::StatusOr<std::string> DecodeText(std::string_view text);

// FieldSealer seals and opens envelopes of one tenant; it owns the buffer for
// the AAD, so that a batch allocates once. AAD = header ‖ length-prefixed tenant
// ‖ canonical context. Not thread-safe; make one a call or thread.
class FieldSealer {
 public:
  // `tenant` is a tenant id (crypto/names.h).
  explicit FieldSealer(std::string_view tenant);

  // SetContext sets the context of the next calls; sorts `entries` in place. Needed
  // before the first Seal or Open, for an empty context too (kFailedPrecondition).
  // Error: as AppendContext; the context is then unusable until set again.
  absl::Status SetContext(std::span<ContextEntry> entries);

  // Seal writes the envelope of `plaintext`, of the suite that the header names (1 or
  // 2), to `out` (resized to plaintext.size() + EnvelopeOverhead). `nonce` must be fresh
  // for `key`, whatever the suite. `plaintext` may not lie in `out`. Any failure leaves
  // `out` empty.
  absl::Status Seal(const XaesKey& key, const EnvelopeHeader& header, XaesNonce nonce,
                    std::string_view plaintext, std::string* out);

  // SealForSubject is the same for suite 3. `subject` is the handle, of
  // kEnvelopeSubjectSize bytes, and `key` the one that DeriveSubjectKey
  // (crypto/subject_key.h) makes for this tenant, the header's key and version, and it:
  // the handle is authenticated by the key alone.
  absl::Status SealForSubject(const XaesKey& key, const EnvelopeHeader& header, ByteView subject,
                              XaesNonce nonce, std::string_view plaintext, std::string* out);

  // Open writes the plaintext to `out` (resized). The envelope's bytes may not lie
  // in `out`. Error: DecryptError(kTagMismatch), with `out` wiped and empty. It opens
  // any suite: only a caller that refuses suites 1 and 3 for a key has commitment to it.
  // For suite 3, `key` is the subject's, as in SealForSubject.
  absl::Status Open(const XaesKey& key, const EnvelopeView& envelope, std::string* out);

 private:
  // Where an entry of the context is in aad_.
  struct Slot {
    size_t name_at, name_size;
    size_t value_at, value_size;
  };

  absl::Status CheckSeal(const EnvelopeHeader& header) const;
  absl::Status SealEnvelope(const XaesKey& key, const EnvelopeHeader& header, ByteView subject,
                            XaesNonce nonce, std::string_view plaintext, std::string* out);
  bool HasContext() const { return aad_.size() > context_offset_; }
  bool OverwriteValues(std::span<const ContextEntry> entries);
  void NoteSlots(std::span<const ContextEntry> entries);

  std::string aad_;            // header ‖ tenant ‖ context
  std::vector<Slot> slots_;    // of the context in aad_, if it has one
  EnvelopeHeader aad_header_;  // what the header in aad_ encodes; key id 0: nothing
  size_t context_offset_ = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_ENVELOPE_H_
