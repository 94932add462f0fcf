// JSON documents. Their canonical form is the JSON Canonicalization Scheme, RFC 8785. It is a form
// of doubles: numbers with more digits than one holds become the nearest (so JSON is not indexed).
#include <algorithm>
#include <vector>

#include "crypto/field/formats.h"
#include "crypto/field/json_number.h"
#include "crypto/field/json_string.h"
#include "crypto/field/json_text.h"
#include "crypto/field/wiped_text.h"

namespace fieldkms {
namespace {

class CanonicalWriter {
 public:
  CanonicalWriter(std::string_view text, const JsonNodes& nodes, std::string* out)
      : text_(text), nodes_(nodes), out_(out) {}

  void Write(size_t number) {
    const JsonNode& node = nodes_[number];
    switch (node.kind) {
      case JsonKind::kObject:
        return WriteObject(number);
      case JsonKind::kArray:
        return WriteArray(number);
      case JsonKind::kString:
        return AppendCanonicalString(TextOf(text_, node), out_);
      case JsonKind::kNumber:  // ReadJson has refused those that are no doubles
        return AppendCanonicalNumber(JsonNumber(TextOf(text_, node)).value_or(0), out_);
      default:
        return AppendText(TextOf(text_, node), out_);
    }
  }

 private:
  void WriteArray(size_t number) {
    AppendText("[", out_);
    for (size_t i = number + 1; i < nodes_[number].next; i = nodes_[i].next) {
      if (i > number + 1) AppendText(",", out_);
      Write(i);
    }
    AppendText("]", out_);
  }

  void WriteObject(size_t number) {
    std::vector<size_t> members;
    for (size_t i = number + 1; i < nodes_[number].next; i = nodes_[i].next) members.push_back(i);
    const auto name = [this](size_t member) { return NameOf(text_, nodes_[member]); };
    std::sort(members.begin(), members.end(),
              [&name](size_t a, size_t b) { return JsonStringLess(name(a), name(b)); });
    std::string_view before = "{";
    for (const size_t member : members) {
      AppendText(before, out_);
      AppendCanonicalString(name(member), out_);
      AppendText(":", out_);
      Write(member);
      before = ",";
    }
    AppendText(members.empty() ? "{}" : "}", out_);
  }

  std::string_view text_;
  const JsonNodes& nodes_;
  std::string* out_;
};

}  // namespace

const FieldRule* CanonicaliseJson(std::string_view value, const FormatContext&,
                                  std::string* canonical) {
  JsonNodes nodes;
  if (const FieldRule* broken = ReadJson(value, kMostJsonDepth, &nodes)) return broken;
  MakeRoom(value.size(), canonical);
  CanonicalWriter(value, nodes, canonical).Write(0);
  return nullptr;
}

// JSON itself, so that it can stand where the document stood.
void MaskJson(const FieldValue&, std::string* masked) { AppendText("\"***\"", masked); }

}  // namespace fieldkms
