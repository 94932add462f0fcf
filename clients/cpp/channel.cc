#include "clients/cpp/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "clients/cpp/limits.h"
#include "clients/cpp/target.h"
#include "clients/cpp/tls_credentials.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr int kNetworkAttemptMs = 5'000;  // looking up a name and TLS included

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(static_cast<int>(kMaxResponseSize));
  // Compressing secrets next to chosen text leaks them by length (CRIME).
  arguments.SetCompressionAlgorithm(GRPC_COMPRESS_NONE);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1'000);  // time one attempt has
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
  // Retries are ours (retry.h): they keep request ids and a budget.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // One client's failed connection must not hold back another's.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return arguments;
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const std::string& target,
                                                           const TlsOptions& tls) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string path, SocketPath(target));
  grpc::ChannelArguments arguments = Arguments();
  if (!path.empty()) {
    if (!tls.token_file.empty()) {
      return InvalidField("token_file",
                          "is for a service on another machine: the socket's user calls");
    }
    return grpc::CreateCustomChannel("unix:" + path, grpc::InsecureChannelCredentials(), arguments);
  }
  FIELDKMS_ASSIGN_OR_RETURN(const auto credentials, MakeTlsCredentials(tls));
  if (!tls.server_name.empty()) arguments.SetSslTargetNameOverride(tls.server_name);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kNetworkAttemptMs);
  // Finds a machine that went away without a word.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  return grpc::CreateCustomChannel("dns:///" + target, credentials, arguments);
}

}  // namespace fieldkms
