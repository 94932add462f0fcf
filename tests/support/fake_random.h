// A random generator under the test's control, in place of OpenSSL's.
#ifndef FIELDKMS_TESTS_SUPPORT_FAKE_RANDOM_H_
#define FIELDKMS_TESTS_SUPPORT_FAKE_RANDOM_H_

#include <openssl/rand.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace fieldkms {

// The interface is deprecated for programs, and the only one short of writing a
// provider.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

// FakeRandom answers RAND_bytes and RAND_priv_bytes of the process while it lives:
// with bytes of `fill`, and with failure where `fails`. It counts the calls for
// bytes, and the seeds that it is given. One at a time.
class FakeRandom {
 public:
  FakeRandom() {
    calls = 0;
    seeds = 0;
    fill = 0x5a;
    fails = false;
    static const RAND_METHOD method = {nullptr, Bytes, nullptr, Add, Bytes, nullptr};
    RAND_set_rand_method(&method);
  }
  ~FakeRandom() { RAND_set_rand_method(nullptr); }
  FakeRandom(const FakeRandom&) = delete;
  FakeRandom& operator=(const FakeRandom&) = delete;

  // Static, as OpenSSL's callbacks have no argument for an object.
  static inline std::atomic<int> calls = 0;
  static inline std::atomic<int> seeds = 0;
  static inline std::atomic<uint8_t> fill = 0;
  static inline std::atomic<bool> fails = false;

 private:
  static int Add(const void* /*seed*/, int /*size*/, double /*entropy*/) {
    ++seeds;
    return 1;
  }
  static int Bytes(unsigned char* out, int size) {
    ++calls;
    std::fill_n(out, size, fill.load());
    return fails ? 0 : 1;
  }
};

#pragma GCC diagnostic pop

}  // namespace fieldkms

#endif  // FIELDKMS_TESTS_SUPPORT_FAKE_RANDOM_H_
