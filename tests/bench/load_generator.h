// The client side of the RPC cases.
#ifndef FIELDKMS_TESTS_BENCH_LOAD_GENERATOR_H_
#define FIELDKMS_TESTS_BENCH_LOAD_GENERATOR_H_

#include <google/protobuf/message.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fieldkms::bench {

struct LoadOptions {
  std::vector<std::string> targets;  // as gRPC takes them; connections are shared out evenly
  // Full name of the method, such as "/fieldkms.v1.CryptoService/Encrypt".
  std::string method;
  // Sent in turn, each encoded once; responses are checked for their length only and not
  // parsed, so that the client costs little.
  std::vector<const google::protobuf::Message*> requests;
  // In their place: makes an encoded one for each call. Called by any thread.
  std::function<std::string()> make_request = {};
  // Bytes of a right response; calls fail loudly on any other.
  size_t response_size = 0;
  int in_flight = 64;
  // Connections, each with its own share of the calls in flight, and client
  // threads, each with its share of the connections.
  int connections = 4;
  int threads = 2;
};

// What a turn of load came to.
struct LoadResult {
  double calls = 0;
  double seconds = 0;
  std::vector<float> latencies_us;
};

// LoadGenerator keeps a fixed number of calls in flight with async completion
// queues. Channels live as long as the object. One turn at a time.
class LoadGenerator {
 public:
  explicit LoadGenerator(const LoadOptions& options);
  ~LoadGenerator();

  // Loads the server for `seconds`, then lets what is in flight end. Throws
  // std::runtime_error at the first call that fails.
  LoadResult Run(double seconds);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fieldkms::bench

#endif  // FIELDKMS_TESTS_BENCH_LOAD_GENERATOR_H_
