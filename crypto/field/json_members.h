// JSON fields: some members of a document are protected, the rest stays readable.
#ifndef FIELDKMS_CRYPTO_FIELD_JSON_MEMBERS_H_
#define FIELDKMS_CRYPTO_FIELD_JSON_MEMBERS_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/field/format.h"
#include "crypto/field/json_text.h"

namespace fieldkms {

// CheckPointers: whether `pointers` (RFC 6901; "*" as a whole token stands for each element of
// an array, and in an object for the member of that name) may be the members of a field: 1 to 64,
// each of 1 to 1,024 bytes and 64 tokens at most, well-formed, none that may name the same as
// another or something within it (so "/a/*" not beside "/a/0"), and not the whole document.
// Error: InvalidField(field).
absl::Status CheckPointers(const std::vector<std::string>& pointers, std::string_view field);

// What becomes of one member: `pointer` is where it is (with the index in the place of "*"),
// `text` its value as JSON text (RFC 8259, so that numbers, strings and objects come back as what
// they were). The result takes its place, as a JSON string for Protect and as JSON text for Reveal.
using MemberFunction =
    std::function<absl::StatusOr<std::string>(std::string_view pointer, std::string_view text)>;

// JsonDocument: a value of FieldFormat::kJson, read once, by all rules of its format, and ready to
// have members replaced as often as wanted.
class JsonDocument {
 public:
  // Reads `text`, which must outlive it. Returns the first rule that it breaks, in the order of
  // CanonicaliseField, else null; after a rule it is no document.
  const FieldRule* Read(std::string_view text);

  std::string_view text() const { return text_; }
  const JsonNodes& nodes() const { return nodes_; }

 private:
  std::string_view text_;
  JsonNodes nodes_;
};

// ProtectMembers replaces each member of `document` that a pointer names by the string that
// `protect` makes of its JSON text. Members that are not there, and null, are left. All else stays
// as it is to the byte: order, white space, the spelling of numbers and strings. Members come in
// the order of the document. Errors: InvalidField("value") naming the rule (JsonRules() in
// formats.h) for what is no JSON, is nested deeper than 64 or names a member twice in an object;
// InvalidField("pointers") for what CheckPointers refuses; those of `protect`; kInternal if it
// makes what is not UTF-8. A failure leaves `out`, in which `document` does not lie, wiped and
// empty; what `protect` returns is wiped.
absl::Status ProtectMembers(std::string_view document, const std::vector<std::string>& pointers,
                            const MemberFunction& protect, std::string* out);
// The same of what has been read.
absl::Status ProtectMembers(const JsonDocument& document, const std::vector<std::string>& pointers,
                            const MemberFunction& protect, std::string* out);

// RevealMembers is the inverse: each member that a pointer names is a string (else, but for null:
// InvalidField("value")) and is replaced by the JSON text that `reveal` makes of what the string
// says. Text that is not one JSON value, or would be nested deeper than 64 where it is to stand,
// is refused as a document is.
absl::Status RevealMembers(std::string_view document, const std::vector<std::string>& pointers,
                           const MemberFunction& reveal, std::string* out);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_JSON_MEMBERS_H_
