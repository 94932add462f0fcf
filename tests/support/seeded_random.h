// Choices of tests, which can be repeated: never for keys, nonces or ids.
#ifndef FIELDKMS_TESTS_SUPPORT_SEEDED_RANDOM_H_
#define FIELDKMS_TESTS_SUPPORT_SEEDED_RANDOM_H_

#include <cstdint>
#include <cstdlib>
#include <random>

namespace fieldkms::testing {

// A number from the environment, or `otherwise` where it is not set.
inline uint64_t NumberFromEnvironment(const char* name, uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// The seed of this run: FIELDKMS_FAULT_SEED, or another one each time. Whoever uses
// it prints it.
inline uint64_t RunSeed() {
  static const uint64_t seed = NumberFromEnvironment("FIELDKMS_FAULT_SEED", std::random_device{}());
  return seed;
}

// Not thread-safe.
class SeededRandom {
 public:
  explicit SeededRandom(uint64_t seed) : engine_(seed) {}
  uint64_t Next() { return engine_(); }
  // 0 to bound - 1.
  uint64_t Below(uint64_t bound) { return engine_() % bound; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_SUPPORT_SEEDED_RANDOM_H_
