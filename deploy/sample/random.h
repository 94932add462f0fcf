// SampleRandom makes the same numbers for the same seed, always and everywhere:
// the sample's data must not depend on a library's version. Not for secrets.
#ifndef FIELDKMS_DEPLOY_SAMPLE_RANDOM_H_
#define FIELDKMS_DEPLOY_SAMPLE_RANDOM_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fieldkms::sample {

class SampleRandom {
 public:
  explicit SampleRandom(uint64_t seed) : state_(seed) {}

  // SplitMix64 (Steele, Lea, Flood 2014).
  uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15U;
    uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }

  // A number below `bound`, which is not 0. The bias is of no matter here.
  size_t Below(size_t bound) { return static_cast<size_t>(Next() % bound); }

  // True about once in `n` times.
  bool OneIn(size_t n) { return Below(n) == 0; }

  // `count` characters of `alphabet`, which is not empty.
  std::string Characters(size_t count, std::string_view alphabet) {
    std::string out(count, '\0');
    for (char& c : out) c = alphabet[Below(alphabet.size())];
    return out;
  }

  std::string Digits(size_t count) { return Characters(count, "0123456789"); }

  template <class T, size_t N>
  const T& Pick(const T (&items)[N]) {
    return items[Below(N)];
  }

 private:
  uint64_t state_;
};

}  // namespace fieldkms::sample

#endif  // FIELDKMS_DEPLOY_SAMPLE_RANDOM_H_
