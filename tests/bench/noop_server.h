// The baseline of the RPC cases: a server that answers Encrypt and BatchEncrypt
// with right-sized responses and does nothing else.
#ifndef FIELDKMS_TESTS_BENCH_NOOP_SERVER_H_
#define FIELDKMS_TESTS_BENCH_NOOP_SERVER_H_

#include <string>

namespace fieldkms::bench {

struct NoopServerOptions {
  std::string socket;  // absolute path of the Unix socket
};

// ServeNoop runs it on the engine that fieldkmsd runs on, with the same messages
// and listener, until SIGTERM. Returns the exit code.
int ServeNoop(const NoopServerOptions& options);

}  // namespace fieldkms::bench

#endif  // FIELDKMS_TESTS_BENCH_NOOP_SERVER_H_
