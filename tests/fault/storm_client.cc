// storm_client TARGET: keeps calls in flight on many connections until it is killed.
// Tenant "acme" has a key "storm".
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "fieldkms/v1/crypto_service.grpc.pb.h"

namespace fieldkms::fault {
namespace {

constexpr int kConnections = 12;
constexpr int kCallsEach = 8;

struct Call {
  v1::CryptoService::Stub* stub = nullptr;
  std::unique_ptr<grpc::ClientContext> context;
  v1::BatchEncryptResponse response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::BatchEncryptResponse>> reader;
};

void Begin(Call& call, const v1::BatchEncryptRequest& request, grpc::CompletionQueue& queue) {
  call.reader.reset();
  call.context = std::make_unique<grpc::ClientContext>();
  call.reader = call.stub->AsyncBatchEncrypt(call.context.get(), request, &queue);
  call.reader->Finish(&call.response, &call.status, &call);
}

[[noreturn]] void Storm(const std::string& target) {
  v1::BatchEncryptRequest request;
  request.set_tenant("acme");
  request.set_key("storm");
  for (int i = 0; i < 200; ++i) request.add_items()->set_plaintext(std::string(200, 'p'));
  grpc::CompletionQueue queue;
  std::vector<std::unique_ptr<v1::CryptoService::Stub>> stubs;
  std::vector<std::unique_ptr<Call>> calls;
  for (int i = 0; i < kConnections; ++i) {
    grpc::ChannelArguments own_connection;
    own_connection.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stubs.push_back(v1::CryptoService::NewStub(
        grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), own_connection)));
    for (int j = 0; j < kCallsEach; ++j) {
      calls.push_back(std::make_unique<Call>());
      calls.back()->stub = stubs.back().get();
      Begin(*calls.back(), request, queue);
    }
  }
  void* tag = nullptr;
  bool ok = false;
  for (int done = 0;; ++done) {
    queue.Next(&tag, &ok);
    Call& call = *static_cast<Call*>(tag);
    if (done % 3 == 0) {  // Some calls are given up in the middle.
      Begin(call, request, queue);
      call.context->TryCancel();
    } else {
      Begin(call, request, queue);
    }
  }
}

}  // namespace
}  // namespace fieldkms::fault

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  fieldkms::fault::Storm(argv[1]);
}
