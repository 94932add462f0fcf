// What rotation_kill_test kills and stops: one worker on a rotation job.
//   rotation_probe TARGET TENANT JOB NAME LEASE_MILLISECONDS
// The connection string of the application's database is FIELDKMS_PROBE_CONNINFO's. It works until
// the job has ended, and prints the job's state.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

#include "clients/cpp/client.h"
#include "fieldkms/v1/rotation_service.pb.h"
#include "rotation/service_calls.h"
#include "rotation/worker.h"

namespace fieldkms {
namespace {

int Main(char** argv) {
  auto client = Client::Create({.target = argv[1]});
  if (!client.ok()) {
    std::cerr << client.status() << "\n";
    return 1;
  }
  rotation::WorkerOptions options;
  options.conninfo = std::getenv("FIELDKMS_PROBE_CONNINFO");
  options.tenant = argv[2];
  options.job_id = argv[3];
  options.name = argv[4];
  options.lease = std::chrono::milliseconds(std::stoi(argv[5]));
  options.beat = std::chrono::milliseconds(50);
  rotation::Worker worker(options, rotation::CallsOf(**client), nullptr);
  const auto job = worker.Run();
  if (!job.ok()) {
    std::cerr << job.status() << "\n";
    return 1;
  }
  std::cout << v1::RotationState_Name(job->state()) << std::endl;
  return 0;
}

}  // namespace
}  // namespace fieldkms

int main(int argc, char** argv) {
  if (argc != 6 || std::getenv("FIELDKMS_PROBE_CONNINFO") == nullptr) return 2;
  return fieldkms::Main(argv);
}
