#include "tests/bench/tcp_server.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "crypto/status.h"
#include "kms/access/static_access.h"
#include "kms/audit/jsonl_audit.h"
#include "kms/audit/refusal_log.h"
#include "kms/keyring/keyring.h"
#include "kms/root/local_root.h"
#include "kms/rotations/rotations.h"
#include "kms/rotations/schedules.h"
#include "kms/rpc/engine.h"
#include "kms/service/crypto_service.h"
#include "kms/service/executor.h"
#include "kms/service/parked_calls.h"
#include "kms/store/sqlite_store.h"
#include "tests/bench/daemon_config.h"

namespace fieldkms::bench {
namespace {

// Takes every caller for the user that runs the server.
class AnyoneIsMe final : public Authenticator {
 public:
  explicit AnyoneIsMe(const StaticAccess& access) : access_(access) {}
  absl::StatusOr<const Principal*> Authenticate(const Caller& /*caller*/) const override {
    Caller self;
    self.peer = {.known = true, .uid = ::geteuid(), .pid = 0};
    return access_.Authenticate(self);
  }

 private:
  const StaticAccess& access_;
};

absl::Status MakeTenantAndKey(Keyring& keyring) {
  KeyAdmin& admin = keyring.admin();
  FIELDKMS_RETURN_IF_ERROR(admin.CreateTenant(kBenchTenant, "bench-tenant", kNoDeadline).status());
  KeySpec spec;
  spec.tenant = kBenchTenant;
  spec.name = kBenchKey;
  return admin.CreateKey(spec, "bench-key", kNoDeadline).status();
}

// Serves until a signal of `stop`.
absl::Status Serve(ServiceContext& context, const sigset_t& stop) {
  CryptoAsyncService service;
  Engine engine(EngineOptions{});
  AddCryptoService(engine, service, context);
  int port = 0;
  engine.ListenTcp("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  FIELDKMS_RETURN_IF_ERROR(engine.Start());
  engine.SetServing(true);
  fmt::print("{}\n", port);
  std::fflush(stdout);
  int signal = 0;
  sigwait(&stop, &signal);
  engine.Shutdown(std::chrono::seconds(1));
  return absl::OkStatus();
}

absl::Status Run(const std::string& dir, const sigset_t& stop) {
  const Clock& clock = SystemClock();
  ::mkdir(dir.c_str(), 0700);
  FIELDKMS_RETURN_IF_ERROR(CreateLocalRoot(dir + "/root.key"));
  FIELDKMS_ASSIGN_OR_RETURN(const auto root, OpenLocalRoot(dir + "/root.key"));
  FIELDKMS_ASSIGN_OR_RETURN(const auto store, OpenSqliteStore(dir + "/store.db", clock));
  FIELDKMS_ASSIGN_OR_RETURN(const auto keyring, Keyring::Open(*store, *root, clock));
  FIELDKMS_RETURN_IF_ERROR(MakeTenantAndKey(*keyring));
  FIELDKMS_ASSIGN_OR_RETURN(const auto access,
                            StaticAccess::Create(AccessPolicy::Administrator(::geteuid())));
  FIELDKMS_ASSIGN_OR_RETURN(const auto audit, JsonlAudit::Open(dir + "/audit.jsonl", clock, {}));
  RefusalLog refusals(*audit, clock, Rate{});
  Executor executor(2, 64);
  const AnyoneIsMe authenticator(*access);
  TroubleLog troubles(clock);
  const Replica replica{"", "", clock.Now(), "sqlite", *root};
  FieldDirectory fields(*store, clock);
  FieldAdmin field_admin(*store, keyring->admin(), fields, clock);
  FIELDKMS_ASSIGN_OR_RETURN(const auto erasure_log, ErasureLog::Open(dir + "/erasures.jsonl"));
  Erasures erasures(*store, *erasure_log, clock, {});
  VolatileTokens volatile_tokens(1);
  VolatileValues volatile_values(volatile_tokens, replica, nullptr, clock);
  Rotations rotations(*store, clock);
  Schedules schedules(*store, clock);
  ParkedCalls parked(executor, clock, [&keyring] { return keyring->Change(); });
  ServiceContext context{*keyring, fields,          field_admin, store->tokens(), store->subjects(),
                         erasures, volatile_values, rotations,   schedules,       authenticator,
                         *access,  *access,         *audit,      refusals,        troubles,
                         executor, parked,          clock,       Rate{},          replica};
  return Serve(context, stop);
}

}  // namespace

int ServeTcp(const TcpServerOptions& options) {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);  // before any thread starts
  const absl::Status status = Run(options.data_dir, stop);
  if (!status.ok()) fmt::print(stderr, "TCP server: {}\n", status.ToString());
  return status.ok() ? 0 : 1;
}

}  // namespace fieldkms::bench
