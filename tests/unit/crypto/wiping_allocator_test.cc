// A program of its own, because it replaces the global operator delete: to look
// at memory in the moment it is freed.
#include "crypto/wiping_allocator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <vector>

namespace {

// The blocks watched are of sizes nothing else here allocates.
constexpr size_t kWatched[] = {1777, 3554};
size_t freed_clean = 0;
size_t freed_dirty = 0;

void Watch(const void* block, size_t size) {
  if (std::find(std::begin(kWatched), std::end(kWatched), size) == std::end(kWatched)) return;
  const auto* bytes = static_cast<const uint8_t*>(block);
  const bool clean = std::all_of(bytes, bytes + size, [](uint8_t b) { return b == 0; });
  ++(clean ? freed_clean : freed_dirty);
}

}  // namespace

void* operator new(size_t size) {
  if (void* block = std::malloc(size)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, size_t size) noexcept {
  Watch(block, size);
  std::free(block);
}

namespace fieldkms {
namespace {

class WipingAllocatorTest : public ::testing::Test {
 protected:
  void SetUp() override { freed_clean = freed_dirty = 0; }
};

// Whether the watch itself sees what it should.
TEST_F(WipingAllocatorTest, AnOrdinaryVectorFreesItsBytesAsTheyAre) {
  { const std::vector<uint8_t> buffer(1777, 0x5a); }
  EXPECT_EQ(freed_dirty, 1u);
}

TEST_F(WipingAllocatorTest, DestructionWipes) {
  { const WipedBuffer buffer(1777, 0x5a); }
  EXPECT_EQ(freed_clean, 1u);
  EXPECT_EQ(freed_dirty, 0u);
}

TEST_F(WipingAllocatorTest, ReallocationWipesTheOldBlock) {
  WipedBuffer buffer(1777, 0x5a);
  buffer.reserve(3554);
  EXPECT_EQ(freed_clean, 1u);
  buffer.assign(3554, 0x5a);
  buffer.clear();
  buffer.shrink_to_fit();
  EXPECT_EQ(freed_clean, 2u);
  EXPECT_EQ(freed_dirty, 0u);
}

}  // namespace
}  // namespace fieldkms
