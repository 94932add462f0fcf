// Wrapped keys: nothing that a fuzzer makes up unwraps, under whatever size; and what is
// wrapped unwraps.
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "crypto/kwp.h"
#include "crypto/status.h"
#include "tests/fuzz/require.h"

namespace fieldkms {
namespace {

void FuzzKwp(ByteView input) {
  constexpr std::array<uint8_t, kKwpKeySize> key = {1, 2, 3};
  Require(UnwrapKwp(key, input).status() == KeyUnwrapFailed());
  if (input.empty() || input.size() > kKwpMaxSecret) return;
  std::vector<uint8_t> wrapped(KwpSize(input.size()));
  Require(WrapKwp(key, input, wrapped).ok());
  Require(AsText(UnwrapKwp(key, wrapped).value().Expose()) == AsText(input));
}

}  // namespace
}  // namespace fieldkms

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fieldkms::FuzzKwp({data, size});
  return 0;
}
