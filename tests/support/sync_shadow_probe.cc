// What sync_shadow_test runs under the library: does the deed argv[1] to files in
// the directory argv[2], says "done" and stays, to be killed.
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

void Check(bool ok, const char* what) {
  if (ok) return;
  std::perror(what);
  std::exit(1);
}

struct Probe {
  std::string dir;

  std::string Path(std::string_view name) const { return dir + "/" + std::string(name); }

  int Open(std::string_view name, int flags = 0) const {
    const int fd = ::open(Path(name).c_str(), O_RDWR | O_CREAT | flags, 0600);
    Check(fd >= 0, "open");
    return fd;
  }
  void Write(int fd, std::string_view text) const {
    Check(::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()), "write");
  }
  void WriteAt(int fd, off_t at, std::string_view text) const {
    Check(::pwrite(fd, text.data(), text.size(), at) == static_cast<ssize_t>(text.size()),
          "pwrite");
  }
  void Sync(int fd) const { Check(::fsync(fd) == 0, "fsync"); }
  void SyncDir(std::string_view name = "") const {
    const int fd = ::open(Path(name).c_str(), O_RDONLY | O_DIRECTORY);
    Check(fd >= 0, "open directory");
    Sync(fd);
    ::close(fd);
  }
  // Writes to a file and returns its descriptor.
  int Written(std::string_view name, std::string_view text, int flags = 0) const {
    const int fd = Open(name, flags);
    Write(fd, text);
    return fd;
  }
  // A file with a durable name and durable content.
  int Durable(std::string_view name, std::string_view text) const {
    const int fd = Written(name, text);
    Sync(fd);
    SyncDir();
    return fd;
  }
  void Rename(std::string_view from, std::string_view to) const {
    Check(::rename(Path(from).c_str(), Path(to).c_str()) == 0, "rename");
  }
};

// Commits one row after another in a WAL database; each is acknowledged on
// stdout once committed.
void CommitRows(const Probe& p, const char* synchronous) {
  sqlite3* db = nullptr;
  const auto run = [&](const std::string& sql) {
    if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
      std::fprintf(stderr, "%s: %s\n", sql.c_str(), sqlite3_errmsg(db));
      std::exit(1);
    }
  };
  Check(sqlite3_open(p.Path("t.db").c_str(), &db) == SQLITE_OK, "sqlite3_open");
  run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;");
  run("CREATE TABLE t(n INTEGER PRIMARY KEY, fill BLOB)");
  run(std::string("PRAGMA synchronous=") + synchronous);
  for (int row = 1; row <= 300; ++row) {  // Enough for checkpoints.
    run("INSERT INTO t VALUES(" + std::to_string(row) + ", randomblob(20000))");
    std::printf("%d\n", row);
  }
  std::fflush(stdout);  // The database stays open: closing it would sync it.
}

// Prints the number of rows in the database at p.dir, 0 where there is none, and
// ends.
void CountRows(const Probe& p) {
  sqlite3* db = nullptr;
  sqlite3_stmt* statement = nullptr;
  Check(sqlite3_open(p.dir.c_str(), &db) == SQLITE_OK, "sqlite3_open");
  int rows = 0;
  if (sqlite3_prepare_v2(db, "SELECT count(*) FROM t", -1, &statement, nullptr) == SQLITE_OK) {
    Check(sqlite3_step(statement) == SQLITE_ROW, "sqlite3_step");
    rows = sqlite3_column_int(statement, 0);
  }
  std::printf("%d\n", rows);
  std::exit(0);
}

// Eight threads append lines to one file; each counts a line as acknowledged once
// its sync returned.
void AppendWithThreads(const Probe& p) {
  const int fd = p.Open("lines", O_APPEND);
  p.SyncDir();
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&p, fd, t] {
      for (int i = 0; i < 200; ++i) {
        char line[32];
        const int n = std::snprintf(line, sizeof line, "%d.%d\n", t, i);
        p.Write(fd, {line, static_cast<size_t>(n)});
        Check(::fdatasync(fd) == 0, "fdatasync");
        Check(::write(STDOUT_FILENO, line, static_cast<size_t>(n)) == n, "acknowledge");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

const std::map<std::string_view, std::function<void(const Probe&)>> kDeeds = {
    {"write-unsynced", [](const Probe& p) { p.Write(p.Durable("f", "old"), "new"); }},
    {"write-synced",
     [](const Probe& p) {
       const int fd = p.Durable("f", "old");
       p.Write(fd, "new");
       p.Sync(fd);
     }},
    {"nothing-synced", [](const Probe& p) { p.Written("f", "text"); }},
    {"entry-unsynced", [](const Probe& p) { p.SyncDir(), p.Sync(p.Written("f", "text")); }},
    {"content-unsynced", [](const Probe& p) { p.Written("f", "text"), p.SyncDir(); }},
    {"overwrite",
     [](const Probe& p) {
       const int fd = p.Durable("f", std::string(10'000, 'a'));
       p.WriteAt(fd, 5'000, "BBB");
       Check(::ftruncate(fd, 9'000) == 0, "ftruncate");
       p.Sync(fd);
       p.WriteAt(fd, 0, "unsynced");
     }},
    {"reopen-truncate",
     [](const Probe& p) {
       p.Durable("f", "long content");
       const int fd = p.Open("f", O_TRUNC);
       Check(::ftruncate(fd, 3) == 0, "ftruncate");
       p.Sync(fd);
     }},
    {"o-dsync", [](const Probe& p) { p.Written("f", "text", O_DSYNC), p.SyncDir(); }},
    {"rename-unsynced",
     [](const Probe& p) { p.Durable("f", "old"), p.Durable("g", "new"), p.Rename("g", "f"); }},
    {"rename-synced",
     [](const Probe& p) {
       p.Durable("f", "old"), p.Durable("g", "new"), p.Rename("g", "f"), p.SyncDir();
     }},
    {"unlink-unsynced",
     [](const Probe& p) { p.Durable("f", "old"), ::unlink(p.Path("f").c_str()); }},
    {"unlink-synced",
     [](const Probe& p) { p.Durable("f", "old"), ::unlink(p.Path("f").c_str()), p.SyncDir(); }},
    {"unlink-reuse",
     [](const Probe& p) {
       // Very likely the same inode number: its old content must not come back.
       ::close(p.Durable("f", "old"));
       ::unlink(p.Path("f").c_str());
       p.Open("f");
       p.SyncDir();
     }},
    {"subdirectory",
     [](const Probe& p) {
       Check(::mkdir(p.Path("sub").c_str(), 0700) == 0, "mkdir");
       p.Sync(p.Written("sub/f", "text"));
       p.SyncDir("sub");
       p.SyncDir();
     }},
    {"sqlite-full", [](const Probe& p) { CommitRows(p, "FULL"); }},
    {"sqlite-off", [](const Probe& p) { CommitRows(p, "OFF"); }},
    {"threads", AppendWithThreads},
    {"resync", [](const Probe& p) { p.Sync(p.Open("f")); }},
    {"count-rows", CountRows},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 || !kDeeds.contains(argv[1])) return 2;
  kDeeds.at(argv[1])(Probe{argv[2]});
  std::puts("done");
  std::fflush(stdout);
  ::pause();
}
