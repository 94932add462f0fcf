// JSON documents, the first byte choosing which members are protected: what is legal is what
// nlohmann takes, with our limits; protecting and revealing gives the same document to the byte.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/field/json_members.h"
#include "crypto/field/json_text.h"
#include "crypto/field/unicode.h"
#include "crypto/status.h"
#include "tests/fuzz/require.h"
#include "tests/support/text_formats.h"

namespace fieldkms {
namespace {

const std::vector<std::vector<std::string>>& PointerSets() {
  static const std::vector<std::vector<std::string>> sets = {
      {"/a"}, {"/*"}, {"/0", "/a/b", "/c"}, {"/*/a", "/b/c"}, {"/a/*", "/m~0n", "/a~1b/0"}};
  return sets;
}

// nlohmann takes a byte order mark, and a NUL for the end; it has no bound of depth and lets names
// come twice.
void AgreesWithNlohmann(std::string_view document, const FieldRule* broken) {
  if (document.find('\0') != std::string_view::npos) return;
  if (document.substr(0, 3) == "\xef\xbb\xbf") return;
  if (broken != nullptr && (broken->id == "json.depth" || broken->id == "json.member_twice"))
    return;
  Require(nlohmann::json::accept(document) == (broken == nullptr));
}

void RoundTrips(std::string_view document, const std::vector<std::string>& pointers) {
  std::string hidden, revealed;
  size_t members = 0;
  const MemberFunction protect = [&members](std::string_view pointer, std::string_view text) {
    ++members;
    return absl::StatusOr<std::string>(std::string(pointer) + "\n" + std::string(text));
  };
  const MemberFunction reveal = [&members](std::string_view pointer,
                                           std::string_view text) -> absl::StatusOr<std::string> {
    --members;
    Require(text.substr(0, pointer.size() + 1) == std::string(pointer) + "\n");
    return std::string(text.substr(pointer.size() + 1));
  };
  Require(ProtectMembers(document, pointers, protect, &hidden).ok());
  Require(nlohmann::json::accept(hidden));
  Require(RevealMembers(hidden, pointers, reveal, &revealed).ok());
  Require(revealed == document && members == 0);
}

}  // namespace
}  // namespace fieldkms

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fieldkms;
  if (size == 0) return 0;
  const std::vector<std::string>& pointers = PointerSets()[data[0] % PointerSets().size()];
  const std::string_view document = AsText(ByteView(data + 1, size - 1));
  if (!IsUtf8(document)) {
    Require(!nlohmann::json::accept(document) || document.find('\0') != std::string_view::npos);
    std::string out;
    Require(!ProtectMembers(document, pointers, nullptr, &out).ok());
    return 0;
  }
  JsonNodes nodes;
  const FieldRule* broken = ReadJson(document, kMostJsonDepth, &nodes);
  AgreesWithNlohmann(document, broken);
  if (broken != nullptr) {
    std::string out;
    Require(!RevealMembers(document, pointers, nullptr, &out).ok() && out.empty());
    return 0;
  }
  RoundTrips(document, pointers);
  return 0;
}
