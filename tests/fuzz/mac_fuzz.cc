// MAC values: whatever parses, re-encodes identically, and nothing that a fuzzer
// makes up verifies.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "crypto/mac.h"
#include "crypto/status.h"
#include "tests/fuzz/require.h"

namespace fieldkms {
namespace {

const MacKey& Key() {
  static const MacKey* const key = [] {
    const std::array<uint8_t, 32> bytes = {1, 2, 3};
    return new MacKey(MacKey::Create(SecretBytes::CopyOf(bytes).value()).value());
  }();
  return *key;
}

void FuzzMac(ByteView value) {
  const MacPlace place = {"acme", std::string_view("\0\0", 2)};
  const absl::StatusOr<MacView> view = ParseMac(value);
  if (!view.ok()) {
    Require(view.status() == MacMismatch());
    return;
  }
  Require(view->header.key_id != 0 && view->header.version != 0);
  Require(std::string(AsText(view->header_bytes)).append(AsText(view->mac)) == AsText(value));
  Require(VerifyMac(Key(), *view, place, AsBytes("data")) == MacMismatch());

  std::string computed;
  Require(ComputeMac(Key(), view->header, place, AsBytes("data"), &computed).ok());
  const MacView right = ParseMac(AsBytes(computed)).value();
  Require(AsText(right.header_bytes) == AsText(view->header_bytes));
  Require(VerifyMac(Key(), right, place, AsBytes("data")).ok());
}

}  // namespace
}  // namespace fieldkms

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fieldkms::FuzzMac({data, size});
  return 0;
}
