// MethodCall joins an RPC's messages, its method and the wrapper into a pooled
// call. A method is a small class:
//   using Request, Response;
//   static constexpr MethodInfo kInfo;
//   absl::Status Describe(const Request&, CallPlan*);
//   absl::StatusOr<RunState> Run(RunContext&, const Request&, Response*);
// and, where there is something to wipe or to count:
//   static void WipeRequest(Request*);    // plaintext or key material in it
//   static void WipeResponse(Response*);
//   static size_t CountMessages(const Request&);  // see MessagesIn
// It is made anew for each request, so its members may hold a run's progress.
#ifndef FIELDKMS_KMS_SERVICE_METHOD_CALL_H_
#define FIELDKMS_KMS_SERVICE_METHOD_CALL_H_

#include "kms/rpc/engine.h"
#include "kms/service/call.h"

namespace fieldkms {

// So that nobody forgets to wipe: whether a message has a field that must be.
template <class Message>
concept HasPlaintext = requires(Message& message) {
  message.mutable_plaintext();
};
template <class Message>
concept HasMaterial = requires(Message& message) {
  message.mutable_material();
};
template <class Message>
concept HasValue = requires(Message& message) {
  message.mutable_value();
};
template <class Message>
concept HasSecret = HasPlaintext<Message> || HasMaterial<Message> || HasValue<Message>;

template <class Method>
class MethodCall final : public UnaryCall<typename Method::Request, typename Method::Response>,
                         private ServiceCall {
 public:
  explicit MethodCall(ServiceContext& service) : ServiceCall(service, Method::kInfo.name) {}

 private:
  // The messages of a call beyond these are freed after it instead of kept for the
  // next; and those of who has no business here.
  static constexpr size_t kMaxKeptSize = 512u << 10;
  static constexpr size_t kMaxKeptMessages = 40'000;

  static constexpr bool kWipesRequest = requires(typename Method::Request * request) {
    Method::WipeRequest(request);
  };
  static constexpr bool kWipesResponse = requires(typename Method::Response * response) {
    Method::WipeResponse(response);
  };
  static_assert(kWipesRequest || !HasSecret<typename Method::Request>);
  static_assert(kWipesResponse || !HasSecret<typename Method::Response>);

  // Those of its repeated fields, if the method has such.
  static size_t MessagesIn(const typename Method::Request& request) {
    if constexpr (requires { Method::CountMessages(request); }) {
      return Method::CountMessages(request);
    }
    return 0;
  }

  void OnRequest() override { BeginWith(absl::OkStatus()); }
  void OnUnreadable(const absl::Status& why) override { BeginWith(why); }
  void BeginWith(const absl::Status& readable) {
    method_ = Method();
    readable_ = readable;
    Begin(*this);
  }
  bool OnRecycle() override {
    if constexpr (kWipesRequest) Method::WipeRequest(this->mutable_request());
    WipeResponse();
    return this->request_size() <= kMaxKeptSize && Admitted() &&
           MessagesIn(this->request()) <= kMaxKeptMessages;
  }

  const MethodInfo& Info() const override { return Method::kInfo; }
  absl::Status Readable() const override { return readable_; }
  absl::Status Describe(CallPlan* plan) override { return method_.Describe(this->request(), plan); }
  absl::StatusOr<RunState> Run(RunContext& context) override {
    return method_.Run(context, this->request(), this->response());
  }
  void DropResponse() override {
    WipeResponse();
    this->response()->Clear();
  }
  void WipeResponse() {
    if constexpr (kWipesResponse) Method::WipeResponse(this->response());
  }

  Method method_;
  absl::Status readable_;
};

// AddMethod adds Method to the engine, as the RPC that `request_method` (such as
// &CryptoAsyncService::RequestEncrypt) receives.
template <class Method, class Service, class RequestMethod>
void AddMethod(Engine& engine, Service& service, RequestMethod request_method,
               ServiceContext& context, PoolSize size = {}) {
  engine.AddUnary(
      service, request_method, [&context] { return std::make_unique<MethodCall<Method>>(context); },
      size);
}

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_METHOD_CALL_H_
