#include "crypto/locked_slab.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/fork.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr size_t kKiB = 1024;

bool IsZero(const uint8_t* bytes, size_t size) {
  return std::all_of(bytes, bytes + size, [](uint8_t b) { return b == 0; });
}

// The flags of the mapping that holds `address`, such as "rd wr mr mw me lo dd".
std::string MappingFlags(const void* address) {
  const auto wanted = reinterpret_cast<uintptr_t>(address);
  std::ifstream smaps("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(smaps, line);) {
    uintptr_t begin = 0;
    uintptr_t end = 0;
    char dash = 0;
    std::istringstream fields(line);
    if (fields >> std::hex >> begin >> dash >> end && dash == '-') {
      inside = begin <= wanted && wanted < end;
    } else if (inside && line.starts_with("VmFlags:")) {
      return line.substr(8) + " ";
    }
  }
  return "";
}

// Lowers the limit, for the process that it is run in. Root is above the limit,
// so the process becomes nobody. What other tests locked must not count.
void LimitLockedMemory(size_t bytes) {
  if (syscall(SYS_munlockall) != 0) _exit(1);  // sanitizers replace munlockall()
  const rlimit limit = {bytes, bytes};
  if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0) _exit(2);
  if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(3);
}

std::string Describe(const SecretMemoryStats& stats) {
  return "reserved " + std::to_string(stats.reserved) + " locked " + std::to_string(stats.locked) +
         " in use " + std::to_string(stats.in_use);
}

TEST(LockedSlabTest, PiecesAreZeroDistinctAndRoundedUp) {
  LockedSlab slab;
  std::set<std::pair<uint8_t*, size_t>> pieces;
  for (const size_t size :
       {1U, 31U, 32U, 33U, 48U, 64U, 65U, 129U, 257U, 513U, 1025U, 2048U, 2049U, 4096U}) {
    ASSERT_OK_AND_ASSIGN(uint8_t * piece, slab.Allocate(size));
    EXPECT_TRUE(IsZero(piece, size));
    std::fill_n(piece, size, uint8_t{0xff});  // overlaps show in the next one's IsZero
    pieces.emplace(piece, size);
  }
  EXPECT_EQ(pieces.size(), 14u);
  const size_t slots =
      3 * 32 + 3 * 64 + 128 + 256 + 512 + 1024 + 2048 + 2048 + 2 * 4096;  // see the next line
  EXPECT_EQ(slab.Stats().in_use, slots);
  for (const auto& [piece, size] : pieces) slab.Free(piece, size);
  EXPECT_EQ(slab.Stats().in_use, 0u);
}

TEST(LockedSlabTest, RefusesOtherSizes) {
  LockedSlab slab;
  EXPECT_THAT(slab.Allocate(0), StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInternal));
  EXPECT_THAT(slab.Allocate(4097), StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInternal));
}

TEST(LockedSlabTest, APieceIsWipedWhenFreed) {
  LockedSlab slab;
  for (const size_t size : {size_t{5}, size_t{32}, size_t{4096}}) {
    ASSERT_OK_AND_ASSIGN(uint8_t * piece, slab.Allocate(size));
    std::fill_n(piece, size, uint8_t{0x5a});
    slab.Free(piece, size);
    ASSERT_OK_AND_ASSIGN(uint8_t * again, slab.Allocate(size));  // does not wipe itself
    ASSERT_EQ(again, piece);
    EXPECT_TRUE(IsZero(again, size));
    slab.Free(again, size);
  }
}

TEST(LockedSlabTest, RegionsAreLockedUndumpableAndWipedOnFork) {
  LockedSlab slab;
  ASSERT_OK_AND_ASSIGN(uint8_t * piece, slab.Allocate(32));
  const std::string flags = MappingFlags(piece);
  EXPECT_THAT(flags, AllOf(HasSubstr(" dd "), HasSubstr(" wf ")));
  EXPECT_EQ(flags.find(" lo ") != std::string::npos, slab.Stats().locked == slab.Stats().reserved);
  EXPECT_GT(slab.Stats().locked, 0u) << "this machine locks nothing: raise RLIMIT_MEMLOCK";
}

TEST(LockedSlabDeathTest, GuardPagesEndARegion) {
  LockedSlab slab;
  // The first page of a fresh region, handed out from its start.
  ASSERT_OK_AND_ASSIGN(uint8_t * first, slab.Allocate(4096));
  EXPECT_DEATH(first[-1] = 1, "");
  const size_t size = slab.Stats().reserved;
  EXPECT_DEATH(first[size] = 1, "");
}

TEST(LockedSlabTest, GrowsAndKeepsItsPromises) {
  LockedSlab slab;
  std::vector<uint8_t*> pieces;
  for (int i = 0; i < 100; ++i) {
    ASSERT_OK_AND_ASSIGN(uint8_t * piece, slab.Allocate(4096));
    ASSERT_TRUE(IsZero(piece, 4096));
    std::fill_n(piece, 4096, uint8_t{0xff});
    pieces.push_back(piece);
  }
  EXPECT_EQ(std::set<uint8_t*>(pieces.begin(), pieces.end()).size(), 100u);
  const SecretMemoryStats full = slab.Stats();
  EXPECT_EQ(full.in_use, 100 * 4 * kKiB);
  EXPECT_GE(full.reserved, full.in_use);
  for (uint8_t* piece : pieces) slab.Free(piece, 4096);
  for (int i = 0; i < 100; ++i) ASSERT_OK(slab.Allocate(4096));
  EXPECT_EQ(slab.Stats().reserved, full.reserved) << "freed pieces are used again";
}

TEST(LockedSlabTest, ThreadsShareIt) {
  LockedSlab slab;
  {
    std::vector<std::jthread> threads;
    for (uint8_t id = 1; id <= 4; ++id) {
      threads.emplace_back([&slab, id] {
        for (int i = 0; i < 2000; ++i) {
          const size_t size = 1 + static_cast<size_t>(i * 7 % 200);
          uint8_t* piece = slab.Allocate(size).value();
          ASSERT_TRUE(IsZero(piece, size));
          std::fill_n(piece, size, id);
          ASSERT_EQ(std::count(piece, piece + size, id), static_cast<ptrdiff_t>(size));
          slab.Free(piece, size);
        }
      });
    }
  }
  EXPECT_EQ(slab.Stats().in_use, 0u);
}

TEST(LockedSlabLimitTest, SixtyFourKiBAreEnoughToStart) {
  EXPECT_EQ(OutputOfChild([] {
              LimitLockedMemory(64 * kKiB);
              LockedSlab slab;
              if (!slab.SetPolicy(MemoryLock::kRequired).ok()) return std::string("refused");
              return Describe(slab.Stats());
            }),
            "reserved 65536 locked 65536 in use 0");
}

TEST(LockedSlabLimitTest, ASmallerLimitGivesASmallerRegion) {
  EXPECT_EQ(OutputOfChild([] {
              LimitLockedMemory(20 * kKiB);
              LockedSlab slab;
              if (!slab.SetPolicy(MemoryLock::kRequired).ok()) return std::string("refused");
              return Describe(slab.Stats());
            }),
            "reserved 16384 locked 16384 in use 0");
}

TEST(LockedSlabLimitTest, RequiredFailsWithTheRemedyWhenTheLimitIsReached) {
  const std::string message = OutputOfChild([] {
    LimitLockedMemory(64 * kKiB);
    LockedSlab slab;
    if (!slab.SetPolicy(MemoryLock::kRequired).ok()) return std::string("refused at once");
    int allocated = 0;
    for (;; ++allocated) {
      const auto piece = slab.Allocate(4096);
      if (piece.ok()) continue;
      return std::to_string(allocated) + " then " +
             std::string(ReasonName(ReasonOf(piece.status()))) + ": " +
             std::string(piece.status().message());
    }
  });
  EXPECT_THAT(message, AllOf(HasSubstr("16 then MEMORY_LOCK"), HasSubstr("RLIMIT_MEMLOCK is 65536"),
                             HasSubstr("LimitMEMLOCK="), HasSubstr("ulimit -l"),
                             HasSubstr("memory.lock: preferred")));
}

TEST(LockedSlabLimitTest, RequiredIsRefusedAtOnceWithoutAnyAllowance) {
  EXPECT_THAT(OutputOfChild([] {
                LimitLockedMemory(0);
                LockedSlab slab;
                const absl::Status status = slab.SetPolicy(MemoryLock::kRequired);
                const bool usable = slab.Allocate(32).ok();  // still kPreferred
                return std::string(status.message()) + (usable ? " usable" : " unusable");
              }),
              AllOf(HasSubstr("RLIMIT_MEMLOCK is 0 bytes"), HasSubstr(" usable")));
}

TEST(LockedSlabLimitTest, PreferredFallsBackToUnlockedMemory) {
  EXPECT_EQ(OutputOfChild([] {
              LimitLockedMemory(0);
              LockedSlab slab;
              if (!slab.Allocate(32).ok()) return std::string("refused");
              return Describe(slab.Stats());
            }),
            "reserved 65536 locked 0 in use 32");
}

TEST(LockedSlabLimitTest, RequiredAfterUnlockedMemoryIsRefused) {
  EXPECT_THAT(OutputOfChild([] {
                LimitLockedMemory(0);
                LockedSlab slab;
                if (!slab.Allocate(32).ok()) return std::string("no memory");
                return std::string(slab.SetPolicy(MemoryLock::kRequired).message());
              }),
              HasSubstr("RLIMIT_MEMLOCK is 0 bytes"));
}

TEST(LockedSlabForkTest, TheChildHasZeroesAndLocksItsOwn) {
  LockedSlab slab;
  ASSERT_OK_AND_ASSIGN(uint8_t * piece, slab.Allocate(32));
  std::fill_n(piece, 32, uint8_t{0x5a});
  const std::string before = Describe(slab.Stats());
  slab.BeforeFork();  // the process's slab has these three registered
  const std::string child = OutputOfChild([&] {
    slab.AfterForkInChild();
    const bool wiped = IsZero(piece, 32);
    const bool fresh = slab.Allocate(32).ok();
    slab.Free(piece, 32);
    return (wiped && fresh ? "" : "not wiped, or no piece: ") + Describe(slab.Stats());
  });
  slab.AfterForkInParent();
  EXPECT_EQ(child, before) << "one piece more, one less; locked again";
  EXPECT_EQ(std::count(piece, piece + 32, uint8_t{0x5a}), 32) << "the parent keeps its secret";
}

}  // namespace
}  // namespace fieldkms
