// MethodCall joins an RPC's messages, its method and the wrapper into a pooled
// call. A method is a small class:
//   using Request, Response;
//   static constexpr MethodInfo kInfo;
//   absl::Status Describe(const Request&, CallPlan*);
//   absl::StatusOr<RunState> Run(RunContext&, const Request&, Response*);
//   static void WipeRequest(Request*);    // plaintext in it, if any
//   static void WipeResponse(Response*);
// It is made anew for each request, so its members may hold a run's progress.
#ifndef FIELDKMS_KMS_SERVICE_METHOD_CALL_H_
#define FIELDKMS_KMS_SERVICE_METHOD_CALL_H_

#include "kms/rpc/engine.h"
#include "kms/service/call.h"

namespace fieldkms {

template <class Method>
class MethodCall final : public UnaryCall<typename Method::Request, typename Method::Response>,
                         private ServiceCall {
 public:
  explicit MethodCall(ServiceContext& service) : ServiceCall(service) {}

 private:
  // Messages above this are freed after the call instead of kept for the next.
  static constexpr size_t kMaxKeptSize = 512u << 10;

  void OnRequest() override {
    method_ = Method();
    request_size_ = this->request().ByteSizeLong();
    Begin(*this);
  }
  bool OnRecycle() override {
    Method::WipeRequest(this->mutable_request());
    Method::WipeResponse(this->response());
    return request_size_ <= kMaxKeptSize;
  }

  const MethodInfo& Info() const override { return Method::kInfo; }
  size_t RequestSize() const override { return request_size_; }
  absl::Status Describe(CallPlan* plan) override { return method_.Describe(this->request(), plan); }
  absl::StatusOr<RunState> Run(RunContext& context) override {
    return method_.Run(context, this->request(), this->response());
  }
  void DropResponse() override {
    Method::WipeResponse(this->response());
    this->response()->Clear();
  }

  Method method_;
  size_t request_size_ = 0;
};

// AddMethod adds Method to the engine, as the RPC that `request_method` (such as
// &v1::CryptoService::AsyncService::RequestEncrypt) receives.
template <class Method, class Service, class RequestMethod>
void AddMethod(Engine& engine, Service& service, RequestMethod request_method,
               ServiceContext& context, PoolSize size = {}) {
  engine.AddUnary(
      service, request_method, [&context] { return std::make_unique<MethodCall<Method>>(context); },
      size);
}

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_METHOD_CALL_H_
