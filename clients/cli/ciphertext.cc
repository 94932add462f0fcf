#include "clients/cli/ciphertext.h"

#include "clients/cli/input.h"
#include "clients/cpp/limits.h"
#include "crypto/bytes.h"
#include "crypto/envelope.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

// The largest envelope of a request, in text form, with room to spare.
constexpr size_t kMaxInput = 2 * kMaxRequestSize;

}  // namespace

CiphertextForm FormOf(std::string_view input) {
  return input.starts_with("fk1.") ? CiphertextForm::kText : CiphertextForm::kBinary;
}

absl::StatusOr<std::string> EnvelopeFrom(std::string_view input) {
  if (FormOf(input) == CiphertextForm::kBinary) return std::string(input);
  if (input.ends_with('\n')) input.remove_suffix(1);
  if (input.ends_with('\r')) input.remove_suffix(1);
  return DecodeText(input);
}

absl::StatusOr<std::string> EnvelopeFromLine(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return DecodeText(line);
}

absl::StatusOr<std::string> ReadEnvelope(const std::string& argument, const std::string& path) {
  if (!argument.empty()) return EnvelopeFrom(argument);
  FIELDKMS_ASSIGN_OR_RETURN(const InputFile input, InputFile::Open(path));
  FIELDKMS_ASSIGN_OR_RETURN(const WipedBuffer bytes, ReadAll(input.fd(), kMaxInput));
  return EnvelopeFrom(AsText(bytes));
}

std::string Rendered(std::string_view envelope, CiphertextForm form) {
  if (form == CiphertextForm::kBinary) return std::string(envelope);
  return EncodeText(AsBytes(envelope)) + "\n";
}

}  // namespace fieldkms
