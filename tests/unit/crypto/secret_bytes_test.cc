#include "crypto/secret_bytes.h"

#include <atomic>
#include <ostream>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "tests/support/fake_random.h"
#include "tests/support/fork.h"
#include "tests/support/hex.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};
template <class T>
concept Comparable = requires(const T& a, const T& b) {
  a == b;
};

static_assert(!std::is_copy_constructible_v<SecretBytes>);
static_assert(!std::is_copy_assignable_v<SecretBytes>);
static_assert(std::is_nothrow_move_constructible_v<SecretBytes>);
static_assert(!Streamable<SecretBytes> && Streamable<std::string>);
static_assert(!Comparable<SecretBytes> && Comparable<std::string>);
static_assert(!std::is_convertible_v<SecretBytes, ByteView>);

SecretBytes Secret(std::string_view text) { return SecretBytes::CopyOf(AsBytes(text)).value(); }

TEST(SecretBytesTest, AllocateGivesZeroes) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{32}, size_t{4096}}) {
    ASSERT_OK_AND_ASSIGN(SecretBytes secret, SecretBytes::Allocate(size));
    EXPECT_EQ(secret.size(), size);
    EXPECT_EQ(secret.empty(), size == 0);
    EXPECT_EQ(ToHex(secret.Expose()), std::string(2 * size, '0'));
  }
  EXPECT_THAT(SecretBytes::Allocate(4097),
              StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInternal));
}

TEST(SecretBytesTest, CopyOfCopies) {
  const SecretBytes secret = Secret("the secret");
  EXPECT_EQ(AsText(secret.Expose()), "the secret");
  EXPECT_TRUE(Secret("").empty());
}

TEST(SecretBytesTest, RandomDiffers) {
  ASSERT_OK_AND_ASSIGN(const SecretBytes a, SecretBytes::Random(32));
  ASSERT_OK_AND_ASSIGN(const SecretBytes b, SecretBytes::Random(32));
  EXPECT_FALSE(ConstantTimeEqual(a.Expose(), b.Expose()));
  EXPECT_OK(SecretBytes::Random(0));
  EXPECT_THAT(SecretBytes::Random(4097), StatusIs(Reason::kInternal));
}

TEST(SecretBytesTest, RandomFailsWithTheGenerator) {
  FakeRandom random;
  random.fails = true;
  EXPECT_THAT(SecretBytes::Random(32),
              StatusIs(absl::StatusCode::kInternal, Reason::kCryptoFailure));
}

TEST(SecretBytesTest, MovesWithoutCopying) {
  SecretBytes a = Secret("one");
  const uint8_t* data = a.Expose().data();
  SecretBytes b = std::move(a);
  EXPECT_EQ(b.Expose().data(), data);
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): promised by the header
  SecretBytes c = Secret("two");
  c = std::move(b);
  EXPECT_EQ(AsText(c.Expose()), "one");
  SecretBytes& self = c;
  c = std::move(self);
  EXPECT_EQ(AsText(c.Expose()), "one");
}

TEST(SecretBytesTest, GivesItsMemoryBack) {
  const size_t before = GetSecretMemoryStats().in_use;
  {
    const SecretBytes a = Secret("a");
    SecretBytes b = Secret("b");
    EXPECT_EQ(GetSecretMemoryStats().in_use, before + 64);
    b = SecretBytes();
    EXPECT_EQ(GetSecretMemoryStats().in_use, before + 32);
  }
  EXPECT_EQ(GetSecretMemoryStats().in_use, before);
}

TEST(SecretBytesTest, IsEmptyInTheChildOfAFork) {
  const SecretBytes secret = Secret("the secret");
  EXPECT_EQ(OutputOfChild([&] { return ToHex(secret.Expose()); }), std::string(20, '0'));
  EXPECT_EQ(AsText(secret.Expose()), "the secret");
}

TEST(SecretBytesTest, AChildOfAForkAllocatesWhileTheParentsThreadsDo) {
  std::atomic<bool> stop = false;
  std::jthread busy([&stop] {
    while (!stop) Secret("busy");
  });
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(OutputOfChild([] { return std::string(AsText(Secret("fresh").Expose())); }), "fresh");
  }
  stop = true;
}

TEST(SecretBytesTest, ThePolicyIsTheProcesss) {
  EXPECT_EQ(OutputOfChild([] {
              if (!SetMemoryLock(MemoryLock::kRequired).ok()) return std::string("refused");
              const SecretBytes secret = Secret("locked");
              const SecretMemoryStats stats = GetSecretMemoryStats();
              return std::string(stats.locked == stats.reserved ? "locked" : "unlocked");
            }),
            "locked");
}

}  // namespace
}  // namespace fieldkms
