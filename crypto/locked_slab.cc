#include "crypto/locked_slab.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/status.h"

#ifndef __has_feature
#define __has_feature(x) 0  // clang's way to ask for a sanitizer; gcc has a macro
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

namespace fieldkms {
namespace {

// A page holds pieces of one size class, 32 << class: 32 bytes to 4 KiB.
constexpr size_t kPage = LockedSlab::kMaxSize;
constexpr size_t kMinPiece = 32;
// The first region fits in the default RLIMIT_MEMLOCK of old kernels, 64 KiB.
constexpr size_t kFirstRegion = size_t{64} << 10;
constexpr size_t kMaxRegion = size_t{1} << 20;

size_t SizeClass(size_t size) {
  const size_t piece = std::bit_ceil(std::max(size, kMinPiece));
  return static_cast<size_t>(std::countr_zero(piece / kMinPiece));
}

size_t PieceSize(size_t size_class) { return kMinPiece << size_class; }

// Guard pages are whole pages of the machine, whatever their size.
size_t GuardSize() {
  static const auto size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

// MapRegion maps `size` bytes between two guard pages, kept out of core dumps
// and zeroed in the child of a fork.
uint8_t* MapRegion(size_t size) {
  const size_t guard = GuardSize();
  const size_t total = size + 2 * guard;
  void* base = mmap(nullptr, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return nullptr;
  uint8_t* data = static_cast<uint8_t*>(base) + guard;
  if (mprotect(data, size, PROT_READ | PROT_WRITE) != 0 ||
      madvise(data, size, MADV_DONTDUMP) != 0) {
    munmap(base, total);
    return nullptr;
  }
  // A second line only, and some sandboxes lack it: a failure is no reason not
  // to serve.
  (void)madvise(data, size, MADV_WIPEONFORK);
  return data;
}

// The system call itself: sanitizers put a function that does nothing in the
// place of mlock(), and would report memory as locked that is not.
bool LockIntoRam(uint8_t* data, size_t size) { return syscall(SYS_mlock, data, size) == 0; }

void UnmapRegion(uint8_t* data, size_t size) {
  const size_t guard = GuardSize();
  munmap(data - guard, size + 2 * guard);
}

absl::Status LockError() {
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  return Error(absl::StatusCode::kResourceExhausted, Reason::kMemoryLock,
               "secrets cannot be locked into RAM: RLIMIT_MEMLOCK is " +
                   std::to_string(limit.rlim_cur) +
                   " bytes; raise it (LimitMEMLOCK= in the systemd unit, or ulimit -l), or set "
                   "memory.lock: preferred");
}

}  // namespace

LockedSlab& LockedSlab::Process() {
  static LockedSlab* const slab = [] {
    auto* made = new LockedSlab;
    pthread_atfork([] { Process().BeforeFork(); }, [] { Process().AfterForkInParent(); },
                   [] { Process().AfterForkInChild(); });
    return made;
  }();
  return *slab;
}

LockedSlab::~LockedSlab() {
  for (const Region& region : regions_) {
    ASAN_UNPOISON_MEMORY_REGION(region.data, region.size);
    Wipe({region.data, region.size});
    UnmapRegion(region.data, region.size);
  }
}

absl::Status LockedSlab::SetPolicy(MemoryLock policy) {
  std::lock_guard lock(mutex_);
  if (policy == MemoryLock::kRequired) {
    const MemoryLock before = std::exchange(policy_, policy);
    absl::Status status = regions_.empty() ? Grow() : LockAll();
    if (!status.ok()) policy_ = before;
    return status;
  }
  policy_ = policy;
  return absl::OkStatus();
}

absl::StatusOr<uint8_t*> LockedSlab::Allocate(size_t size) {
  if (size == 0 || size > kMaxSize) {
    return Error(absl::StatusCode::kInvalidArgument, Reason::kInternal,
                 "a secret has 1 to 4,096 bytes");
  }
  const size_t size_class = SizeClass(size);
  std::lock_guard lock(mutex_);
  // Pages lose their locks in the child of a fork.
  if (policy_ == MemoryLock::kRequired && stats_.locked != stats_.reserved) {
    FIELDKMS_RETURN_IF_ERROR(LockAll());
  }
  std::vector<uint8_t*>& pieces = free_pieces_[size_class];
  if (pieces.empty()) FIELDKMS_RETURN_IF_ERROR(Refill(size_class));
  uint8_t* piece = pieces.back();
  pieces.pop_back();
  stats_.in_use += PieceSize(size_class);
  ASAN_UNPOISON_MEMORY_REGION(piece, size);
  return piece;
}

void LockedSlab::Free(uint8_t* piece, size_t size) {
  Wipe({piece, size});
  ASAN_POISON_MEMORY_REGION(piece, size);
  const size_t size_class = SizeClass(size);
  std::lock_guard lock(mutex_);
  stats_.in_use -= PieceSize(size_class);
  free_pieces_[size_class].push_back(piece);  // has room: see Refill
}

SecretMemoryStats LockedSlab::Stats() {
  std::lock_guard lock(mutex_);
  return stats_;
}

void LockedSlab::AfterForkInChild() {
  stats_.locked = 0;
  for (Region& region : regions_) {
    region.locked = LockIntoRam(region.data, region.size);
    if (region.locked) stats_.locked += region.size;
  }
  mutex_.unlock();
}

// Refill cuts a page into pieces of `size_class`.
absl::Status LockedSlab::Refill(size_t size_class) {
  if (free_pages_.empty()) FIELDKMS_RETURN_IF_ERROR(Grow());
  uint8_t* page = free_pages_.back();
  free_pages_.pop_back();
  const size_t piece = PieceSize(size_class);
  std::vector<uint8_t*>& pieces = free_pieces_[size_class];
  // Room for every piece of the class at once, so that Free never allocates. The
  // pieces handed out come from pages cut before, hence the doubling.
  piece_count_[size_class] += kPage / piece;
  if (pieces.capacity() < piece_count_[size_class]) pieces.reserve(2 * piece_count_[size_class]);
  // Backwards, so that pieces are handed out in the order of their addresses.
  for (size_t offset = kPage; offset > 0; offset -= piece) pieces.push_back(page + offset - piece);
  return absl::OkStatus();
}

// Grow adds a region: as large as is sensible now, less where the limit on
// locked memory leaves less.
absl::Status LockedSlab::Grow() {
  const size_t wanted = std::clamp(stats_.reserved, kFirstRegion, kMaxRegion);
  for (size_t size = wanted; size >= GuardSize(); size /= 2) {
    uint8_t* data = MapRegion(size);
    if (data == nullptr) continue;
    if (LockIntoRam(data, size)) {
      AddRegion({data, size, true});
      return absl::OkStatus();
    }
    UnmapRegion(data, size);
  }
  if (policy_ == MemoryLock::kRequired) return LockError();
  uint8_t* data = MapRegion(wanted);
  if (data == nullptr) {
    return Error(absl::StatusCode::kResourceExhausted, Reason::kMemoryLock,
                 "no memory could be mapped for secrets");
  }
  AddRegion({data, wanted, false});
  return absl::OkStatus();
}

absl::Status LockedSlab::LockAll() {
  for (Region& region : regions_) {
    if (region.locked) continue;
    if (!LockIntoRam(region.data, region.size)) return LockError();
    region.locked = true;
    stats_.locked += region.size;
  }
  return absl::OkStatus();
}

void LockedSlab::AddRegion(const Region& region) {
  regions_.push_back(region);
  stats_.reserved += region.size;
  if (region.locked) stats_.locked += region.size;
  for (size_t offset = region.size; offset > 0; offset -= kPage) {
    free_pages_.push_back(region.data + offset - kPage);
  }
  ASAN_POISON_MEMORY_REGION(region.data, region.size);
}

}  // namespace fieldkms
