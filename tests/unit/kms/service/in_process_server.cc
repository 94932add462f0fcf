#include "tests/unit/kms/service/in_process_server.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "google/rpc/error_details.pb.h"
#include "kms/root/local_root.h"
#include "kms/store/sqlite_store.h"

namespace fieldkms {
namespace {

absl::Status AuditDown() {
  return Error(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable, "down, says the test");
}

std::vector<std::string> NamesOf(const AuditKeys& keys) {
  return {keys.names.begin(), keys.names.begin() + static_cast<std::ptrdiff_t>(keys.count)};
}

std::unique_ptr<ScriptedRoot> NewRoot(const testing::TempDir& dir) {
  EXPECT_TRUE(CreateLocalRoot(dir.File("root.key")).ok());
  return std::make_unique<ScriptedRoot>(*OpenLocalRoot(dir.File("root.key")));
}

}  // namespace

void ScriptedAudit::Append(const AuditRecord& record, AuditWaiter* waiter) {
  absl::Status status;
  {
    std::lock_guard lock(mutex_);
    lines_.push_back(
        {record.kind, std::string(record.method), std::string(record.principal),
         std::string(record.tenant), std::string(record.code), std::string(record.reason),
         std::string(record.request_id), NamesOf(record.keys), NamesOf(record.destination_keys),
         record.keys.more, record.items, record.failed, record.key_version,
         std::string(record.alias), std::string(record.recipient), NamesOf(record.fields),
         std::string(record.shown), std::string(record.subject), std::string(record.job)});
    failed_ = failed_ || fail_from_ == record.kind;
    if (failed_) status = AuditDown();
    changed_.notify_all();
    if (waiter == nullptr) return;
    if (hold_) {
      held_.push_back(waiter);
      return;
    }
  }
  waiter->OnAudited(status);
}

void ScriptedAudit::Hold() {
  std::lock_guard lock(mutex_);
  hold_ = true;
}

void ScriptedAudit::Release() {
  std::vector<AuditWaiter*> held;
  {
    std::lock_guard lock(mutex_);
    hold_ = false;
    held.swap(held_);
  }
  for (AuditWaiter* waiter : held) waiter->OnAudited(absl::OkStatus());
}

void ScriptedAudit::FailFrom(AuditKind kind) {
  std::lock_guard lock(mutex_);
  fail_from_ = kind;
}

void ScriptedAudit::WaitForRecords(size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return lines_.size() >= count; });
}

std::vector<AuditedLine> ScriptedAudit::Lines() {
  std::lock_guard lock(mutex_);
  return lines_;
}

absl::Status ScriptedRoot::Check() const {
  if (!down) return absl::OkStatus();
  return Error(absl::StatusCode::kUnavailable, Reason::kRootUnavailable, "down, says the test");
}

absl::StatusOr<std::string> ScriptedRoot::Wrap(const SecretBytes& key, std::string_view context,
                                               Deadline deadline) const {
  FIELDKMS_RETURN_IF_ERROR(Check());
  return real_->Wrap(key, context, deadline);
}

absl::StatusOr<SecretBytes> ScriptedRoot::Unwrap(std::string_view wrapped, std::string_view context,
                                                 Deadline deadline) const {
  FIELDKMS_RETURN_IF_ERROR(Check());
  return real_->Unwrap(wrapped, context, deadline);
}

struct InProcessServer::Services {
  CryptoAsyncService crypto;
  KeyAsyncService keys;
  FieldAsyncService fields;
  TenantAsyncService tenants;
  OperationAsyncService operations;
  RotationAsyncService rotations;
  SubjectAsyncService subjects;
  SystemAsyncService system;
};

AccessPolicy InProcessServer::DefaultPolicy() { return AccessPolicy::Administrator(getuid()); }

InProcessServer::InProcessServer(AccessPolicy policy)
    : root(NewRoot(dir)), policy_(std::move(policy)), replica_{"1.2.3",
                                                               std::string(32, 'a'),
                                                               WallTime(std::chrono::seconds(7)),
                                                               "sqlite",
                                                               *root,
                                                               [this] { return root_health; }} {
  Start();
}

InProcessServer::~InProcessServer() { Stop(); }

void InProcessServer::Start(int io_threads, size_t io_queue) {
  store = *OpenSqliteStore(dir.File("store.db"), SystemClock());
  erasure_log = *ErasureLog::Open(dir.File("erasures.jsonl"));
  erasures = std::make_unique<Erasures>(*store, *erasure_log, SystemClock(), ErasureOptions());
  keyring = *Keyring::Open(*store, *root, SystemClock());
  fields = std::make_unique<FieldDirectory>(*store, SystemClock());
  field_admin = std::make_unique<FieldAdmin>(*store, keyring->admin(), *fields, SystemClock());
  access = *StaticAccess::Create(policy_);
  refusals = std::make_unique<RefusalLog>(audit, SystemClock(), Rate{});
  troubles = std::make_unique<TroubleLog>(SystemClock());
  volatile_tokens = std::make_unique<VolatileTokens>(100);
  volatile_values =
      std::make_unique<VolatileValues>(*volatile_tokens, replica_, nullptr, SystemClock());
  rotations = std::make_unique<Rotations>(*store, SystemClock());
  schedules = std::make_unique<Schedules>(*store, SystemClock());
  executor = std::make_unique<Executor>(io_threads, io_queue);
  parked =
      std::make_unique<ParkedCalls>(*executor, SystemClock(), [this] { return keyring->Change(); });
  context.reset(new ServiceContext{
      *keyring,  *fields,          *field_admin,  store->tokens(), store->subjects(),
      *erasures, *volatile_values, *rotations,    *schedules,      *access,
      *access,   *access,          audit,         *refusals,       *troubles,
      *executor, *parked,          SystemClock(), Rate{},          replica_});
  services_ = std::make_unique<Services>();
  engine = std::make_unique<Engine>(EngineOptions{});
  AddCryptoService(*engine, services_->crypto, *context);
  AddFieldService(*engine, services_->fields, *context);
  AddKeyService(*engine, services_->keys, *context);
  AddTenantService(*engine, services_->tenants, *context);
  AddOperationService(*engine, services_->operations, *context);
  AddRotationService(*engine, services_->rotations, *context);
  AddSubjectService(*engine, services_->subjects, *context);
  AddSystemService(*engine, services_->system, *context);
  UnixListenerOptions listener;
  listener.path = dir.File("s");
  ASSERT_TRUE(engine->ListenUnix(listener).ok());
  ASSERT_TRUE(engine->Start().ok());
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto channel = grpc::CreateCustomChannel("unix:" + listener.path,
                                                 grpc::InsecureChannelCredentials(), arguments);
  crypto = v1::CryptoService::NewStub(channel);
  keys = v1::KeyService::NewStub(channel);
  field_service = v1::FieldService::NewStub(channel);
  subject_service = v1::SubjectService::NewStub(channel);
  rotation_service = v1::RotationService::NewStub(channel);
  system = v1::SystemService::NewStub(channel);
}

void InProcessServer::Stop() {
  if (parked) parked->Close();
  engine.reset();
  services_.reset();
  context.reset();
  parked.reset();
  executor.reset();
  refusals.reset();
  access.reset();
  keyring.reset();
  erasures.reset();
  erasure_log.reset();
  store.reset();
}

void InProcessServer::Restart() {
  Stop();
  Start();
}

void InProcessServer::Make(const std::string& tenant, const std::string& key, KeyPurpose purpose) {
  const std::string id = "make-" + std::to_string(10'000 + ++makes_);
  const auto made = keyring->admin().CreateTenant(tenant, id + "t", kNoDeadline);
  EXPECT_TRUE(made.ok() || ReasonOf(made.status()) == Reason::kTenantExists);
  KeySpec spec;
  spec.tenant = tenant;
  spec.name = key;
  spec.purpose = purpose;
  EXPECT_TRUE(keyring->admin().CreateKey(spec, id + "k", kNoDeadline).ok());
}

void InProcessServer::SetAlias(const std::string& alias, const std::string& key) {
  const std::string id = "alias-" + std::to_string(10'000 + ++makes_);
  const auto set = keyring->admin().SetAlias("acme", alias, key, 0, id, kNoDeadline);
  EXPECT_TRUE(set.ok()) << set.status().message();
}

v1::EncryptRequest InProcessServer::EncryptRequest(const std::string& key) const {
  v1::EncryptRequest request;
  request.set_tenant("acme");
  request.set_key(key);
  request.set_plaintext("value");
  return request;
}

grpc::Status InProcessServer::Encrypt(const v1::EncryptRequest& request,
                                      v1::EncryptResponse* response) const {
  grpc::ClientContext client;
  return crypto->Encrypt(&client, request, response);
}

grpc::Status InProcessServer::CreateKey(const std::string& name) const {
  grpc::ClientContext client;
  v1::CreateKeyRequest request;
  v1::CreateKeyResponse response;
  request.set_tenant("acme");
  request.set_name(name);
  request.set_request_id("create-" + name);
  return keys->CreateKey(&client, request, &response);
}

std::string ReasonIn(const google::rpc::Status& error) {
  google::rpc::ErrorInfo info;
  if (error.details_size() == 0 || !error.details(0).UnpackTo(&info)) return "";
  return info.reason();
}

std::string ReasonIn(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  return ReasonIn(details);
}

}  // namespace fieldkms
