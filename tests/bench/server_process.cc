#include "tests/bench/server_process.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

#include "clients/cpp/client.h"
#include "crypto/status.h"

namespace fieldkms::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

// A store of a million keys is checked for some seconds.
constexpr std::chrono::seconds kStartTimeout(120);
constexpr std::chrono::microseconds kPoll(100);

// A binary beside this one.
std::string Sibling(std::string_view name) {
  const auto self = std::filesystem::read_symlink("/proc/self/exe");
  return (self.parent_path() / name).string();
}

double SecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

// Whether something listens at the path. A bare connect: gRPC's own attempts would
// back off between failures and measure that.
bool Listening(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool listening =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return listening;
}

// The command under a limit of its own. The superuser's right to lock without a limit is
// taken from it first.
std::vector<std::string> WithMemlock(uint64_t bytes, std::vector<std::string> command) {
  if (bytes == 0) return command;
  std::vector<std::string> whole = {"prlimit", fmt::format("--memlock={0}:{0}", bytes)};
  if (::geteuid() == 0) {
    whole.insert(whole.begin(), {"setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock",
                                 "--pdeathsig=KILL", "--"});
  }
  whole.insert(whole.end(), command.begin(), command.end());
  return whole;
}

// A replica finds what another has made.
absl::Status UnlessThere(const absl::Status& made) {
  return absl::IsAlreadyExists(made) ? absl::OkStatus() : made;
}

}  // namespace

absl::Status ServerProcess::Launch() {
  ::unlink(socket_.c_str());
  command_.stderr_path = dir_.File("server.log");
  process_ = std::make_unique<fieldkms::testing::Subprocess>(command_);
  return WaitUntilServing();
}

absl::Status ServerProcess::WaitUntilServing() {
  const auto start = SteadyClock::now();
  while (!Listening(socket_)) {
    if (process_->WaitFor(std::chrono::milliseconds(0)) ||
        SteadyClock::now() - start > kStartTimeout) {
      return absl::UnavailableError("the server does not start: " +
                                    fieldkms::testing::ReadFile(dir_.File("server.log")));
    }
    std::this_thread::sleep_for(kPoll);
  }
  ClientOptions options;
  options.target = target();
  options.max_attempts = 1;
  FIELDKMS_ASSIGN_OR_RETURN(const auto client, Client::Create(options));
  for (;;) {
    const absl::Status health = client->CheckHealth();
    if (health.ok()) return health;
    if (SteadyClock::now() - start > kStartTimeout) return health;
    std::this_thread::sleep_for(kPoll);
  }
}

void ServerProcess::Stop() {
  process_->Signal(SIGTERM);
  if (!process_->WaitFor(std::chrono::seconds(10))) process_->Signal(SIGKILL);
  process_->Wait();
}

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::StartNoop() {
  std::unique_ptr<ServerProcess> server(new ServerProcess);
  server->command_.argv = {Sibling("fieldkms-bench"), "serve-noop", "--socket", server->socket_};
  FIELDKMS_RETURN_IF_ERROR(server->Launch());
  return server;
}

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::StartDaemon(
    const DaemonSettings& settings, const Fill& fill) {
  std::unique_ptr<ServerProcess> server(new ServerProcess);
  const std::string config = server->dir_.File("fieldkmsd.yaml");
  fieldkms::testing::WriteFile(config,
                               DaemonConfig(server->dir_.path(), server->socket_, settings));
  server->command_.argv = WithMemlock(settings.memlock, {Sibling("fieldkmsd"), "--config", config});
  FIELDKMS_RETURN_IF_ERROR(server->Launch());
  FIELDKMS_RETURN_IF_ERROR(server->MakeKey());
  if (!fill) return server;
  server->Stop();
  FIELDKMS_RETURN_IF_ERROR(fill(*server));
  FIELDKMS_RETURN_IF_ERROR(server->Launch());
  return server;
}

absl::Status ServerProcess::MakeKey() {
  ClientOptions options;
  options.target = target();
  FIELDKMS_ASSIGN_OR_RETURN(const auto client, Client::Create(options));
  v1::CreateTenantRequest tenant;
  tenant.set_tenant(std::string(kBenchTenant));
  FIELDKMS_RETURN_IF_ERROR(UnlessThere(client->CreateTenant(tenant).status()));
  v1::CreateKeyRequest key;
  key.set_tenant(std::string(kBenchTenant));
  key.set_name(std::string(kBenchKey));
  return UnlessThere(client->CreateKey(key).status());
}

absl::StatusOr<double> ServerProcess::MeasureRestart() {
  Stop();
  const auto start = SteadyClock::now();
  FIELDKMS_RETURN_IF_ERROR(Launch());
  return SecondsSince(start);
}

double ServerProcess::CpuSeconds() const {
  // Fields 14 and 15, user and system time in ticks; the name in parentheses may
  // hold spaces.
  const std::string stat =
      fieldkms::testing::ReadFile(fmt::format("/proc/{}/stat", process_->pid()));
  std::istringstream fields(stat.substr(stat.rfind(')') + 2));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double ServerProcess::MemoryBytes(std::string_view field) const {
  const std::string status =
      fieldkms::testing::ReadFile(fmt::format("/proc/{}/status", process_->pid()));
  const size_t at = status.find(fmt::format("\n{}:", field));
  if (at == std::string::npos) return 0;
  return std::stod(status.substr(status.find(':', at) + 1)) * 1024;
}

}  // namespace fieldkms::bench
