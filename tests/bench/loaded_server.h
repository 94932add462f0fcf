// What the RPC cases measure: servers under load, and what a value costs them.
#ifndef FIELDKMS_TESTS_BENCH_LOADED_SERVER_H_
#define FIELDKMS_TESTS_BENCH_LOADED_SERVER_H_

#include <google/protobuf/message.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fieldkms/v1/crypto_service.pb.h"
#include "tests/bench/in_turn.h"
#include "tests/bench/load_generator.h"
#include "tests/bench/server_process.h"

namespace fieldkms::bench {

// What a contender is sent, in turn, and how large each right answer is.
struct Traffic {
  std::string method;
  std::vector<std::unique_ptr<google::protobuf::Message>> requests;
  // In their place, where no two may be the same: makes one, encoded. Called by any thread.
  std::function<std::string()> make_request = {};
  size_t response_size = 0;
  double values_a_call = 1;
  int in_flight = 64;
  std::string unit;
};

// Encrypt of one value, 64 calls in flight.
Traffic UnaryTraffic();

// A batch of kBatchValues values under kBenchKey.
inline constexpr int kBatchValues = 1000;
v1::BatchEncryptRequest BatchRequest();
// Calls with these batches, 8 in flight.
Traffic BatchTraffic(std::vector<v1::BatchEncryptRequest> batches);

// Processor seconds of this process, all threads.
double OwnCpuSeconds();

// A row below LoadedServer::Header: processor seconds a value of servers, if there are any, and of
// this process.
std::vector<std::string> LoadRow(const std::string& name, const Rates& rates, const Rates& baseline,
                                 std::optional<double> server_cpu, double client_cpu,
                                 const std::vector<double>& latencies_us);

// Servers that share a load, as one contender.
class LoadedServer {
 public:
  using Servers = std::vector<std::shared_ptr<ServerProcess>>;

  LoadedServer(std::string name, Servers servers, const Traffic& traffic);

  // Loads the servers for `seconds`; returns values a second.
  double Measure(double seconds);

  // Name, values/s, server and client us/value, p50 and p99 ms, ratio and its middle half.
  static std::vector<std::string> Header(const Traffic& traffic);
  std::vector<std::string> Row(const Rates& rates, const Rates& baseline) const;

 private:
  double ServersCpuSeconds() const;

  std::string name_;
  Servers servers_;
  double values_a_call_;
  LoadGenerator load_;
  double cpu_ = 0;
  double client_cpu_ = 0;
  double values_ = 0;
  std::vector<double> latencies_;
};

}  // namespace fieldkms::bench

#endif  // FIELDKMS_TESTS_BENCH_LOADED_SERVER_H_
