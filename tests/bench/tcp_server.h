// The whole service on TCP without TLS, which fieldkmsd refuses to do: for the
// `idle` case only, until the service has TLS.
#ifndef FIELDKMS_TESTS_BENCH_TCP_SERVER_H_
#define FIELDKMS_TESTS_BENCH_TCP_SERVER_H_

#include <string>

namespace fieldkms::bench {

struct TcpServerOptions {
  std::string data_dir;  // made, with a tenant and a key
};

// ServeTcp serves on a free port of 127.0.0.1, which it prints as a line, until
// SIGTERM. Whoever connects is taken for the one principal, who may do everything.
// Returns the exit code.
int ServeTcp(const TcpServerOptions& options);

}  // namespace fieldkms::bench

#endif  // FIELDKMS_TESTS_BENCH_TCP_SERVER_H_
