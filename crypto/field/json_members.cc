#include "crypto/field/json_members.h"

#include <utility>

#include "crypto/field/formats.h"
#include "crypto/field/json_pointers.h"
#include "crypto/field/json_string.h"
#include "crypto/field/unicode.h"
#include "crypto/field/wiped_text.h"
#include "crypto/status.h"
#include "crypto/wiped_string.h"

namespace fieldkms {
namespace {

absl::Status InvalidValue(std::string_view rule) { return InvalidField("value", rule); }

absl::Status CheckJson(std::string_view text, size_t most_depth, JsonNodes* nodes) {
  if (!IsUtf8(text)) return InvalidValue("breaks the rule field.utf8: it is well-formed UTF-8");
  const FieldRule* broken = ReadJson(text, most_depth, nodes);
  if (broken == nullptr) return absl::OkStatus();
  return InvalidValue("breaks the rule " + std::string(broken->id) + ": " +
                      std::string(broken->says));
}

struct ReadText {
  std::string_view text;
  const JsonNodes& nodes;
};

// Appends what is to stand in the place of a member.
using Replace =
    std::function<absl::Status(const FoundMember& member, const JsonNode& node, std::string* out)>;

absl::Status ReplaceMembers(const ReadText& document, const std::vector<Pointer>& pointers,
                            const Replace& replace, std::string* out) {
  MakeRoom(document.text.size(), out);
  size_t at = 0;
  for (const FoundMember& member : FindMembers(document.text, document.nodes, pointers)) {
    const JsonNode& node = document.nodes[member.node];
    AppendText(document.text.substr(at, node.begin - at), out);
    FIELDKMS_RETURN_IF_ERROR(replace(member, node, out));
    at = node.end;
  }
  AppendText(document.text.substr(at), out);
  return absl::OkStatus();
}

// Of a document that nobody has read yet.
absl::Status ReplaceMembers(std::string_view document, const std::vector<std::string>& pointers,
                            const Replace& replace, std::string* out) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<Pointer> read, ReadPointers(pointers, "pointers"));
  JsonNodes nodes;
  FIELDKMS_RETURN_IF_ERROR(CheckJson(document, kMostJsonDepth, &nodes));
  return ReplaceMembers(ReadText{document, nodes}, read, replace, out);
}

absl::Status EraseUnlessOk(absl::Status status, std::string* out) {
  if (!status.ok()) EraseText(out);
  return status;
}

// Wipes what a MemberFunction made, where it made it.
class Wiper {
 public:
  explicit Wiper(std::string* text) : text_(text) {}
  Wiper(const Wiper&) = delete;
  Wiper& operator=(const Wiper&) = delete;
  ~Wiper() { WipeString(text_); }

 private:
  std::string* text_;
};

// By the string that `protect` makes of a member.
Replace ByProtected(std::string_view document, const MemberFunction& protect) {
  return [document, &protect](const FoundMember& member, const JsonNode& node,
                              std::string* to) -> absl::Status {
    absl::StatusOr<std::string> result = protect(member.pointer, TextOf(document, node));
    if (!result.ok()) return std::move(result).status();
    const Wiper wiper(&*result);
    if (!IsUtf8(*result)) return Bug("a protected member is no text");
    AppendJsonString(*result, to);
    return absl::OkStatus();
  };
}

}  // namespace

absl::Status CheckPointers(const std::vector<std::string>& pointers, std::string_view field) {
  return ReadPointers(pointers, field).status();
}

const FieldRule* JsonDocument::Read(std::string_view text) {
  text_ = text;
  nodes_.clear();
  const FieldRule* const broken = BrokenOfAny(*FindFormat(FieldFormat::kJson), text);
  return broken != nullptr ? broken : ReadJson(text, kMostJsonDepth, &nodes_);
}

absl::Status ProtectMembers(std::string_view document, const std::vector<std::string>& pointers,
                            const MemberFunction& protect, std::string* out) {
  EraseText(out);
  return EraseUnlessOk(ReplaceMembers(document, pointers, ByProtected(document, protect), out),
                       out);
}

absl::Status ProtectMembers(const JsonDocument& document, const std::vector<std::string>& pointers,
                            const MemberFunction& protect, std::string* out) {
  EraseText(out);
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<Pointer> read, ReadPointers(pointers, "pointers"));
  const Replace replace = ByProtected(document.text(), protect);
  return EraseUnlessOk(
      ReplaceMembers(ReadText{document.text(), document.nodes()}, read, replace, out), out);
}

absl::Status RevealMembers(std::string_view document, const std::vector<std::string>& pointers,
                           const MemberFunction& reveal, std::string* out) {
  EraseText(out);
  const Replace replace = [&](const FoundMember& member, const JsonNode& node,
                              std::string* to) -> absl::Status {
    if (node.kind != JsonKind::kString)
      return InvalidValue("has a protected member that is no string");
    WipedString text;
    AppendJsonStringValue(TextOf(document, node), text.get());
    absl::StatusOr<std::string> result = reveal(member.pointer, *text);
    if (!result.ok()) return std::move(result).status();
    const Wiper wiper(&*result);
    // As one value, so that it cannot bring members of its own into the document.
    JsonNodes nodes;
    FIELDKMS_RETURN_IF_ERROR(CheckJson(*result, kMostJsonDepth - member.depth, &nodes));
    AppendText(*result, to);
    return absl::OkStatus();
  };
  return EraseUnlessOk(ReplaceMembers(document, pointers, replace, out), out);
}

}  // namespace fieldkms
