// A client that makes one connection a call: churn_probe TARGET COUNT. Prints how the
// calls ended, as "CODE*COUNT" words.
#include <grpcpp/grpcpp.h>

#include <cstdlib>
#include <iostream>
#include <map>

#include "fieldkms/v1/tenant_service.grpc.pb.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::map<int, int> codes;
  for (int i = 0; i < std::atoi(argv[2]); ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const auto stub = fieldkms::v1::TenantService::NewStub(
        grpc::CreateCustomChannel(argv[1], grpc::InsecureChannelCredentials(), arguments));
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    fieldkms::v1::ListTenantsResponse response;
    ++codes[stub->ListTenants(&context, {}, &response).error_code()];
  }
  for (const auto& [code, count] : codes) std::cout << code << "*" << count << " ";
  return 0;
}
