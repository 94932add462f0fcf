// Caller: what is known of who makes a call, before anybody has decided who that is.
#ifndef FIELDKMS_KMS_ACCESS_CALLER_H_
#define FIELDKMS_KMS_ACCESS_CALLER_H_

#include <string_view>

#include "kms/access/peer.h"

namespace fieldkms {

// Views live as long as the call.
struct Caller {
  Peer peer;                 // of a Unix socket
  std::string_view address;  // of a network connection, as gRPC writes it: "ipv4:192.0.2.7:4711"
  // The chain of certificates, in PEM, that the client has proven to be its own; "": none.
  std::string_view certificate;
  std::string_view token;     // of "authorization: Bearer ..."; "": none
  std::string_view trace_id;  // of the header "traceparent" (trace_parent.h); "": none
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ACCESS_CALLER_H_
