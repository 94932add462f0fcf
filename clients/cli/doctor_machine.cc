// Checks of doctor.h that look at the machine.
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <sstream>

#include "clients/cli/doctor.h"

namespace fieldkms {
namespace {

constexpr size_t kEnoughToLock = 1 << 20;
constexpr uint64_t kEnoughSpace = uint64_t{256} << 20;
constexpr uint64_t kTooLittleSpace = uint64_t{16} << 20;

std::string ModeText(mode_t mode) {
  char text[8] = {};
  const auto [end, error] = std::to_chars(text, text + sizeof(text), mode & 07777u, 8);
  return "0" + std::string(text, end);
}

std::string SizeText(uint64_t bytes) {
  if (bytes >= uint64_t{1} << 30) return std::to_string(bytes >> 30) + " GiB";
  if (bytes >= uint64_t{1} << 20) return std::to_string(bytes >> 20) + " MiB";
  return std::to_string(bytes >> 10) + " KiB";
}

Finding CheckMemoryLock(std::optional<size_t> limit) {
  if (!limit) return {"memory lock", Level::kWarn, "the limit cannot be read", ""};
  if (*limit == SIZE_MAX) return {"memory lock", Level::kOk, "unlimited", ""};
  const std::string advice =
      "raise it for fieldkmsd: LimitMEMLOCK=8M in its systemd unit, or ulimit -l 8192";
  if (*limit < kEnoughToLock) {
    return {"memory lock", Level::kWarn,
            SizeText(*limit) + ": with many keys, some may be swapped to disk", advice};
  }
  return {"memory lock", Level::kOk, SizeText(*limit), ""};
}

Finding CheckCoreDumps(std::optional<size_t> limit) {
  if (!limit) return {"core dumps", Level::kWarn, "the limit cannot be read", ""};
  if (*limit == 0) return {"core dumps", Level::kOk, "off", ""};
  return {"core dumps", Level::kFail, "on: a crash would write keys to disk",
          "fieldkmsd switches them off itself; restart it, and tell its authors"};
}

Finding CheckPrivate(const std::string& check, const std::string& path, bool directory,
                     const std::optional<SocketPeer>& peer) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) {
    const int error = errno;
    return {check, error == EACCES ? Level::kWarn : Level::kFail,
            path + ": " + std::strerror(error),
            error == EACCES ? "run doctor as root or as fieldkmsd's user"
                            : "give fieldkmsd's data directory"};
  }
  if (directory && !S_ISDIR(info.st_mode)) {
    return {check, Level::kFail, path + " is no directory", "give fieldkmsd's data directory"};
  }
  const std::string right_mode = directory ? "0700" : "0600";
  if ((info.st_mode & 077) != 0) {
    return {check, Level::kFail, path + " has mode " + ModeText(info.st_mode),
            "chmod " + right_mode + " " + path};
  }
  if (peer && info.st_uid != peer->uid) {
    return {check, Level::kWarn,
            path + " belongs to user " + std::to_string(info.st_uid) +
                ", the service runs as user " + std::to_string(peer->uid),
            "make sure that this is that service's directory"};
  }
  return {check, Level::kOk, path + ", mode " + ModeText(info.st_mode), ""};
}

Finding CheckSpace(const std::string& path) {
  struct statvfs info = {};
  if (statvfs(path.c_str(), &info) != 0) {
    return {"disk space", Level::kWarn, path + ": " + std::strerror(errno), ""};
  }
  const uint64_t bytes = uint64_t{info.f_bavail} * info.f_frsize;
  const std::string detail = SizeText(bytes) + " free";
  const std::string advice = "make room: without it, changes and audited calls are refused";
  if (bytes < kTooLittleSpace) return {"disk space", Level::kFail, detail, advice};
  if (bytes < kEnoughSpace) return {"disk space", Level::kWarn, detail, advice};
  return {"disk space", Level::kOk, detail, ""};
}

}  // namespace

std::optional<size_t> LimitOf(std::string_view limits, std::string_view name) {
  const size_t row = limits.find(name);
  if (row == std::string_view::npos) return std::nullopt;
  std::string_view rest = limits.substr(row + name.size());
  const size_t value = rest.find_first_not_of(' ');
  if (value == std::string_view::npos) return std::nullopt;
  rest.remove_prefix(value);
  if (rest.starts_with("unlimited")) return SIZE_MAX;
  size_t limit = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), limit);
  if (error != std::errc()) return std::nullopt;
  return limit;
}

std::vector<Finding> CheckLimits(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/limits");
  std::ostringstream text;
  text << file.rdbuf();
  return {CheckMemoryLock(LimitOf(text.str(), "Max locked memory")),
          CheckCoreDumps(LimitOf(text.str(), "Max core file size"))};
}

std::vector<Finding> CheckDataDirectory(const std::string& path,
                                        const std::optional<SocketPeer>& peer) {
  std::vector<Finding> findings;
  findings.push_back(CheckPrivate("data directory", path, true, peer));
  if (findings.back().level == Level::kFail) return findings;
  findings.push_back(CheckPrivate("root key", path + "/root.key", false, peer));
  findings.push_back(CheckPrivate("store", path + "/store.db", false, peer));
  findings.push_back(CheckSpace(path));
  return findings;
}

}  // namespace fieldkms
