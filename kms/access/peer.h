// Peer: what the kernel says of the process at the other end of a connection.
#ifndef FIELDKMS_KMS_ACCESS_PEER_H_
#define FIELDKMS_KMS_ACCESS_PEER_H_

#include <sys/types.h>

namespace fieldkms {

struct Peer {
  bool known = false;  // false: it did not come through a Unix socket of ours
  uid_t uid = 0;
  pid_t pid = 0;  // 0 if it lives in another pid namespace
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ACCESS_PEER_H_
