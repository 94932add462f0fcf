// Messages of OpenPGP, under a passphrase that some of the corpus have; the first byte says whether
// it is text with armour around it. Whatever comes, nothing is read or made beyond its end, and
// what opens is no longer than the limit.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "crypto/bytes.h"
#include "rotation/source/pgp_message.h"
#include "rotation/source/source_opener.h"
#include "rotation/source/source_text.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fieldkms;
  using namespace fieldkms::rotation;
  if (size == 0) return 0;
  const std::string_view value = AsText(ByteView(data + 1, size - 1));
  PgpPlaintext plaintext;
  if (data[0] % 2 == 0) {
    const auto bytes = BytesOfArmor(value);
    if (!bytes) return 0;
    Require(IsArmored(value));
    (void)OpenPgpMessage(AsBytes(*bytes), AsBytes("p"), &plaintext);
    return 0;
  }
  const std::string_view bad = OpenPgpMessage(AsBytes(value), AsBytes("p"), &plaintext);
  Require(!bad.empty() || plaintext.bytes.size() <= kMostSourcePlaintext);
  return 0;
}
