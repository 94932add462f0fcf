#include "rotation/source/inflate.h"

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <list>

#include "rotation/source/source_opener.h"

namespace fieldkms::rotation {
namespace {

// A literal packet's lengths and name come on top of what it holds.
constexpr size_t kMost = kMostSourcePlaintext + 4'096;
constexpr size_t kFirst = 4'096;

// What zlib works in: its window has plaintext in it.
using Memory = std::list<WipedBuffer>;

void* Allocate(void* opaque, uInt count, uInt size) {
  return static_cast<Memory*>(opaque)->emplace_back(size_t{count} * size).data();
}

void Free(void* opaque, void* address) {
  static_cast<Memory*>(opaque)->remove_if(
      [&](const WipedBuffer& buffer) { return buffer.data() == address; });
}

class Inflater {
 public:
  explicit Inflater(Deflated form) {
    stream_.opaque = &memory_;
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
    // Bytes may follow in the packet where its length is not known, but none do that pgcrypto
    // wrote.
    return state == Z_STREAM_END ? std::string_view() : kSourceNotOpened;
  }

 private:
  Memory memory_;
  z_stream stream_ = {};
  bool ready_ = false;
};

}  // namespace

std::string_view InflateSource(Deflated form, ByteView input, WipedBuffer* output) {
  return Inflater(form).Run(input, output);
}

}  // namespace fieldkms::rotation
