// Ciphertexts as the command reads and writes them: the envelope's bytes, or its
// text form "fk1.…".
#ifndef FIELDKMS_CLIENTS_CLI_CIPHERTEXT_H_
#define FIELDKMS_CLIENTS_CLI_CIPHERTEXT_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fieldkms {

enum class CiphertextForm { kText, kBinary };

// FormOf tells the forms apart: no envelope begins with the letters of "fk1.".
CiphertextForm FormOf(std::string_view input);

// EnvelopeFrom returns the bytes of a ciphertext in either form. One line break
// after the text form is ignored. Error: DecryptError for text that is not what
// EncodeText writes; bytes are returned as they are, for the service to judge.
absl::StatusOr<std::string> EnvelopeFrom(std::string_view input);

// EnvelopeFromLine takes the text form only: binary has no lines. Error:
// DecryptError.
absl::StatusOr<std::string> EnvelopeFromLine(std::string_view line);

// ReadEnvelope returns the envelope in `argument` or, where that is empty, in the
// file at `path` (empty or "-": standard input).
absl::StatusOr<std::string> ReadEnvelope(const std::string& argument, const std::string& path);

// Rendered returns an envelope in `form`, with a line break after the text form.
std::string Rendered(std::string_view envelope, CiphertextForm form);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_CIPHERTEXT_H_
