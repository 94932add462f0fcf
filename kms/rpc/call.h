// Call: one RPC in the hands of its handler. UnaryCall<Request, Response> adds the
// messages. Subclass it, override OnRequest, and register it with Engine::AddUnary.
#ifndef FIELDKMS_KMS_RPC_CALL_H_
#define FIELDKMS_KMS_RPC_CALL_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <memory>
#include <optional>

#include "kms/clock.h"
#include "kms/rpc/connection_table.h"

namespace fieldkms {

class Engine;
class CallPool;

// A call object serves one RPC after another (pooled; see Engine) and stays with
// one completion queue. Between OnRequest and Finish it belongs to the handler,
// which may pass it from thread to thread.
class Call {
 public:
  virtual ~Call() = default;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // Who calls. Read once a call, when the request arrives.
  const Peer& peer() const { return peer_; }
  // The bucket of the call's connection, or null for TCP.
  TokenBucket* connection_bucket() const { return connection_bucket_; }
  // When the caller stops waiting; kNoDeadline if it never does.
  Deadline deadline() const { return deadline_; }

  // Finish answers the RPC: with the response if `status` is OK, else with the
  // status alone. Exactly once a request, from any thread. The object may be
  // serving another RPC before Finish returns: do not touch it any more.
  virtual void Finish(const grpc::Status& status) = 0;

 protected:
  Call() = default;

  // OnRequest runs on the queue's thread when a request has arrived, and must not
  // block: every other call of the queue waits.
  virtual void OnRequest() = 0;

  // OnRecycle runs on the queue's thread when the answer is on its way and before
  // the messages are cleared for the next RPC: the place to wipe plaintext.
  // Returns whether to keep the messages' memory; false frees it.
  virtual bool OnRecycle() { return true; }

 private:
  friend class Engine;
  friend class CallPool;
  enum class Stage : uint8_t { kArmed, kRunning };

  // Asks gRPC for the next RPC of this method.
  virtual void Arm() = 0;
  virtual const grpc::ServerContext& context() const = 0;
  virtual void ClearMessages(bool keep_memory) = 0;

  Stage stage_ = Stage::kArmed;
  CallPool* pool_ = nullptr;
  Peer peer_;
  TokenBucket* connection_bucket_ = nullptr;
  Deadline deadline_ = kNoDeadline;
};

// How a call of type (Request, Response) is asked for: a generated AsyncService's
// RequestX, bound to its service.
template <class Request, class Response>
using ArmFunction =
    std::function<void(grpc::ServerContext*, Request*, grpc::ServerAsyncResponseWriter<Response>*,
                       grpc::ServerCompletionQueue*, void* tag)>;

template <class Request, class Response>
class UnaryCall : public Call {
 public:
  const Request& request() const { return *request_; }
  Request* mutable_request() { return request_.get(); }
  // Cleared, for the handler to fill.
  Response* response() { return response_.get(); }

  void Finish(const grpc::Status& status) final {
    writer_->Finish(*response_, status, static_cast<Call*>(this));
  }

 private:
  friend class Engine;

  void Arm() final {
    writer_.reset();
    context_.emplace();
    writer_.emplace(&*context_);
    (*arm_)(&*context_, request_.get(), &*writer_, queue_, static_cast<Call*>(this));
  }
  const grpc::ServerContext& context() const final { return *context_; }
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
  // gRPC's own objects serve one RPC each.
  std::optional<grpc::ServerContext> context_;
  std::optional<grpc::ServerAsyncResponseWriter<Response>> writer_;
  const ArmFunction<Request, Response>* arm_ = nullptr;
  grpc::ServerCompletionQueue* queue_ = nullptr;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_RPC_CALL_H_
