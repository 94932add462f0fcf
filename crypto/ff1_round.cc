#include "crypto/ff1_round.h"

#include <algorithm>
#include <cstring>

namespace fieldkms {
namespace {

constexpr size_t WholeBlocks(size_t bytes) {
  return (bytes + kAesBlockSize - 1) / kAesBlockSize * kAesBlockSize;
}

// In words: this runs ten times a call.
void XorBlock(const uint8_t* from, uint8_t* to) {
  uint64_t a[2], b[2];
  std::memcpy(a, from, sizeof a);
  std::memcpy(b, to, sizeof b);
  b[0] ^= a[0];
  b[1] ^= a[1];
  std::memcpy(to, b, sizeof b);
}

}  // namespace

Ff1Round::Ff1Round(AesEcb& aes, const Ff1Shape& shape)
    : aes_(aes),
      shape_(shape),
      tail_size_(WholeBlocks(shape.number_bytes + 1)),
      output_size_((shape.number_bytes + 3) / 4 * 4 + 4) {
  std::fill_n(tail_.begin(), tail_size_, uint8_t{0});
}

Ff1Round::~Ff1Round() {
  Wipe(common_);
  Wipe({tail_.data(), tail_size_});
  Wipe({output_.data(), WholeBlocks(output_size_)});
}

bool Ff1Round::Start(ByteView tweak) {
  // P = 1 ‖ 2 ‖ 1 ‖ radix (3) ‖ 10 ‖ u mod 256 ‖ n (4) ‖ t (4).
  PutU32(common_.data(), 0x01020100 | (shape_.radix >> 16));
  PutU16(common_.data() + 4, static_cast<uint16_t>(shape_.radix));
  common_[6] = 10;
  common_[7] = static_cast<uint8_t>(shape_.numerals / 2);
  PutU32(common_.data() + 8, static_cast<uint32_t>(shape_.numerals));
  PutU32(common_.data() + 12, static_cast<uint32_t>(tweak.size()));
  if (!aes_.Encrypt(common_, common_)) return false;

  // Q = tweak ‖ zeros ‖ round ‖ number, in as few blocks as can be.
  const size_t head = WholeBlocks(tweak.size() + shape_.number_bytes + 1) - tail_size_;
  for (size_t at = 0; at < head; at += kAesBlockSize) {
    const ByteView left = tweak.subspan(at);  // never nothing: there are less than 16 zeros
    std::array<uint8_t, kAesBlockSize> block = {};
    std::copy_n(left.begin(), std::min(left.size(), kAesBlockSize), block.begin());
    XorBlock(block.data(), common_.data());
    if (!aes_.Encrypt(common_, common_)) return false;
  }
  if (head < tweak.size()) std::copy_n(tweak.data() + head, tweak.size() - head, tail_.begin());
  return true;
}

ByteView Ff1Round::Run(uint8_t round) {
  tail_[tail_size_ - shape_.number_bytes - 1] = round;
  uint8_t* const r = output_.data();
  std::memcpy(r, common_.data(), kAesBlockSize);
  for (size_t at = 0; at < tail_size_; at += kAesBlockSize) {
    XorBlock(tail_.data() + at, r);
    if (!aes_.Encrypt({r, kAesBlockSize}, {r, kAesBlockSize})) return {};
  }
  // S = R ‖ E(R xor 1) ‖ E(R xor 2) ‖ ..., cut to d bytes.
  if (output_size_ > kAesBlockSize) {
    const size_t size = WholeBlocks(output_size_);
    for (size_t j = 1; j < size / kAesBlockSize; ++j) {
      uint8_t* const block = r + j * kAesBlockSize;
      std::memcpy(block, r, kAesBlockSize);
      block[kAesBlockSize - 1] ^= static_cast<uint8_t>(j);
    }
    const MutableBytes rest(r + kAesBlockSize, size - kAesBlockSize);
    if (!aes_.Encrypt(rest, rest)) return {};
  }
  return {r, output_size_};
}

}  // namespace fieldkms
