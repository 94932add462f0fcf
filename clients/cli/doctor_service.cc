// Checks of doctor.h that talk to the service.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "clients/cli/doctor.h"
#include "clients/cli/report.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr std::chrono::milliseconds kAskEvery{100};

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Others could put a socket of their own in its place.
bool OthersCanReplace(const std::string& path) {
  struct stat info = {};
  if (stat(ParentOf(path).c_str(), &info) != 0) return false;
  return (info.st_mode & S_IWOTH) != 0 && (info.st_mode & S_ISVTX) == 0;
}

// Connects; returns 0 or errno.
int Connect(const std::string& path, std::optional<SocketPeer>* peer) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof(address.sun_path) - 1));
  int error = 0;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    error = errno;
  } else {
    ucred credentials = {};
    socklen_t size = sizeof(credentials);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
      *peer = SocketPeer{credentials.pid, credentials.uid};
    }
  }
  close(fd);
  return error;
}

Finding SocketFailed(const std::string& path, int error) {
  Finding finding{"socket", Level::kFail, path + ": " + std::strerror(error), ""};
  if (error == ENOENT) {
    finding.advice = "start fieldkmsd, or give its socket with --target or FIELDKMS_TARGET";
  } else if (error == ECONNREFUSED) {
    finding.advice = "nobody listens: start fieldkmsd (the socket is a left-over)";
  } else if (error == EACCES) {
    finding.advice =
        "this user may not connect: join the group that owns the socket, or have "
        "its mode changed in fieldkmsd's configuration";
  }
  return finding;
}

}  // namespace

std::string_view LevelName(Level level) {
  switch (level) {
    case Level::kOk:
      return "ok";
    case Level::kWarn:
      return "warn";
    case Level::kFail:
      return "fail";
  }
  return "fail";
}

Finding CheckSocket(const std::string& path, std::optional<SocketPeer>* peer) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) return SocketFailed(path, errno);
  if (!S_ISSOCK(info.st_mode)) {
    return {"socket", Level::kFail, path + " is no socket",
            "give fieldkmsd's socket with --target"};
  }
  if (const int error = Connect(path, peer); error != 0) return SocketFailed(path, error);
  std::string detail = path;
  if (*peer) {
    detail += ", served by process " + std::to_string((*peer)->pid) + " of user " +
              std::to_string((*peer)->uid);
  }
  if (*peer && (*peer)->uid != info.st_uid) {
    return {"socket", Level::kWarn, detail + ", but owned by user " + std::to_string(info.st_uid),
            "make sure that this is the service that you mean"};
  }
  if (OthersCanReplace(path)) {
    return {"socket", Level::kWarn, detail,
            "its directory is writable for everybody: chmod o-w it"};
  }
  return {"socket", Level::kOk, detail, ""};
}

Finding CheckService(Client* client, std::chrono::milliseconds wait) {
  const auto deadline = std::chrono::steady_clock::now() + wait;
  absl::Status status = client->CheckHealth();
  while (status.code() == absl::StatusCode::kUnavailable &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kAskEvery);
    status = client->CheckHealth();
  }
  if (status.ok()) return {"service", Level::kOk, "serving", ""};
  return {"service", Level::kFail, ErrorText(status),
          "look into fieldkmsd's log; --wait SECONDS waits for it to serve"};
}

Finding CheckAccess(Client* client) {
  v1::ListTenantsRequest request;
  request.set_page_size(1);
  const absl::Status status = client->ListTenants(request).status();
  const std::string user = "user " + std::to_string(geteuid());
  if (status.ok()) return {"access", Level::kOk, user + " may list tenants", ""};
  if (ReasonOf(status) == Reason::kPermissionDenied) {
    return {"access", Level::kWarn, user + " may not list tenants (tenant.read)",
            "fine for a service; else have a role given to the user in fieldkmsd's configuration"};
  }
  return {"access", Level::kFail, ErrorText(status), "look into fieldkmsd's log"};
}

}  // namespace fieldkms
