#include "tests/unit/kms/store/fault_vfs.h"

#include <sqlite3.h>

#include <cerrno>
#include <limits>
#include <mutex>

#include "tests/support/temp_dir.h"

namespace fieldkms::testing {
namespace {

constexpr int kNever = std::numeric_limits<int>::max();

struct State {
  std::mutex mutex;
  sqlite3_vfs* real = nullptr;
  sqlite3_vfs ours;
  Fault fault = Fault::kIoError;
  int at = kNever;
  bool stays = false;
  int changes = 0;
  bool struck = false;
  std::map<std::string, std::string> synced;
};

State& TheState() {
  static State state;
  return state;
}

enum class Change { kWrite, kTruncate, kDelete, kSync, kSharedMemory };

int CodeOf(Change change, Fault fault) {
  if (fault == Fault::kDiskFull) {
    errno = ENOSPC;
    switch (change) {
      case Change::kWrite:
        return SQLITE_FULL;
      case Change::kSharedMemory:
        return SQLITE_IOERR_SHMSIZE;
      default:
        return SQLITE_OK;  // needs no space
    }
  }
  errno = EIO;
  switch (change) {
    case Change::kWrite:
      return SQLITE_IOERR_WRITE;
    case Change::kTruncate:
      return SQLITE_IOERR_TRUNCATE;
    case Change::kDelete:
      return SQLITE_IOERR_DELETE;
    case Change::kSync:
      return SQLITE_IOERR_FSYNC;
    case Change::kSharedMemory:
      return SQLITE_IOERR_SHMSIZE;
  }
  return SQLITE_IOERR;
}

// Counts a change; the code to fail it with, or SQLITE_OK.
int Count(Change change) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  const int number = ++state.changes;
  if (number != state.at && !(state.stays && number > state.at)) return SQLITE_OK;
  const int code = CodeOf(change, state.fault);
  if (code != SQLITE_OK) state.struck = true;
  return code;
}

// Our part of an open file; the real one follows it in memory.
struct File {
  sqlite3_file base;
  const char* path;  // SQLite keeps it for as long as the file is open
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
File& Ours(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
sqlite3_file* Real(sqlite3_file* file) { return Ours(file).real(); }

int Close(sqlite3_file* f) { return Real(f)->pMethods->xClose(Real(f)); }
int Read(sqlite3_file* f, void* out, int n, sqlite3_int64 at) {
  return Real(f)->pMethods->xRead(Real(f), out, n, at);
}
int Write(sqlite3_file* f, const void* in, int n, sqlite3_int64 at) {
  if (const int code = Count(Change::kWrite); code != SQLITE_OK) return code;
  return Real(f)->pMethods->xWrite(Real(f), in, n, at);
}
int Truncate(sqlite3_file* f, sqlite3_int64 size) {
  if (const int code = Count(Change::kTruncate); code != SQLITE_OK) return code;
  return Real(f)->pMethods->xTruncate(Real(f), size);
}
// The content as SQLite sees it: opening the file a second time would, on closing
// it, drop the locks that the process has on it.
std::string ContentOf(sqlite3_file* real) {
  sqlite3_int64 size = 0;
  if (real->pMethods->xFileSize(real, &size) != SQLITE_OK) return "";
  std::string content(static_cast<size_t>(size), '\0');
  real->pMethods->xRead(real, content.data(), static_cast<int>(size), 0);
  return content;
}
int Sync(sqlite3_file* f, int flags) {
  if (const int code = Count(Change::kSync); code != SQLITE_OK) return code;
  const int rc = Real(f)->pMethods->xSync(Real(f), flags);
  if (rc == SQLITE_OK && Ours(f).path != nullptr) {
    State& state = TheState();
    const std::lock_guard lock(state.mutex);
    state.synced[Ours(f).path] = ContentOf(Real(f));
  }
  return rc;
}
int FileSize(sqlite3_file* f, sqlite3_int64* size) {
  return Real(f)->pMethods->xFileSize(Real(f), size);
}
int Lock(sqlite3_file* f, int level) { return Real(f)->pMethods->xLock(Real(f), level); }
int Unlock(sqlite3_file* f, int level) { return Real(f)->pMethods->xUnlock(Real(f), level); }
int CheckReservedLock(sqlite3_file* f, int* out) {
  return Real(f)->pMethods->xCheckReservedLock(Real(f), out);
}
int FileControl(sqlite3_file* f, int op, void* argument) {
  return Real(f)->pMethods->xFileControl(Real(f), op, argument);
}
int SectorSize(sqlite3_file* f) { return Real(f)->pMethods->xSectorSize(Real(f)); }
int DeviceCharacteristics(sqlite3_file* f) {
  return Real(f)->pMethods->xDeviceCharacteristics(Real(f));
}
int ShmMap(sqlite3_file* f, int region, int size, int extend, void volatile** out) {
  if (extend != 0) {
    if (const int code = Count(Change::kSharedMemory); code != SQLITE_OK) return code;
  }
  return Real(f)->pMethods->xShmMap(Real(f), region, size, extend, out);
}
int ShmLock(sqlite3_file* f, int offset, int n, int flags) {
  return Real(f)->pMethods->xShmLock(Real(f), offset, n, flags);
}
void ShmBarrier(sqlite3_file* f) { Real(f)->pMethods->xShmBarrier(Real(f)); }
int ShmUnmap(sqlite3_file* f, int remove) { return Real(f)->pMethods->xShmUnmap(Real(f), remove); }

constexpr sqlite3_io_methods kMethods = {2,
                                         Close,
                                         Read,
                                         Write,
                                         Truncate,
                                         Sync,
                                         FileSize,
                                         Lock,
                                         Unlock,
                                         CheckReservedLock,
                                         FileControl,
                                         SectorSize,
                                         DeviceCharacteristics,
                                         ShmMap,
                                         ShmLock,
                                         ShmBarrier,
                                         ShmUnmap,
                                         nullptr,
                                         nullptr};

int Open(sqlite3_vfs*, const char* path, sqlite3_file* f, int flags, int* out) {
  File& file = Ours(f);
  file.path = path;
  file.real()->pMethods = nullptr;
  sqlite3_vfs* real = TheState().real;
  const int rc = real->xOpen(real, path, file.real(), flags, out);
  // SQLite closes what has methods, also after a failure.
  file.base.pMethods = file.real()->pMethods != nullptr ? &kMethods : nullptr;
  return rc;
}

int Delete(sqlite3_vfs*, const char* path, int sync_directory) {
  if (const int code = Count(Change::kDelete); code != SQLITE_OK) return code;
  sqlite3_vfs* real = TheState().real;
  return real->xDelete(real, path, sync_directory);
}

void Reset(State& state) {
  state.changes = 0;
  state.struck = false;
}

}  // namespace

void FaultVfs::Install() {
  static const bool installed = [] {
    State& state = TheState();
    state.real = sqlite3_vfs_find(nullptr);
    state.ours = *state.real;
    state.ours.zName = "fault";
    state.ours.szOsFile = static_cast<int>(sizeof(File)) + state.real->szOsFile;
    state.ours.xOpen = Open;
    state.ours.xDelete = Delete;
    return sqlite3_vfs_register(&state.ours, 1) == SQLITE_OK;
  }();
  (void)installed;
  Disarm();
  ForgetSynced();
}

void FaultVfs::Arm(Fault fault, int at, bool stays) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  state.fault = fault;
  state.at = at;
  state.stays = stays;
  Reset(state);
}

void FaultVfs::Disarm() { Arm(Fault::kIoError, kNever, false); }

int FaultVfs::Changes() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  return state.changes;
}

bool FaultVfs::Struck() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  return state.struck;
}

std::map<std::string, std::string> FaultVfs::Synced() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  return state.synced;
}

void FaultVfs::ForgetSynced() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  state.synced.clear();
}

}  // namespace fieldkms::testing
