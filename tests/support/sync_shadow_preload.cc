// The LD_PRELOAD library of sync_shadow.h.
//
// The shadow is a directory of nodes, one an inode, named by inode number and
// time of birth (an inode number alone is used again): N.f holds a file's synced
// content, N.d a directory's synced entries as symbolic links to nodes; `root`
// links to the node of the watched directory. Names and contents are apart, as
// they are in a file system, so that either may be durable without the other.
//
// Contents are updated in place, in ascending order: a kill in between leaves a
// state that an interrupted fsync may leave. Entries are replaced one by one,
// each atomically.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace {

template <class F>
F* Next(F*, const char* name) {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

// The functions behind ours, found at the first use of each.
#define REAL(name)                                 \
  ([]() -> decltype(&::name) {                     \
    static const auto real = Next(&::name, #name); \
    return real;                                   \
  }())

// The shadow cannot be kept: better no test than a wrong one.
[[noreturn]] void Die(const char* what) {
  std::fprintf(stderr, "sync_shadow: %s: errno %d\n", what, errno);
  std::abort();
}

// What is known of one inode. `dirty` maps the start of each range written since
// the last sync to its end; ranges may overlap.
struct Inode {
  std::mutex mutex;
  bool all_dirty = true;  // until the first sync in this process
  std::map<off_t, off_t> dirty;
};

struct Shadow {
  std::string watched;
  std::string dir;
  dev_t device = 0;
  std::mutex mutex;
  std::map<ino_t, std::shared_ptr<Inode>> inodes;
};

// Null where the environment asks for nothing. Never freed: threads may write
// while the process exits.
Shadow* GetShadow() {
  static Shadow* const shadow = []() -> Shadow* {
    const char* watched = std::getenv("FIELDKMS_SHADOW_WATCHED");
    const char* dir = std::getenv("FIELDKMS_SHADOW_DIR");
    struct stat info;
    if (watched == nullptr || dir == nullptr) return nullptr;
    if (::stat(dir, &info) != 0) Die("no shadow directory");
    auto* made = new Shadow;
    made->watched = watched;
    made->dir = dir;
    made->device = info.st_dev;
    return made;
  }();
  return shadow;
}

// Whether `path` is the watched directory or inside it.
bool Watched(const Shadow& shadow, std::string_view path) {
  if (!path.starts_with(shadow.watched)) return false;
  return path.size() == shadow.watched.size() || path[shadow.watched.size()] == '/';
}

std::shared_ptr<Inode> InodeOf(Shadow& shadow, ino_t number) {
  const std::lock_guard lock(shadow.mutex);
  auto& inode = shadow.inodes[number];
  if (!inode) inode = std::make_shared<Inode>();
  return inode;
}

// The state of `fd`'s inode if it is a regular file on the watched file system,
// else null. Whether it is inside the watched directory is asked when it is
// synced: it may have another name by then.
std::shared_ptr<Inode> TrackedInode(int fd, struct stat* info) {
  Shadow* const shadow = GetShadow();
  if (shadow == nullptr || ::fstat(fd, info) != 0) return nullptr;
  if (!S_ISREG(info->st_mode) || info->st_dev != shadow->device) return nullptr;
  return InodeOf(*shadow, info->st_ino);
}

void MarkDirty(Inode& inode, off_t begin, off_t end) {
  if (begin >= end) return;
  const std::lock_guard lock(inode.mutex);
  auto& known = inode.dirty[begin];
  known = std::max(known, end);
  // Appends, the common case, stay one range.
  auto it = inode.dirty.find(begin);
  if (it != inode.dirty.begin()) {
    const auto before = std::prev(it);
    if (before->second >= begin) {
      before->second = std::max(before->second, known);
      inode.dirty.erase(it);
    }
  }
}

std::string NodeName(int fd, const struct stat& info) {
  struct statx extended;
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &extended) != 0 ||
      (extended.stx_mask & STATX_BTIME) == 0) {
    Die("the file system tells no time of birth");
  }
  char name[96];
  std::snprintf(name, sizeof name, "%llu-%lld.%09u%s", static_cast<unsigned long long>(info.st_ino),
                static_cast<long long>(extended.stx_btime.tv_sec), extended.stx_btime.tv_nsec,
                S_ISDIR(info.st_mode) ? ".d" : ".f");
  return name;
}

void CopyRange(int from, int to, off_t begin, off_t end) {
  static constexpr size_t kChunk = size_t{1} << 20;
  const std::unique_ptr<char[]> buffer(
      new char[std::min(kChunk, static_cast<size_t>(end - begin))]);
  while (begin < end) {
    const size_t want = std::min(kChunk, static_cast<size_t>(end - begin));
    const ssize_t n = ::pread(from, buffer.get(), want, begin);
    if (n < 0) Die("read of a synced file");
    if (n == 0) return;  // Truncated meanwhile.
    if (REAL(pwrite)(to, buffer.get(), static_cast<size_t>(n), begin) != n) Die("write to shadow");
    begin += n;
  }
}

// Copies what changed. The program's descriptor may be write-only, so the file is
// opened anew for reading.
void SyncFile(Shadow& shadow, int fd, const struct stat& before) {
  const auto inode = InodeOf(shadow, before.st_ino);
  const std::lock_guard lock(inode->mutex);  // A second sync waits for this one's copy.
  struct stat info;
  char self[64];
  std::snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
  const int from = REAL(open)(self, O_RDONLY | O_CLOEXEC);
  const std::string node = shadow.dir + "/" + NodeName(fd, before);
  const int to = REAL(open)(node.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  struct stat shadowed;
  if (from < 0 || to < 0 || ::fstat(from, &info) != 0 || ::fstat(to, &shadowed) != 0) {
    Die("open for the shadow");
  }
  if (inode->all_dirty) inode->dirty = {{0, info.st_size}};
  inode->all_dirty = false;
  if (info.st_size > shadowed.st_size) inode->dirty.emplace(shadowed.st_size, info.st_size);
  for (const auto& [begin, end] : inode->dirty)
    CopyRange(from, to, begin, std::min(end, info.st_size));
  inode->dirty.clear();
  if (REAL(ftruncate)(to, info.st_size) != 0) Die("truncate in shadow");
  ::close(from);
  ::close(to);
}

// Makes `link` point to `target`, atomically.
void ReplaceLink(const Shadow& shadow, const std::string& target, const std::string& link) {
  const std::string temporary = shadow.dir + "/link.new";
  ::unlink(temporary.c_str());
  if (::symlink(target.c_str(), temporary.c_str()) != 0) Die("link in shadow");
  if (::rename(temporary.c_str(), link.c_str()) != 0) Die("rename in shadow");
}

std::set<std::string> EntriesOf(const std::string& path) {
  std::set<std::string> names;
  DIR* const dir = ::opendir(path.c_str());
  if (dir == nullptr) Die("read a directory");
  while (const dirent* entry = ::readdir(dir)) {
    const std::string_view name(entry->d_name);
    if (name != "." && name != "..") names.emplace(name);
  }
  ::closedir(dir);
  return names;
}

// The node of a file or directory by its path; "" for other kinds and for one
// that is gone.
std::string NodeAt(const std::string& path) {
  const int fd = REAL(open)(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return "";
  struct stat info;
  const bool known = ::fstat(fd, &info) == 0 && (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode));
  const std::string node = known ? NodeName(fd, info) : "";
  ::close(fd);
  return node;
}

void SyncDirectory(Shadow& shadow, int fd, const std::string& path, const struct stat& info) {
  const std::lock_guard lock(shadow.mutex);
  const std::string name = NodeName(fd, info);
  const std::string node = shadow.dir + "/" + name;
  if (::mkdir(node.c_str(), 0700) != 0 && errno != EEXIST) Die("directory in shadow");
  if (path == shadow.watched) ReplaceLink(shadow, name, shadow.dir + "/root");
  const std::set<std::string> entries = EntriesOf(path);
  for (const std::string& entry : entries) {
    const std::string target = NodeAt(path + "/" + entry);
    if (!target.empty()) ReplaceLink(shadow, "../" + target, node + "/" + entry);
  }
  for (const std::string& entry : EntriesOf(node)) {
    if (!entries.contains(entry)) ::unlink((node + "/" + entry).c_str());
  }
}

// The path of `fd` if that is watched, else "".
std::string WatchedPath(const Shadow& shadow, int fd, struct stat* info) {
  if (::fstat(fd, info) != 0 || info->st_dev != shadow.device) return "";
  char self[64];
  char path[4096];
  std::snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
  const ssize_t n = ::readlink(self, path, sizeof path);
  if (n <= 0 || !Watched(shadow, {path, static_cast<size_t>(n)})) return "";
  return {path, static_cast<size_t>(n)};
}

// Kills the process if this sync is the one that it was told not to live to see.
void BeforeSync(int fd) {
  static const int last = [] {
    const char* number = std::getenv("FIELDKMS_SHADOW_KILL_BEFORE");
    return number == nullptr ? 0 : std::atoi(number);
  }();
  static std::atomic<int> count{0};
  struct stat info;
  Shadow* const shadow = GetShadow();
  if (last == 0 || shadow == nullptr || WatchedPath(*shadow, fd, &info).empty()) return;
  if (++count >= last) {
    ::raise(SIGKILL);
    for (;;) ::pause();  // No sync while the signal is on its way.
  }
}

// After a successful sync of `fd`.
void AfterSync(int fd) {
  Shadow* const shadow = GetShadow();
  if (shadow == nullptr) return;
  struct stat info;
  const std::string path = WatchedPath(*shadow, fd, &info);
  if (path.empty()) return;
  if (S_ISREG(info.st_mode)) SyncFile(*shadow, fd, info);
  if (S_ISDIR(info.st_mode)) SyncDirectory(*shadow, fd, path, info);
}

void AfterWrite(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags >= 0 && (flags & O_DSYNC) != 0) AfterSync(fd);  // O_SYNC includes O_DSYNC.
}

// A write at the file's offset: two threads may share it, so the range is from
// before the one to after the other.
template <class Call>
ssize_t TrackedWrite(int fd, Call call) {
  struct stat info;
  const auto inode = TrackedInode(fd, &info);
  if (!inode) return call();
  const off_t at = (::fcntl(fd, F_GETFL) & O_APPEND) != 0 ? info.st_size : ::lseek(fd, 0, SEEK_CUR);
  const ssize_t n = call();
  const int error = errno;
  if (n > 0) {
    MarkDirty(*inode, at, std::max<off_t>(at + n, ::lseek(fd, 0, SEEK_CUR)));
    AfterWrite(fd);
  }
  errno = error;
  return n;
}

template <class Call>
ssize_t TrackedWriteAt(int fd, off_t at, Call call) {
  const ssize_t n = call();
  const int error = errno;
  struct stat info;
  const auto inode = n > 0 ? TrackedInode(fd, &info) : nullptr;
  if (inode) {
    MarkDirty(*inode, at, at + n);
    AfterWrite(fd);
  }
  errno = error;
  return n;
}

template <class Call>
int TrackedTruncate(int fd, off_t size, Call call) {
  struct stat info;
  const auto inode = TrackedInode(fd, &info);
  const int result = call();
  const int error = errno;
  if (inode && result == 0)
    MarkDirty(*inode, std::min(size, info.st_size), std::max(size, info.st_size));
  errno = error;
  return result;
}

template <class Call>
int TrackedSync(int fd, Call call) {
  BeforeSync(fd);
  const int result = call();
  const int error = errno;
  if (result == 0) AfterSync(fd);
  errno = error;
  return result;
}

// A file opened with O_TRUNC lost all it had.
int Opened(int fd, int flags) {
  const int error = errno;
  struct stat info;
  const auto inode = fd >= 0 && (flags & O_TRUNC) != 0 ? TrackedInode(fd, &info) : nullptr;
  if (inode) {
    const std::lock_guard lock(inode->mutex);
    inode->all_dirty = true;
  }
  errno = error;
  return fd;
}

mode_t ModeOf(int flags, va_list arguments) {
  const bool has_mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  return has_mode ? static_cast<mode_t>(va_arg(arguments, unsigned)) : 0;
}

}  // namespace

extern "C" {

#define OPEN(name)                                       \
  int name(const char* path, int flags, ...) {           \
    va_list arguments;                                   \
    va_start(arguments, flags);                          \
    const mode_t mode = ModeOf(flags, arguments);        \
    va_end(arguments);                                   \
    return Opened(REAL(name)(path, flags, mode), flags); \
  }
#define OPEN_AT(name)                                        \
  int name(int at, const char* path, int flags, ...) {       \
    va_list arguments;                                       \
    va_start(arguments, flags);                              \
    const mode_t mode = ModeOf(flags, arguments);            \
    va_end(arguments);                                       \
    return Opened(REAL(name)(at, path, flags, mode), flags); \
  }
OPEN(open)
OPEN(open64)
OPEN_AT(openat)
OPEN_AT(openat64)

int creat(const char* path, mode_t mode) { return Opened(REAL(creat)(path, mode), O_TRUNC); }
int creat64(const char* path, mode_t mode) { return Opened(REAL(creat64)(path, mode), O_TRUNC); }

ssize_t write(int fd, const void* data, size_t size) {
  return TrackedWrite(fd, [&] { return REAL(write)(fd, data, size); });
}
ssize_t writev(int fd, const iovec* parts, int count) {
  return TrackedWrite(fd, [&] { return REAL(writev)(fd, parts, count); });
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  return TrackedWriteAt(fd, at, [&] { return REAL(pwrite)(fd, data, size, at); });
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  return TrackedWriteAt(fd, at, [&] { return REAL(pwrite64)(fd, data, size, at); });
}
ssize_t pwritev(int fd, const iovec* parts, int count, off_t at) {
  return TrackedWriteAt(fd, at, [&] { return REAL(pwritev)(fd, parts, count, at); });
}
ssize_t pwritev64(int fd, const iovec* parts, int count, off64_t at) {
  return TrackedWriteAt(fd, at, [&] { return REAL(pwritev64)(fd, parts, count, at); });
}
int ftruncate(int fd, off_t size) noexcept {
  return TrackedTruncate(fd, size, [&] { return REAL(ftruncate)(fd, size); });
}
int ftruncate64(int fd, off64_t size) noexcept {
  return TrackedTruncate(fd, size, [&] { return REAL(ftruncate64)(fd, size); });
}
int fsync(int fd) {
  return TrackedSync(fd, [&] { return REAL(fsync)(fd); });
}
int fdatasync(int fd) {
  return TrackedSync(fd, [&] { return REAL(fdatasync)(fd); });
}

}  // extern "C"
