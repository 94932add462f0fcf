#include "kms/server/daemon.h"

#include <unistd.h>

#include <atomic>
#include <thread>

#include "crypto/random_id.h"
#include "crypto/status.h"
#include "kms/audit/audit_wait.h"
#include "kms/audit/refusal_log.h"
#include "kms/backends/backends.h"
#include "kms/erasure/erasures.h"
#include "kms/identity/identities.h"
#include "kms/identity/identity_refresher.h"
#include "kms/identity/identity_sources.h"
#include "kms/identity/server_certificate.h"
#include "kms/keyring/caretaker.h"
#include "kms/keyring/keyring.h"
#include "kms/observe/log.h"
#include "kms/observe/signals.h"
#include "kms/rotations/rotations.h"
#include "kms/rotations/schedule_runner.h"
#include "kms/rotations/schedules.h"
#include "kms/rpc/engine.h"
#include "kms/rpc/tls.h"
#include "kms/server/audit_http.h"
#include "kms/server/caretaker_report.h"
#include "kms/server/certificate_watch.h"
#include "kms/server/data_dir.h"
#include "kms/server/erasure_start.h"
#include "kms/server/metrics.h"
#include "kms/server/peer_channels.h"
#include "kms/server/replica_file.h"
#include "kms/server/schedule_report.h"
#include "kms/server/watch_start.h"
#include "kms/service/audit_service.h"
#include "kms/service/crypto_service.h"
#include "kms/service/field_service.h"
#include "kms/service/key_service.h"
#include "kms/service/lease_service.h"
#include "kms/service/operation_service.h"
#include "kms/service/rotation_service.h"
#include "kms/service/subject_service.h"
#include "kms/service/system_service.h"
#include "kms/service/tenant_service.h"

namespace fieldkms {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr auto kTick = std::chrono::seconds(10);  // of the main thread's housekeeping
constexpr auto kIdentityRefresh = std::chrono::seconds(2);
constexpr auto kRootPatience = std::chrono::seconds(30);
constexpr auto kStorePatience = std::chrono::seconds(30);
constexpr auto kLeavePatience = std::chrono::seconds(2);
constexpr auto kDrainPoll = std::chrono::milliseconds(5);
constexpr auto kRefusalGrace = std::chrono::milliseconds(200);  // for the last refusals to leave
// By which the standard health service tells of the root of trust.
constexpr char kRootHealthName[] = "root";
constexpr auto kShutdownLimit = std::chrono::seconds(10);  // beyond the grace

// What outlives a call, in the order in which it is made; destroyed the other way
// round, so that nobody outlives what it stands on.
struct Parts {
  explicit Parts(DataDirLock held) : lock(std::move(held)) {}

  DataDirLock lock;
  OpenedRoot root;
  std::unique_ptr<Store> store;
  std::unique_ptr<ErasureLog> erasure_log;
  std::unique_ptr<Erasures> erasures;
  std::unique_ptr<FieldDirectory> fields;  // the keyring tells it of changes
  std::unique_ptr<Keyring> keyring;
  std::unique_ptr<FieldAdmin> field_admin;
  std::unique_ptr<StaticAccess> access;
  std::unique_ptr<IdentitySources> identity_sources;
  std::unique_ptr<CertificateWatch> certificate_watch;
  std::unique_ptr<IdentityRefresher> identity_refresher;  // and the watch's
  std::unique_ptr<Identities> identities;
  std::unique_ptr<SealedTrail> audit;
  std::unique_ptr<RevealBudgets> reveals;
  std::unique_ptr<TrailWatch> watch;  // what calls are recorded through
  std::unique_ptr<RefusalLog> refusals;
  std::unique_ptr<ScheduleRunner> schedule_runner;  // the caretaker's
  std::unique_ptr<Caretaker> caretaker;
  std::unique_ptr<TroubleLog> troubles;
  std::unique_ptr<Replica> replica;
  std::unique_ptr<VolatileTokens> volatile_tokens;
  std::unique_ptr<PeerChannels> peers;
  std::unique_ptr<VolatileValues> volatile_values;
  std::unique_ptr<Rotations> rotations;
  std::unique_ptr<Schedules> schedules;
  std::unique_ptr<Executor> executor;
  std::unique_ptr<ParkedCalls> parked;
  std::unique_ptr<ServiceContext> context;
  AuditAsyncService audit_service;
  CryptoAsyncService crypto_service;
  FieldAsyncService field_service;
  KeyAsyncService key_service;
  SubjectAsyncService subject_service;
  TenantAsyncService tenant_service;
  LeaseAsyncService lease_service;
  OperationAsyncService operation_service;
  RotationAsyncService rotation_service;
  SystemAsyncService system_service;
  std::unique_ptr<Engine> engine;
  int tls_port = 0;
  std::unique_ptr<MetricsEndpoint> metrics;
};

absl::Status LockMemory(const Config& config) {
  FIELDKMS_RETURN_IF_ERROR(SetMemoryLock(config.memory_lock));
  const SecretMemoryStats stats = GetSecretMemoryStats();
  if (config.memory_lock == MemoryLock::kPreferred && stats.locked < stats.reserved) {
    Log(LogLevel::kWarning, "memory_not_locked",
        {{"message", "keys may be swapped out: raise RLIMIT_MEMLOCK"}});
  }
  return absl::OkStatus();
}

// How the root of trust is doing, whenever that changes.
void LogRootHealth(const RootHealth& health) {
  const bool up = health.state == BreakerState::kClosed;
  Log(up ? LogLevel::kInfo : LogLevel::kWarning, "root_health",
      {{"state", BreakerStateName(health.state)},
       {"last_error", ReasonName(health.last_error)},
       {"consecutive_failures", health.consecutive_failures}});
}

void LogAuditExport(const absl::Status& status) {
  Log(status.ok() ? LogLevel::kInfo : LogLevel::kWarning, "audit_export",
      {{"ok", status.ok()}, {"error", status}});
}

// The store first: whether it has keys says whether a root key may be made.
absl::Status OpenBackends(const Config& config, Parts& parts) {
  FIELDKMS_ASSIGN_OR_RETURN(parts.store, OpenStore(config.store, config.data_dir, SystemClock()));
  RootOpening opening;
  opening.data_dir = config.data_dir;
  opening.deadline = SteadyClock::now() + kRootPatience;
  FIELDKMS_ASSIGN_OR_RETURN(const std::optional<std::string> binding,
                            parts.store->GetRootBinding(opening.deadline));
  opening.has_keys = binding.has_value();
  opening.on_change = LogRootHealth;
  opening.on_created = [](std::string_view where) {
    Log(LogLevel::kInfo, "root_key_created", {{"path", where}});
  };
  FIELDKMS_ASSIGN_OR_RETURN(parts.root, OpenRoot(config.root, config.also_root, opening));
  FIELDKMS_ASSIGN_OR_RETURN(
      parts.keyring, Keyring::Open(*parts.store, *parts.root.root, SystemClock(), config.cache));
  parts.fields = std::make_unique<FieldDirectory>(*parts.store, SystemClock());
  parts.keyring->SetListener(*parts.fields);
  parts.field_admin = std::make_unique<FieldAdmin>(*parts.store, parts.keyring->admin(),
                                                   *parts.fields, SystemClock());
  return absl::OkStatus();
}

absl::Status OpenIdentities(const Config& config, Parts& parts) {
  IdentityOptions options;
  if (config.tls && !config.tls->client_ca.empty()) {
    options.certificates = {config.tls->client_ca, config.tls->client_crl};
  }
  options.issuers = config.issuers;
  FIELDKMS_ASSIGN_OR_RETURN(parts.identity_sources,
                            IdentitySources::Open(std::move(options), SystemClock()));
  if (config.tls) {
    parts.certificate_watch =
        std::make_unique<CertificateWatch>(config.tls->certificate, config.tls->key, SystemClock());
  }
  if (config.tls || !config.issuers.empty()) {  // else there is nothing to look at
    parts.identity_refresher = std::make_unique<IdentityRefresher>(
        *parts.identity_sources, kIdentityRefresh, [watch = parts.certificate_watch.get()] {
          if (watch != nullptr) watch->Look();
        });
  }
  parts.identities =
      std::make_unique<Identities>(*parts.identity_sources, *parts.access, SystemClock());
  return absl::OkStatus();
}

absl::Status OpenState(const Config& config, Signals& signals, Parts& parts) {
  const std::string audit_path =
      config.audit_file.empty() ? config.data_dir + "/audit.jsonl" : config.audit_file;

  FIELDKMS_RETURN_IF_ERROR(OpenBackends(config, parts));
  FIELDKMS_ASSIGN_OR_RETURN(parts.access, StaticAccess::Create(config.access));
  FIELDKMS_RETURN_IF_ERROR(OpenIdentities(config, parts));

  SealedTrailOptions options = config.audit;
  if (options.key_path.empty()) options.key_path = config.data_dir + "/audit.key";
  options.on_failure = [&signals](const absl::Status& status) {
    Log(LogLevel::kError, "audit_failed",
        {{"error", status},
         {"message", "nothing is answered until this is repaired and the daemon started anew"}});
    signals.Wake();
  };
  options.exports.on_change = LogAuditExport;
  if (!config.audit_export_url.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(auto target,
                              OpenHttpTarget(config.audit_export_url, config.audit_export_ca_file));
    options.exports.also.push_back(std::move(target));
  }
  FIELDKMS_ASSIGN_OR_RETURN(parts.audit,
                            SealedTrail::Open(audit_path, SystemClock(), std::move(options)));
  Log(LogLevel::kInfo, "audit_trail",
      {{"path", audit_path},
       {"verifier_key", parts.audit->verifier().ToString()},
       {"records", parts.audit->View().size}});
  if (config.audit.durability == AuditDurability::kNone) {
    Log(LogLevel::kWarning, "audit_not_durable",
        {{"message",
          "audit.durability is none: records of a crash are lost; for benchmarks only"}});
  }
  parts.reveals = MakeRevealBudgets(config.access);
  FIELDKMS_ASSIGN_OR_RETURN(parts.watch,
                            TrailWatch::Start(config.watch, *parts.audit, *parts.reveals));
  parts.refusals =
      std::make_unique<RefusalLog>(parts.watch->sink(), SystemClock(), config.refusals);
  return absl::OkStatus();
}

// Before anything is served: a store that was restored has what was erased after.
absl::Status OpenErasures(const Config& config, Parts& parts) {
  const std::string path =
      config.erasure_log.empty() ? config.data_dir + "/erasures.jsonl" : config.erasure_log;
  FIELDKMS_ASSIGN_OR_RETURN(parts.erasure_log, ErasureLog::Open(path));
  parts.erasures = std::make_unique<Erasures>(*parts.store, *parts.erasure_log, SystemClock(),
                                              ErasureOptions{config.erasure_horizon});
  std::vector<std::string> logs = config.erasure_replay;
  logs.push_back(path);
  return ReplayErasures(logs, *parts.erasures);
}

UnixListenerOptions ListenerOptions(const Config& config, RefusalLog& refusals) {
  UnixListenerOptions options;
  options.path = config.socket;
  options.mode = config.socket_mode;
  options.group = config.socket_group;
  options.max_connections = config.max_connections;
  options.max_connections_per_user = config.max_connections_per_user;
  options.new_connections_per_user = config.connections_per_user;
  options.on_refused = [&refusals](const Peer& peer) {
    AuditRecord record;
    record.kind = AuditKind::kRefusal;
    record.method = "connect";
    record.peer = peer;
    record.reason = ReasonName(Reason::kTooManyConnections);
    refusals.Append(record, nullptr);
  };
  return options;
}

AuditCounts CountsOf(const SealedTrail& trail) {
  const TrailView view = trail.View();
  const ExportHealth exports = trail.Exports();
  AuditCounts counts{view.size, view.checkpoint.checkpoint.size, {}};
  if (exports.wanted) counts.exported_records = exports.exported_size;
  return counts;
}

absl::Status MakeReplica(const Config& config, Parts& parts) {
  FIELDKMS_ASSIGN_OR_RETURN(std::string id, RandomId());
  parts.replica.reset(new Replica{FIELDKMS_VERSION, std::move(id), SystemClock().Now(),
                                  std::string(KindOf(config.store)), *parts.root.root});
  if (const GuardedRoot* const guard = parts.root.guard; guard != nullptr) {
    parts.replica->root_health = [guard] { return guard->Health(); };
  }
  parts.schedule_runner = std::make_unique<ScheduleRunner>(
      *parts.store, *parts.keyring, SystemClock(),
      [&audit = *parts.audit](const ScheduleEvent& event) { ReportScheduleEvent(event, audit); });
  parts.replica->audit_counts = [&trail = *parts.audit] { return CountsOf(trail); };
  parts.replica->schedule_counts = [&runner = *parts.schedule_runner] { return runner.Counts(); };
  CaretakerOptions options;
  options.pause = config.caretaker_pause;
  options.replica = parts.replica->id;
  options.before_destroy = [&audit = *parts.audit](const CaretakerEvent& event) {
    return RecordDestruction(event, audit);
  };
  options.also = [&runner = *parts.schedule_runner](const std::atomic<bool>& stop) {
    return runner.RunOnce(stop);
  };
  options.on_event = [&audit = *parts.audit](const CaretakerEvent& event) {
    ReportCaretakerEvent(event, audit);
  };
  parts.caretaker = std::make_unique<Caretaker>(*parts.keyring, std::move(options));
  return absl::OkStatus();
}

// Before anything is loaded. What has no room does not keep a replica from its start: it is tried
// again, and until then the replica lives on what it reads (kUnannouncedLimit).
absl::Status AnnounceReplica(const Config& config, Parts& parts) {
  const Deadline deadline = SteadyClock::now() + kStorePatience;
  const ReplicaFile file(config.data_dir);
  absl::Status announced;
  // The daemon that was killed here answers nothing any more: nobody need wait for it.
  if (const std::string last = file.Last(); !last.empty()) {
    announced = parts.store->rotations().DropReplica(last, deadline);
  }
  const absl::Status saved = file.Save(parts.replica->id);
  if (!saved.ok()) Log(LogLevel::kWarning, "replica_file_not_written", {{"error", saved}});
  const absl::Status said = parts.keyring->Announce(parts.replica->id, deadline);
  if (announced.ok()) announced = said;
  if (ReasonOf(announced) != Reason::kStoreFull) return announced;
  Log(LogLevel::kWarning, "replica_not_announced", {{"error", announced}});
  return absl::OkStatus();
}

void AddServices(Parts& parts) {
  AddAuditService(*parts.engine, parts.audit_service, *parts.context);
  AddCryptoService(*parts.engine, parts.crypto_service, *parts.context);
  AddFieldService(*parts.engine, parts.field_service, *parts.context);
  AddKeyService(*parts.engine, parts.key_service, *parts.context);
  AddSubjectService(*parts.engine, parts.subject_service, *parts.context);
  AddTenantService(*parts.engine, parts.tenant_service, *parts.context);
  AddLeaseService(*parts.engine, parts.lease_service, *parts.context);
  AddOperationService(*parts.engine, parts.operation_service, *parts.context);
  AddRotationService(*parts.engine, parts.rotation_service, *parts.context);
  AddSystemService(*parts.engine, parts.system_service, *parts.context);
}

absl::Status ListenTls(const TlsConfig& tls, Parts& parts) {
  FIELDKMS_RETURN_IF_ERROR(
      CheckServerCertificate(tls.certificate, tls.key, SystemClock().Now()).status());
  const TlsFiles files{tls.certificate, tls.key, tls.client_ca, tls.require_certificate};
  parts.engine->ListenTcp(tls.address, MakeTlsCredentials(files), &parts.tls_port);
  return absl::OkStatus();
}

absl::Status Serve(const Config& config, Parts& parts) {
  FIELDKMS_RETURN_IF_ERROR(MakeReplica(config, parts));
  parts.executor =
      std::make_unique<Executor>(config.io_threads, static_cast<size_t>(config.io_queue));
  parts.parked = std::make_unique<ParkedCalls>(
      *parts.executor, SystemClock(), [&keyring = *parts.keyring] { return keyring.Change(); });
  parts.rotations = std::make_unique<Rotations>(*parts.store, SystemClock());
  parts.schedules = std::make_unique<Schedules>(*parts.store, SystemClock());
  parts.troubles = std::make_unique<TroubleLog>(SystemClock());
  parts.volatile_tokens =
      std::make_unique<VolatileTokens>(static_cast<size_t>(config.most_volatile_values));
  parts.peers = std::make_unique<PeerChannels>(config.peers);
  parts.volatile_values = std::make_unique<VolatileValues>(*parts.volatile_tokens, *parts.replica,
                                                           parts.peers.get(), SystemClock());
  parts.context.reset(new ServiceContext{*parts.keyring,
                                         *parts.fields,
                                         *parts.field_admin,
                                         parts.store->tokens(),
                                         parts.store->subjects(),
                                         *parts.erasures,
                                         *parts.volatile_values,
                                         *parts.rotations,
                                         *parts.schedules,
                                         *parts.identities,
                                         *parts.access,
                                         *parts.access,
                                         parts.watch->sink(),
                                         *parts.refusals,
                                         *parts.troubles,
                                         *parts.executor,
                                         *parts.parked,
                                         SystemClock(),
                                         config.calls_per_connection,
                                         *parts.replica,
                                         parts.audit.get()});
  parts.context->reveals = parts.reveals.get();
  parts.replica->watch_counts = [&watch = *parts.watch] { return watch.Counts(); };
  parts.replica->call_counts = [&calls = parts.context->calls] { return calls.All(); };
  EngineOptions options;
  options.queues = config.threads;
  options.read_tokens = !config.issuers.empty();
  parts.engine = std::make_unique<Engine>(options);
  AddServices(parts);
  parts.engine->AddHealth(kRootHealthName, [replica = parts.replica.get()] {
    return !replica->root_health || replica->root_health().state == BreakerState::kClosed;
  });
  FIELDKMS_RETURN_IF_ERROR(parts.engine->ListenUnix(ListenerOptions(config, *parts.refusals)));
  if (config.tls) FIELDKMS_RETURN_IF_ERROR(ListenTls(*config.tls, parts));
  FIELDKMS_RETURN_IF_ERROR(AnnounceReplica(config, parts));
  parts.keyring->Start();
  if (!config.metrics_address.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(
        parts.metrics,
        MetricsEndpoint::Start(config.metrics_address, *parts.replica, *parts.keyring));
  }
  FIELDKMS_RETURN_IF_ERROR(parts.engine->Start());
  parts.caretaker->Start();
  parts.engine->SetServing(true);
  return absl::OkStatus();
}

// Returns when a stop signal has come.
void HouseKeep(Signals& signals, Parts& parts) {
  for (;;) {
    switch (signals.Wait(kTick)) {
      case Signals::Event::kStop:
        return;
      case Signals::Event::kWake:  // the audit trail has failed: nothing can be answered
        parts.engine->SetServing(false);
        parts.caretaker.reset();  // nor anything done that could not be recorded
        break;
      case Signals::Event::kReload:  // not asked for
      case Signals::Event::kTimeout:
        break;
    }
    parts.refusals->Flush();
    parts.troubles->Flush();
    parts.volatile_tokens->Sweep(SteadyClock::now());
    if (const absl::Status kept = parts.audit->ApplyRetention(); !kept.ok()) {
      Log(LogLevel::kWarning, "audit_retention_failed", {{"error", kept}});
    }
  }
}

// False: a second signal has come.
bool Drain(const Config& config, Signals& signals, Parts& parts) {
  Log(LogLevel::kInfo, "draining", {{"in_flight", parts.engine->InFlight()}});
  parts.engine->SetServing(false);
  parts.context->draining.store(true);
  parts.parked->Close();
  parts.engine->StopAccepting();
  const auto end = SteadyClock::now() + config.drain_grace;
  while (parts.engine->InFlight() > 0 && SteadyClock::now() < end) {
    if (signals.Wait(kDrainPoll) == Signals::Event::kStop) return false;
  }
  return true;
}

// Ends the process if shutting down takes too long: a handler that hangs in a dying
// disk is not to keep the service manager waiting for ever.
void StartWatchdog() {
  std::thread([] {
    std::this_thread::sleep_for(kShutdownLimit);
    Log(LogLevel::kError, "drain_timeout", {});
    _exit(kExitDrainTimeout);
  }).detach();
}

void ShutDown(Parts& parts) {
  StartWatchdog();
  parts.engine->Shutdown(kRefusalGrace);
  parts.engine.reset();
  parts.caretaker.reset();
  // One that cannot be taken back is counted with until its time is over.
  (void)parts.keyring->Leave(SteadyClock::now() + kLeavePatience);
  parts.refusals->Flush();
  parts.watch->Stop();  // its last alarms are before the end
  AuditRecord stop;
  stop.kind = AuditKind::kStop;
  const absl::Status stopped = AppendAndWait(*parts.audit, stop);
  Log(LogLevel::kInfo, "stopped", {{"audit_complete", stopped.ok()}});
}

absl::Status Run(const Config& config, Signals& signals) {
  const auto start = SteadyClock::now();
  FIELDKMS_RETURN_IF_ERROR(LockMemory(config));
  FIELDKMS_ASSIGN_OR_RETURN(DataDirLock lock, DataDirLock::Acquire(config.data_dir));
  Parts parts(std::move(lock));
  FIELDKMS_RETURN_IF_ERROR(OpenState(config, signals, parts));
  FIELDKMS_RETURN_IF_ERROR(OpenErasures(config, parts));
  FIELDKMS_RETURN_IF_ERROR(Serve(config, parts));
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - start);
  Log(LogLevel::kInfo, "serving",
      {{"socket", config.socket},
       {"tls_port", parts.tls_port},
       {"version", FIELDKMS_VERSION},
       {"pid", getpid()},
       {"root", parts.root.root->Describe()},
       {"startup_ms", took.count()}});
  HouseKeep(signals, parts);
  if (!Drain(config, signals, parts)) {
    Log(LogLevel::kWarning, "stopped_at_once", {});
    _exit(kExitDrainTimeout);
  }
  signals.Unblock();
  ShutDown(parts);
  return absl::OkStatus();
}

}  // namespace

int RunDaemon(const Config& config) {
  Signals signals;
  if (config.dev) {
    Log(LogLevel::kWarning, "development_mode",
        {{"message",
          "DEVELOPMENT MODE, NOT FOR PRODUCTION: the root key lies next to the data, there is no "
          "TLS, and this user is the administrator of every tenant"}});
  }
  const absl::Status status = Run(config, signals);
  if (status.ok()) return kExitOk;
  const std::string_view reason = ReasonName(ReasonOf(status));
  Log(LogLevel::kError, "cannot_start", {{"reason", reason}, {"error", status}});
  return kExitCannotStart;
}

}  // namespace fieldkms
