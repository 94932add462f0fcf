#include "crypto/envelope.h"

#include <algorithm>
#include <cstring>

#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr uint8_t kFormat = 1;  // the high nibble of the first byte
constexpr size_t kTenantLengthSize = 2;
constexpr size_t kMaxTenantSize = 0xffff;

constexpr uint8_t FormatAndSuite(Suite suite) {
  return static_cast<uint8_t>((kFormat << 4) | static_cast<uint8_t>(suite));
}

constexpr bool IsKnown(Suite suite) {
  return suite == Suite::kXaes256Gcm || suite == Suite::kKcXaes256Gcm ||
         suite == Suite::kSubjectXaes256Gcm;
}

absl::Status Misuse(std::string_view rule) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kInternal, rule);
}

}  // namespace

absl::StatusOr<EnvelopeView> ParseEnvelope(ByteView envelope) {
  if (envelope.empty()) return DecryptError(Reason::kEnvelopeMalformed);
  const auto suite = static_cast<Suite>(envelope[0] & 0x0f);
  if (envelope[0] >> 4 != kFormat || !IsKnown(suite)) return DecryptError(Reason::kSuiteUnknown);
  if (envelope.size() < EnvelopeOverhead(suite)) return DecryptError(Reason::kEnvelopeMalformed);
  const size_t nonce_at = kEnvelopeHeaderSize + SubjectSize(suite);
  const size_t commitment_at = envelope.size() - CommitmentSize(suite);
  EnvelopeView view;
  view.header.suite = suite;
  view.header.key_id = GetU64(envelope.data() + 1);
  view.header.version = GetU32(envelope.data() + 9);
  view.header_bytes = envelope.first(kEnvelopeHeaderSize);
  view.subject = envelope.subspan(kEnvelopeHeaderSize, SubjectSize(suite));
  view.nonce = envelope.subspan(nonce_at, kXaesNonceSize);
  view.sealed = envelope.first(commitment_at).subspan(nonce_at + kXaesNonceSize);
  view.commitment = envelope.subspan(commitment_at);
  if (view.header.key_id == 0 || view.header.version == 0) {
    return DecryptError(Reason::kEnvelopeMalformed);
  }
  return view;
}

void EncodeHeader(const EnvelopeHeader& header, std::span<uint8_t, kEnvelopeHeaderSize> out) {
  out[0] = FormatAndSuite(header.suite);
  PutU64(out.data() + 1, header.key_id);
  PutU32(out.data() + 9, header.version);
}

FieldSealer::FieldSealer(std::string_view tenant) {
  // A longer tenant would not fit its length; without AAD nothing is accepted.
  if (tenant.size() > kMaxTenantSize) return;
  uint8_t prefix[kEnvelopeHeaderSize + kTenantLengthSize] = {};
  PutU16(prefix + kEnvelopeHeaderSize, static_cast<uint16_t>(tenant.size()));
  aad_.append(AsText(prefix));
  aad_.append(tenant);
  context_offset_ = aad_.size();
}

absl::Status FieldSealer::SetContext(std::span<ContextEntry> entries) {
  if (context_offset_ == 0) return InvalidField("tenant", "is too long");
  if (HasContext() && OverwriteValues(entries)) return absl::OkStatus();
  aad_.resize(context_offset_);  // a canonical context is never empty: HasContext
  FIELDKMS_RETURN_IF_ERROR(AppendContext(entries, &aad_));
  NoteSlots(entries);
  return absl::OkStatus();
}

// The rows of a batch have contexts of the same names and, mostly, sizes: what the last
// one was checked for holds, and nothing but the values is to be written. False: not
// so, and some values may be overwritten.
bool FieldSealer::OverwriteValues(std::span<const ContextEntry> entries) {
  if (entries.size() != slots_.size()) return false;
  for (size_t i = 0; i < entries.size(); ++i) {
    const Slot& slot = slots_[i];
    const ContextEntry& entry = entries[i];
    if (entry.value.size() != slot.value_size ||
        entry.name != std::string_view(aad_).substr(slot.name_at, slot.name_size)) {
      return false;
    }
    std::copy(entry.value.begin(), entry.value.end(), aad_.data() + slot.value_at);
  }
  return true;
}

// `entries` are in the order of the canonical form just written.
void FieldSealer::NoteSlots(std::span<const ContextEntry> entries) {
  slots_.clear();
  size_t at = context_offset_ + kContextCountSize;
  for (const ContextEntry& entry : entries) {
    const size_t name_at = at + kContextNameLengthSize;
    const size_t value_at = name_at + entry.name.size() + kContextValueLengthSize;
    slots_.push_back({name_at, entry.name.size(), value_at, entry.value.size()});
    at = value_at + entry.value.size();
  }
}

absl::Status FieldSealer::Seal(const XaesKey& key, const EnvelopeHeader& header, XaesNonce nonce,
                               std::string_view plaintext, std::string* out) {
  return SealEnvelope(key, header, {}, nonce, plaintext, out);
}

absl::Status FieldSealer::SealForSubject(const XaesKey& key, const EnvelopeHeader& header,
                                         ByteView subject, XaesNonce nonce,
                                         std::string_view plaintext, std::string* out) {
  if (subject.size() == kEnvelopeSubjectSize) {
    return SealEnvelope(key, header, subject, nonce, plaintext, out);
  }
  out->clear();
  return Misuse("a subject's handle has 16 bytes");
}

absl::Status FieldSealer::CheckSeal(const EnvelopeHeader& header) const {
  if (!HasContext()) return Misuse("the context is not set");
  if (header.key_id == 0 || header.version == 0 || !IsKnown(header.suite)) {
    return Misuse("the header lacks a key, a version or a suite");
  }
  return absl::OkStatus();
}

absl::Status FieldSealer::SealEnvelope(const XaesKey& key, const EnvelopeHeader& header,
                                       ByteView subject, XaesNonce nonce,
                                       std::string_view plaintext, std::string* out) {
  absl::Status status = CheckSeal(header);
  if (status.ok() && subject.size() != SubjectSize(header.suite)) {
    status = Misuse("suite 3 has a subject, and no other has");
  }
  if (!status.ok()) {
    out->clear();
    return status;
  }
  out->resize(plaintext.size() + EnvelopeOverhead(header.suite));
  const MutableBytes envelope = AsMutableBytes(*out);
  if (header != aad_header_) {  // the same for most of a batch
    EncodeHeader(header, std::span<uint8_t, kEnvelopeHeaderSize>(
                             reinterpret_cast<uint8_t*>(aad_.data()), kEnvelopeHeaderSize));
    aad_header_ = header;
  }
  std::memcpy(envelope.data(), aad_.data(), kEnvelopeHeaderSize);
  std::copy(subject.begin(), subject.end(), envelope.begin() + kEnvelopeHeaderSize);
  const size_t nonce_at = kEnvelopeHeaderSize + subject.size();
  std::memcpy(envelope.data() + nonce_at, nonce.data(), kXaesNonceSize);
  const MutableBytes sealed =
      envelope.subspan(nonce_at + kXaesNonceSize, plaintext.size() + kXaesTagSize);
  status = header.suite == Suite::kKcXaes256Gcm
               ? key.SealCommitting(nonce, AsBytes(aad_), AsBytes(plaintext), sealed,
                                    envelope.last<kXaesCommitmentSize>())
               : key.Seal(nonce, AsBytes(aad_), AsBytes(plaintext), sealed);
  if (!status.ok()) out->clear();
  return status;
}

absl::Status FieldSealer::Open(const XaesKey& key, const EnvelopeView& envelope, std::string* out) {
  out->clear();
  if (!HasContext()) return Misuse("the context is not set");
  if (envelope.header_bytes.size() != kEnvelopeHeaderSize ||
      envelope.nonce.size() != kXaesNonceSize || envelope.sealed.size() < kXaesTagSize ||
      envelope.subject.size() != SubjectSize(envelope.header.suite) ||
      envelope.commitment.size() != CommitmentSize(envelope.header.suite)) {
    return DecryptError(Reason::kEnvelopeMalformed);
  }
  std::memcpy(aad_.data(), envelope.header_bytes.data(), kEnvelopeHeaderSize);
  aad_header_ = {};
  out->resize(envelope.sealed.size() - kXaesTagSize);
  const XaesNonce nonce = envelope.nonce.first<kXaesNonceSize>();
  const MutableBytes plaintext = AsMutableBytes(*out);
  absl::Status status =
      envelope.commitment.empty()
          ? key.Open(nonce, AsBytes(aad_), envelope.sealed, plaintext)
          : key.OpenCommitting(nonce, AsBytes(aad_), envelope.sealed,
                               envelope.commitment.first<kXaesCommitmentSize>(), plaintext);
  if (!status.ok()) out->clear();
  return status;
}

}  // namespace fieldkms
