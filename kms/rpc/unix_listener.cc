#include "kms/rpc/unix_listener.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <unordered_map>
#include <utility>

#include "crypto/status.h"
#include "kms/files.h"
#include "kms/unix_socket.h"

namespace fieldkms {
namespace {

using SteadyClock = std::chrono::steady_clock;

absl::Status SystemError(const std::string& what) {
  return Error(absl::StatusCode::kUnavailable, Reason::kInternal,
               what + ": " + std::strerror(errno));
}

}  // namespace

class UnixListener::Impl {
 public:
  Impl(UnixListenerOptions options, ConnectionTable& table, BoundSocket bound, FileDescriptor epoll,
       FileDescriptor stop)
      : options_(std::move(options)),
        table_(table),
        listener_(std::move(bound)),
        epoll_(std::move(epoll)),
        stop_(std::move(stop)) {
    Watch(listener_.get(), EPOLLIN, 0);
    Watch(stop_.get(), EPOLLIN, 0);
  }

  ~Impl() { Stop(); }

  void Start(Handover handover) {
    handover_ = std::move(handover);
    thread_ = std::thread([this] { Run(); });
  }

  void Stop() {
    if (!thread_.joinable()) return;
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(stop_.get(), &one, sizeof one);
    thread_.join();
    listener_.Close();  // later connects are refused by the kernel
  }

  void HangUp() {
    for (const auto& [number, connection] : connections_) {
      shutdown(connection.watched.get(), SHUT_RDWR);
    }
  }

 private:
  struct User {
    int connections = 0;
    TokenBucket new_connections;
  };
  struct Connection {
    FileDescriptor watched;
    uid_t uid;
  };

  void Watch(int fd, uint32_t events, int number) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = (uint64_t(uint32_t(number)) << 32) | uint32_t(fd);
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  }

  void Run() {
    std::array<epoll_event, 64> events;
    for (;;) {
      const int n = epoll_wait(epoll_.get(), events.data(), int(events.size()), -1);
      for (int i = 0; i < n; ++i) {
        const uint64_t data = events[size_t(i)].data.u64;
        const int fd = static_cast<int>(static_cast<uint32_t>(data));
        if (fd == stop_.get()) return;
        if (fd == listener_.get()) {
          AcceptAll();
        } else {
          Closed(static_cast<int>(data >> 32));
        }
      }
    }
  }

  void AcceptAll() {
    for (;;) {
      FileDescriptor fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (fd.get() >= 0) {
        Admit(std::move(fd));
        continue;
      }
      if (errno == EINTR || errno == ECONNABORTED) continue;
      // Out of descriptors or memory: the backlog waits, and so do we, rather than
      // spin on a listener that stays readable.
      if (errno != EAGAIN) std::this_thread::sleep_for(std::chrono::milliseconds(50));
      return;
    }
  }

  void Admit(FileDescriptor fd) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return;
    const Peer peer{true, credentials.uid, credentials.pid};
    const auto now = SteadyClock::now();
    if (users_.size() > kMaxIdleUsers) ForgetIdleUsers();
    User& user = users_[peer.uid];
    const bool admitted =
        connections_.size() < size_t(options_.max_connections) &&
        user.connections < options_.max_connections_per_user &&
        user.new_connections.Take(options_.new_connections_per_user, 1, now).count() == 0;
    const std::optional<int> number = admitted ? table_.Enter(fd.get(), peer, now) : std::nullopt;
    if (!number) {
      if (options_.on_refused) options_.on_refused(peer);
      return;
    }
    ++user.connections;
    Watch(fd.get(), 0, *number);  // EPOLLHUP is always reported
    connections_.emplace(*number, Connection{std::move(fd), peer.uid});
    handover_(*number);
  }

  void Closed(int number) {
    const auto it = connections_.find(number);
    if (it == connections_.end()) return;
    // gRPC's duplicate keeps the socket, and with it our watch, alive while calls of the
    // connection last: its hang-up would be told again without end.
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, it->second.watched.get(), nullptr);
    --users_[it->second.uid].connections;
    connections_.erase(it);
    table_.Leave(number, SteadyClock::now());
  }

  // A uid can be had for nothing in a user namespace, so their number is bounded.
  void ForgetIdleUsers() {
    std::erase_if(users_, [](const auto& entry) { return entry.second.connections == 0; });
  }
  static constexpr size_t kMaxIdleUsers = 4096;

  const UnixListenerOptions options_;
  ConnectionTable& table_;
  BoundSocket listener_;
  FileDescriptor epoll_, stop_;
  Handover handover_;
  std::thread thread_;
  // The thread's own, and of whoever stopped it:
  std::unordered_map<uid_t, User> users_;
  std::unordered_map<int, Connection> connections_;  // by number
};

UnixListener::UnixListener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
UnixListener::~UnixListener() = default;

absl::StatusOr<std::unique_ptr<UnixListener>> UnixListener::Open(UnixListenerOptions options,
                                                                 ConnectionTable& table) {
  FIELDKMS_ASSIGN_OR_RETURN(BoundSocket bound,
                            BoundSocket::Bind({options.path, options.mode, options.group}));
  FileDescriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  FileDescriptor stop(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (epoll.get() < 0 || stop.get() < 0) return SystemError("epoll");
  return std::unique_ptr<UnixListener>(new UnixListener(std::make_unique<Impl>(
      std::move(options), table, std::move(bound), std::move(epoll), std::move(stop))));
}

void UnixListener::Start(Handover handover) { impl_->Start(std::move(handover)); }
void UnixListener::Stop() { impl_->Stop(); }
void UnixListener::HangUp() { impl_->HangUp(); }

}  // namespace fieldkms
