#include "rotation/source/inflate.h"

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "rotation/source/source_opener.h"

namespace fieldkms::rotation {
namespace {

// A literal packet's lengths and name come on top of what it holds.
constexpr size_t kMost = kMostSourcePlaintext + 4'096;
constexpr size_t kFirst = 4'096;

// The window has plaintext in it.
void* Allocate(void* /*opaque*/, uInt count, uInt size) {
  const size_t bytes = size_t{count} * size + sizeof(size_t);
  auto* const memory = static_cast<uint8_t*>(std::malloc(bytes));
  if (memory == nullptr) return nullptr;
  std::memcpy(memory, &bytes, sizeof(bytes));
  return memory + sizeof(size_t);
}

void Free(void* /*opaque*/, void* address) {
  auto* const memory = static_cast<uint8_t*>(address) - sizeof(size_t);
  size_t bytes = 0;
  std::memcpy(&bytes, memory, sizeof(bytes));
  Wipe({memory, bytes});
  std::free(memory);
}

class Inflater {
 public:
  explicit Inflater(Deflated form) {
    stream_.zalloc = Allocate;
    stream_.zfree = Free;
    ready_ = inflateInit2(&stream_, form == Deflated::kRaw ? -MAX_WBITS : MAX_WBITS) == Z_OK;
  }
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  std::string_view Run(ByteView input, WipedBuffer* output) {
    if (!ready_) return kSourceCipher;
    stream_.next_in = const_cast<uint8_t*>(input.data());
    stream_.avail_in = static_cast<uInt>(input.size());
    int state = Z_OK;
    size_t made = 0;
    while (state == Z_OK) {
      if (made == kMost) return kSourceTooLong;
      output->resize(std::min(kMost, std::max(kFirst, 2 * made)));
      stream_.next_out = output->data() + made;
      stream_.avail_out = static_cast<uInt>(output->size() - made);
      state = inflate(&stream_, Z_NO_FLUSH);
      made = output->size() - stream_.avail_out;
    }
    output->resize(made);
    // Bytes may follow in the packet where its length is not known, but none do that pgcrypto wrote.
    return state == Z_STREAM_END ? std::string_view() : kSourceNotOpened;
  }

 private:
  z_stream stream_ = {};
  bool ready_ = false;
};

}  // namespace

std::string_view InflateSource(Deflated form, ByteView input, WipedBuffer* output) {
  return Inflater(form).Run(input, output);
}

}  // namespace fieldkms::rotation
