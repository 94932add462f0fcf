// A gRPC server that answers from a script: a double of the service for what the
// client does about failures, and for nothing else (tests/integration runs
// against the real one).
#ifndef FIELDKMS_TESTS_UNIT_CLIENTS_CPP_FAKE_SERVICE_H_
#define FIELDKMS_TESTS_UNIT_CLIENTS_CPP_FAKE_SERVICE_H_

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "clients/cpp/rpc_status.h"
#include "crypto/status.h"
#include "fieldkms/v1/crypto_service.grpc.pb.h"
#include "fieldkms/v1/field_service.grpc.pb.h"
#include "fieldkms/v1/key_service.grpc.pb.h"
#include "fieldkms/v1/operation_service.grpc.pb.h"
#include "fieldkms/v1/rotation_service.grpc.pb.h"
#include "fieldkms/v1/subject_service.grpc.pb.h"
#include "fieldkms/v1/system_service.grpc.pb.h"
#include "google/rpc/error_details.pb.h"

namespace fieldkms::testing {

// A status with details, as the service sends it.
inline grpc::Status WireStatus(const absl::Status& status, int retry_after_ms = -1) {
  google::rpc::Status rich = ToItemError(status);
  if (retry_after_ms >= 0) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_nanos(retry_after_ms * 1'000'000);
    rich.add_details()->PackFrom(retry);
  }
  return {static_cast<grpc::StatusCode>(rich.code()), rich.message(), rich.SerializeAsString()};
}

inline grpc::Status Unavailable() {
  return WireStatus(Error(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable, "down"));
}

// The answers still to be given, and the requests that came. An empty script
// answers OK. Thread-safe.
template <class Request>
class Script {
 public:
  void Push(grpc::Status status) {
    const std::lock_guard lock(mutex_);
    answers_.push_back(std::move(status));
  }
  grpc::Status Next(const Request& request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    if (answers_.empty()) return grpc::Status::OK;
    grpc::Status answer = answers_.front();
    answers_.pop_front();
    return answer;
  }
  std::vector<Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  mutable std::mutex mutex_;
  std::deque<grpc::Status> answers_;
  std::vector<Request> requests_;
};

class FakeCrypto : public v1::CryptoService::Service {
 public:
  grpc::Status Encrypt(grpc::ServerContext*, const v1::EncryptRequest* request,
                       v1::EncryptResponse* response) override {
    response->set_ciphertext("sealed:" + request->plaintext());
    response->set_key_version(1);
    return encrypt.Next(*request);
  }
  // Answers when the client has given up.
  grpc::Status Decrypt(grpc::ServerContext* context, const v1::DecryptRequest*,
                       v1::DecryptResponse*) override {
    while (!context->IsCancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return grpc::Status::CANCELLED;
  }
  grpc::Status BatchEncrypt(grpc::ServerContext*, const v1::BatchEncryptRequest* request,
                            v1::BatchEncryptResponse* response) override {
    for (const auto& item : request->items()) {
      response->add_results()->set_ciphertext("sealed:" + item.plaintext());
    }
    return batch_encrypt.Next(*request);
  }
  Script<v1::EncryptRequest> encrypt;
  Script<v1::BatchEncryptRequest> batch_encrypt;
};

// Tokens are numbered in the order of their calls.
class FakeFields : public v1::FieldService::Service {
 public:
  grpc::Status Tokenize(grpc::ServerContext*, const v1::TokenizeRequest* request,
                        v1::TokenizeResponse* response) override {
    grpc::Status answer = tokenize.Next(*request);
    response->mutable_token()->set_token("tok_" + std::to_string(tokenize.requests().size()));
    return answer;
  }
  grpc::Status Detokenize(grpc::ServerContext*, const v1::DetokenizeRequest* request,
                          v1::DetokenizeResponse* response) override {
    response->set_value("value of " + request->token());
    return detokenize.Next(*request);
  }
  grpc::Status BatchDetokenize(grpc::ServerContext*, const v1::BatchDetokenizeRequest* request,
                               v1::BatchDetokenizeResponse* response) override {
    for (const auto& item : request->items()) {
      response->add_results()->set_value("value of " + item.token());
    }
    return batch_detokenize.Next(*request);
  }
  grpc::Status Erase(grpc::ServerContext*, const v1::EraseRequest* request,
                     v1::EraseResponse* response) override {
    response->set_erased_count(1);
    return erase.Next(*request);
  }
  Script<v1::TokenizeRequest> tokenize;
  Script<v1::DetokenizeRequest> detokenize;
  Script<v1::BatchDetokenizeRequest> batch_detokenize;
  Script<v1::EraseRequest> erase;
};

class FakeKeys : public v1::KeyService::Service {
 public:
  grpc::Status RotateKey(grpc::ServerContext*, const v1::RotateKeyRequest* request,
                         v1::RotateKeyResponse* response) override {
    response->mutable_key()->set_name(request->name());
    response->mutable_key()->set_primary_version(2);
    return rotate_key.Next(*request);
  }
  grpc::Status DeleteAlias(grpc::ServerContext*, const v1::DeleteAliasRequest* request,
                           v1::DeleteAliasResponse*) override {
    return delete_alias.Next(*request);
  }
  Script<v1::RotateKeyRequest> rotate_key;
  Script<v1::DeleteAliasRequest> delete_alias;
};

class FakeOperations : public v1::OperationService::Service {
 public:
  grpc::Status RotateRoot(grpc::ServerContext*, const v1::RotateRootRequest* request,
                          v1::RotateRootResponse* response) override {
    response->mutable_operation()->set_operation_id("0123");
    return rotate_root.Next(*request);
  }
  Script<v1::RotateRootRequest> rotate_root;
};

// Each call of a watch finds the job after one more change, and the third finds it done.
class FakeRotations : public v1::RotationService::Service {
 public:
  grpc::Status CreateJob(grpc::ServerContext*, const v1::CreateJobRequest* request,
                         v1::CreateJobResponse* response) override {
    response->mutable_job()->set_job_id("made");
    return create.Next(*request);
  }
  grpc::Status StartJob(grpc::ServerContext*, const v1::StartJobRequest* request,
                        v1::StartJobResponse* response) override {
    response->mutable_job()->set_job_id(request->job_id());
    return start.Next(*request);
  }
  grpc::Status UpdateJobLimits(grpc::ServerContext*, const v1::UpdateJobLimitsRequest* request,
                               v1::UpdateJobLimitsResponse* response) override {
    response->mutable_job()->set_job_id(request->job_id());
    return update_limits.Next(*request);
  }
  grpc::Status ListJobs(grpc::ServerContext*, const v1::ListJobsRequest* request,
                        v1::ListJobsResponse* response) override {
    response->add_jobs()->set_job_id("made");
    response->set_next_page_token("next");
    return list.Next(*request);
  }
  grpc::Status WatchJob(grpc::ServerContext* context, const v1::WatchJobRequest* request,
                        v1::WatchJobResponse* response) override {
    {
      const std::lock_guard lock(mutex_);
      watch_deadlines.push_back(context->deadline());
    }
    grpc::Status answer = watch.Next(*request);
    const size_t count = watch.requests().size();
    response->set_seen(std::to_string(count));
    response->mutable_job()->set_etag(std::to_string(count));
    response->mutable_job()->set_state(count < 3 ? v1::ROTATION_STATE_RUNNING
                                                 : v1::ROTATION_STATE_DONE);
    if (count == same_at) response->set_seen(request->seen());
    return answer;
  }
  grpc::Status GetWriteBarrier(grpc::ServerContext*, const v1::GetWriteBarrierRequest* request,
                               v1::GetWriteBarrierResponse* response) override {
    response->set_passed(true);
    return barrier.Next(*request);
  }
  Script<v1::CreateJobRequest> create;
  Script<v1::StartJobRequest> start;
  Script<v1::UpdateJobLimitsRequest> update_limits;
  Script<v1::ListJobsRequest> list;
  Script<v1::WatchJobRequest> watch;
  grpc::Status CreateSchedule(grpc::ServerContext*, const v1::CreateScheduleRequest* request,
                              v1::CreateScheduleResponse* response) override {
    response->mutable_schedule()->set_schedule_id("made");
    return create_schedule.Next(*request);
  }
  grpc::Status DeleteSchedule(grpc::ServerContext*, const v1::DeleteScheduleRequest* request,
                              v1::DeleteScheduleResponse*) override {
    return delete_schedule.Next(*request);
  }
  Script<v1::CreateScheduleRequest> create_schedule;
  Script<v1::DeleteScheduleRequest> delete_schedule;
  Script<v1::GetWriteBarrierRequest> barrier;
  size_t same_at = 0;  // the call of a watch at which the time to wait is over
  std::vector<std::chrono::system_clock::time_point> watch_deadlines;

 private:
  std::mutex mutex_;
};

// Erasures are numbered in the order of their calls.
class FakeSubjects : public v1::SubjectService::Service {
 public:
  grpc::Status GetSubject(grpc::ServerContext*, const v1::GetSubjectRequest* request,
                          v1::GetSubjectResponse* response) override {
    response->mutable_subject()->set_subject(request->subject());
    response->mutable_subject()->add_fields("cards");
    return get.Next(*request);
  }
  grpc::Status ListSubjects(grpc::ServerContext*, const v1::ListSubjectsRequest* request,
                            v1::ListSubjectsResponse* response) override {
    response->add_subjects()->set_subject("customer-1");
    response->set_next_page_token("next");
    return list.Next(*request);
  }
  grpc::Status ListSubjectTokens(grpc::ServerContext*, const v1::ListSubjectTokensRequest* request,
                                 v1::ListSubjectTokensResponse* response) override {
    response->add_tokens()->set_token("tok_1");
    return list_tokens.Next(*request);
  }
  grpc::Status SetLegalHold(grpc::ServerContext*, const v1::SetLegalHoldRequest* request,
                            v1::SetLegalHoldResponse* response) override {
    response->mutable_subject()->mutable_hold()->set_reason(request->reason());
    return hold.Next(*request);
  }
  grpc::Status EraseSubject(grpc::ServerContext*, const v1::EraseSubjectRequest* request,
                            v1::EraseSubjectResponse* response) override {
    grpc::Status answer = erase.Next(*request);
    response->set_erasure_number(erase.requests().size());
    return answer;
  }
  Script<v1::GetSubjectRequest> get;
  Script<v1::ListSubjectsRequest> list;
  Script<v1::ListSubjectTokensRequest> list_tokens;
  Script<v1::SetLegalHoldRequest> hold;
  Script<v1::EraseSubjectRequest> erase;
};

class FakeSystem : public v1::SystemService::Service {
 public:
  grpc::Status GetStatus(grpc::ServerContext*, const v1::GetStatusRequest* request,
                         v1::GetStatusResponse* response) override {
    response->set_version("9.9.9");
    return get_status.Next(*request);
  }
  Script<v1::GetStatusRequest> get_status;
};

// FakeService serves all on a Unix socket at `path` until it is destroyed.
class FakeService {
 public:
  explicit FakeService(const std::string& path) {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    builder.SetMaxReceiveMessageSize((4 << 20) + (64 << 10));
    builder.AddListeningPort("unix:" + path, grpc::InsecureServerCredentials());
    builder.RegisterService(&crypto);
    builder.RegisterService(&fields);
    builder.RegisterService(&keys);
    builder.RegisterService(&operations);
    builder.RegisterService(&rotations);
    builder.RegisterService(&subjects);
    builder.RegisterService(&system);
    server = builder.BuildAndStart();
  }
  ~FakeService() { server->Shutdown(std::chrono::system_clock::now()); }

  FakeCrypto crypto;
  FakeFields fields;
  FakeKeys keys;
  FakeOperations operations;
  FakeRotations rotations;
  FakeSubjects subjects;
  FakeSystem system;
  std::unique_ptr<grpc::Server> server;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_CLIENTS_CPP_FAKE_SERVICE_H_
