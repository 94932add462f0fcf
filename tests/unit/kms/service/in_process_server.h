// The services on an engine in this process, with an audit trail and a root
// key that do as the test says.
#ifndef FIELDKMS_TESTS_UNIT_KMS_SERVICE_IN_PROCESS_SERVER_H_
#define FIELDKMS_TESTS_UNIT_KMS_SERVICE_IN_PROCESS_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kms/access/static_access.h"
#include "kms/service/crypto_service.h"
#include "kms/service/field_service.h"
#include "kms/service/key_service.h"
#include "kms/service/operation_service.h"
#include "kms/service/rotation_service.h"
#include "kms/service/subject_service.h"
#include "kms/service/system_service.h"
#include "kms/service/tenant_service.h"
#include "tests/support/temp_dir.h"

namespace fieldkms {

// What a record said, kept.
struct AuditedLine {
  AuditKind kind;
  std::string method, principal, tenant, code, reason, request_id;
  std::vector<std::string> keys, destination_keys;
  bool more_keys;
  uint32_t items, failed, key_version;
  std::string alias, recipient;
  std::vector<std::string> fields;
  std::string shown;
  std::string subject;
  std::string job;
};

// Tells waiters at once, or holds them, or fails them.
class ScriptedAudit final : public AuditSink {
 public:
  void Append(const AuditRecord& record, AuditWaiter* waiter) override;

  void Hold();                    // from now on waiters wait
  void Release();                 // for those waiting, and from now on
  void FailFrom(AuditKind kind);  // records of the kind, and all after, fail
  void WaitForRecords(size_t count);
  std::vector<AuditedLine> Lines();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<AuditedLine> lines_;
  std::vector<AuditWaiter*> held_;
  bool hold_ = false, failed_ = false;
  std::optional<AuditKind> fail_from_;
};

// A root key that can go down.
class ScriptedRoot final : public RootKey {
 public:
  explicit ScriptedRoot(std::unique_ptr<RootKey> real) : real_(std::move(real)) {}
  std::string Describe() const override { return "scripted"; }
  absl::StatusOr<std::string> Wrap(const SecretBytes& key, std::string_view context,
                                   Deadline deadline) const override;
  absl::StatusOr<SecretBytes> Unwrap(std::string_view wrapped, std::string_view context,
                                     Deadline deadline) const override;
  std::atomic<bool> down{false};

 private:
  absl::Status Check() const;
  std::unique_ptr<RootKey> real_;
};

class InProcessServer {
 public:
  explicit InProcessServer(AccessPolicy policy = DefaultPolicy());
  ~InProcessServer();

  static AccessPolicy DefaultPolicy();  // this user is an administrator

  void Start(int io_threads = 2, size_t io_queue = 16);
  void Stop();
  // Stop and Start with nothing loaded.
  void Restart();

  testing::TempDir dir;
  ScriptedAudit audit;
  std::unique_ptr<ScriptedRoot> root;
  std::unique_ptr<Store> store;
  std::unique_ptr<ErasureLog> erasure_log;
  std::unique_ptr<Erasures> erasures;
  std::unique_ptr<Keyring> keyring;
  std::unique_ptr<FieldDirectory> fields;
  std::unique_ptr<FieldAdmin> field_admin;
  std::unique_ptr<StaticAccess> access;
  std::unique_ptr<RefusalLog> refusals;
  std::unique_ptr<TroubleLog> troubles;
  std::unique_ptr<VolatileTokens> volatile_tokens;
  std::unique_ptr<VolatileValues> volatile_values;
  std::unique_ptr<Rotations> rotations;
  std::unique_ptr<Schedules> schedules;
  std::unique_ptr<Executor> executor;
  std::unique_ptr<ParkedCalls> parked;
  std::unique_ptr<ServiceContext> context;
  std::unique_ptr<Engine> engine;

  std::unique_ptr<v1::CryptoService::Stub> crypto;
  std::unique_ptr<v1::KeyService::Stub> keys;
  std::unique_ptr<v1::FieldService::Stub> field_service;
  std::unique_ptr<v1::SubjectService::Stub> subject_service;
  std::unique_ptr<v1::RotationService::Stub> rotation_service;
  std::unique_ptr<v1::SystemService::Stub> system;
  RootHealth root_health;  // what the replica says of its root

  // Makes a tenant and a key in it.
  void Make(const std::string& tenant, const std::string& key,
            KeyPurpose purpose = KeyPurpose::kEncrypt);
  // Makes an alias of one of acme's keys.
  void SetAlias(const std::string& alias, const std::string& key);
  v1::EncryptRequest EncryptRequest(const std::string& key = "card") const;
  grpc::Status Encrypt(const v1::EncryptRequest& request, v1::EncryptResponse* response) const;
  grpc::Status CreateKey(const std::string& name) const;

 private:
  struct Services;
  AccessPolicy policy_;
  const Replica replica_;
  std::unique_ptr<Services> services_;
  int makes_ = 0;
};

// "" for OK.
std::string ReasonIn(const grpc::Status& status);
std::string ReasonIn(const google::rpc::Status& error);

}  // namespace fieldkms

#endif  // FIELDKMS_TESTS_UNIT_KMS_SERVICE_IN_PROCESS_SERVER_H_
