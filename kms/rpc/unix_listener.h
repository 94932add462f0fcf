// UnixListener accepts connections on a Unix socket, admits or refuses them by
// the user they come from, and hands the admitted ones over.
#ifndef FIELDKMS_KMS_RPC_UNIX_LISTENER_H_
#define FIELDKMS_KMS_RPC_UNIX_LISTENER_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/rpc/connection_table.h"

namespace fieldkms {

struct UnixListenerOptions {
  std::string path;            // absolute; at most 107 bytes
  mode_t mode = 0660;          // of the socket file
  std::optional<gid_t> group;  // of the socket file; unset: left alone
  int max_connections = 1024;  // in all
  int max_connections_per_user = 256;
  Rate new_connections_per_user{200, 400};
  // Called on the listener's thread for every connection turned away.
  std::function<void(const Peer& peer)> on_refused;
};

// One thread: accepts, and watches each connection for its end. It keeps the
// accepted descriptor for that and gives away a duplicate: a descriptor whose
// other end, or whose duplicate, has shut down both ways reports EPOLLHUP, which
// gRPC causes before it closes its own.
class UnixListener {
 public:
  // Called with a non-blocking connected descriptor, now the callee's to close.
  using Handover = std::function<void(int fd)>;

  // Open binds and listens. A socket file left behind at the path is removed; one
  // that a process still serves is not: kFailedPrecondition. Other errors:
  // kInvalidArgument for the path, kUnavailable for the system's refusal.
  static absl::StatusOr<std::unique_ptr<UnixListener>> Open(UnixListenerOptions options,
                                                            ConnectionTable& table);
  // Stops, and removes the socket file if it is still ours.
  ~UnixListener();

  void Start(Handover handover);
  // Stop ends the accepting; connections handed over live on. Idempotent.
  void Stop();
  // HangUp ends every connection that is left, both ways. After Stop.
  void HangUp();

 private:
  class Impl;
  explicit UnixListener(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_RPC_UNIX_LISTENER_H_
