// Call: one RPC in the hands of its handler. UnaryCall<Request, Response> adds the
// messages. Subclass it, override OnRequest, and register it with Engine::AddUnary.
#ifndef FIELDKMS_KMS_RPC_CALL_H_
#define FIELDKMS_KMS_RPC_CALL_H_

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/async_unary_call.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "kms/access/caller.h"
#include "kms/clock.h"
#include "kms/rpc/connection_table.h"

namespace fieldkms {

class Engine;
class CallPool;

// gRPC's time of a deadline as ours; a hundred years and more are for ever.
Deadline ToDeadline(gpr_timespec time);

// How a call of a method is asked for: a generated service's RequestX of
// WithRawMethod_X, bound to the service. Raw, since we read and write the messages:
// gRPC would parse whatever comes, at any cost, before anybody can look at it.
using ArmFunction = std::function<void(grpc::ServerContext*, grpc::ByteBuffer*,
                                       grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>*,
                                       grpc::ServerCompletionQueue*, void* tag)>;

// A call object serves one RPC after another (pooled; see Engine) and stays with
// one completion queue. Between OnRequest and Finish it belongs to the handler,
// which may pass it from thread to thread.
class Call {
 public:
  virtual ~Call() = default;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // Who calls, as far as the connection and the request's headers tell. Read once a call, when the
  // request arrives.
  const Caller& caller() const { return caller_; }
  // The bucket of the call's connection, or null for one of a network.
  TokenBucket* connection_bucket() const { return connection_bucket_; }
  // When the caller stops waiting; kNoDeadline if it never does.
  Deadline deadline() const { return deadline_; }
  // The request's bytes as they came.
  size_t request_size() const { return request_size_; }

  // Finish answers the RPC: with the response if `status` is OK, else with the
  // status alone. Exactly once a request, from any thread. The object may be
  // serving another RPC before Finish returns: do not touch it any more.
  virtual void Finish(const grpc::Status& status) = 0;

 protected:
  Call() = default;

  // OnRequest runs on the queue's thread when a request has arrived, and must not
  // block: every other call of the queue waits. OnUnreadable runs instead for one that
  // ReadMessage refuses: what is in the request is to be wiped and not to be used.
  virtual void OnRequest() = 0;
  virtual void OnUnreadable(const absl::Status& why);

  // OnRecycle runs on the queue's thread when the answer is on its way and before
  // the messages are cleared for the next RPC: the place to wipe plaintext.
  // Returns whether to keep the messages' memory; false frees it.
  virtual bool OnRecycle() { return true; }

  // What Finish comes to.
  void Send(const grpc::ByteBuffer& response) { writer_->Finish(response, grpc::Status::OK, this); }
  void SendError(const grpc::Status& status) { writer_->FinishWithError(status, this); }

 private:
  friend class Engine;
  friend class CallPool;
  enum class Stage : uint8_t { kArmed, kRunning };

  virtual google::protobuf::Message* MutableRequest() = 0;
  virtual void ClearMessages(bool keep_memory) = 0;

  // Asks gRPC for the next RPC of this method.
  void Arm();
  // Reads what has arrived, and hands it on.
  void Receive();

  Stage stage_ = Stage::kArmed;
  CallPool* pool_ = nullptr;
  const ArmFunction* arm_ = nullptr;
  grpc::ServerCompletionQueue* queue_ = nullptr;
  Caller caller_;
  std::string address_, certificate_;  // what caller_ views
  TokenBucket* connection_bucket_ = nullptr;
  Deadline deadline_ = kNoDeadline;
  size_t request_size_ = 0;
  grpc::ByteBuffer received_;
  // gRPC's own objects serve one RPC each.
  std::optional<grpc::ServerContext> context_;
  std::optional<grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>> writer_;
};

template <class Request, class Response>
class UnaryCall : public Call {
 public:
  const Request& request() const { return *request_; }
  Request* mutable_request() { return request_.get(); }
  // Cleared, for the handler to fill.
  Response* response() { return response_.get(); }

  void Finish(const grpc::Status& status) final {
    if (!status.ok()) return SendError(status);
    grpc::ByteBuffer encoded;
    bool own = false;
    const grpc::Status serialised =
        grpc::SerializationTraits<Response>::Serialize(*response_, &encoded, &own);
    if (!serialised.ok()) return SendError(serialised);
    Send(encoded);
  }

 private:
  google::protobuf::Message* MutableRequest() final { return request_.get(); }
  void ClearMessages(bool keep_memory) final {
    if (keep_memory) {
      request_->Clear();
      response_->Clear();
    } else {
      request_ = std::make_unique<Request>();
      response_ = std::make_unique<Response>();
    }
  }

  // Reused: Clear() keeps the capacity of strings and repeated fields.
  std::unique_ptr<Request> request_ = std::make_unique<Request>();
  std::unique_ptr<Response> response_ = std::make_unique<Response>();
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_RPC_CALL_H_
