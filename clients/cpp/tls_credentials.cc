#include "clients/cpp/tls_credentials.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

using grpc::experimental::FileWatcherCertificateProvider;

constexpr unsigned kSecondsBetweenLooks = 10;

absl::Status CheckFile(std::string_view member, const std::string& path) {
  if (access(path.c_str(), R_OK) == 0) return absl::OkStatus();
  return InvalidField(member, "names a file that cannot be read");
}

absl::Status CheckOptions(const TlsOptions& options) {
  if (options.ca_file.empty()) {
    return InvalidField("ca_file", "is required: to another machine nothing is sent without TLS");
  }
  FIELDKMS_RETURN_IF_ERROR(CheckFile("ca_file", options.ca_file));
  if (options.certificate.empty() != options.key.empty()) {
    return InvalidField(options.key.empty() ? "key" : "certificate",
                        "a certificate and its key come together");
  }
  if (!options.certificate.empty()) {
    FIELDKMS_RETURN_IF_ERROR(CheckFile("certificate", options.certificate));
    FIELDKMS_RETURN_IF_ERROR(CheckFile("key", options.key));
  }
  return options.token_file.empty() ? absl::OkStatus()
                                    : CheckFile("token_file", options.token_file);
}

// Reads the token for each call. It blocks for a small file, as the call itself does for an answer.
class TokenFromFile final : public grpc::MetadataCredentialsPlugin {
 public:
  explicit TokenFromFile(std::string path) : path_(std::move(path)) {}
  bool IsBlocking() const override { return true; }
  const char* GetType() const override { return "fieldkms_token_file"; }
  grpc::Status GetMetadata(grpc::string_ref, grpc::string_ref, const grpc::AuthContext&,
                           std::multimap<std::string, std::string>* metadata) override {
    std::ifstream in(path_);
    std::string token{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    while (!token.empty() && token.back() <= ' ') token.pop_back();
    if (token.empty()) {
      return {grpc::StatusCode::UNAUTHENTICATED,
              "the file of the token cannot be read, or is empty"};
    }
    metadata->emplace("authorization", "Bearer " + token);
    WipeString(&token);
    return grpc::Status::OK;
  }

 private:
  const std::string path_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeTlsCredentials(
    const TlsOptions& options) {
  FIELDKMS_RETURN_IF_ERROR(CheckOptions(options));
  const bool has_certificate = !options.certificate.empty();
  grpc::experimental::TlsChannelCredentialsOptions tls;
  tls.set_certificate_provider(
      has_certificate ? std::make_shared<FileWatcherCertificateProvider>(
                            options.key, options.certificate, options.ca_file, kSecondsBetweenLooks)
                      : std::make_shared<FileWatcherCertificateProvider>(options.ca_file,
                                                                         kSecondsBetweenLooks));
  tls.watch_root_certs();
  if (has_certificate) tls.watch_identity_key_cert_pairs();
  tls.set_certificate_verifier(std::make_shared<grpc::experimental::HostNameCertificateVerifier>());
  std::shared_ptr<grpc::ChannelCredentials> channel = grpc::experimental::TlsCredentials(tls);
  if (options.token_file.empty()) return channel;
  return grpc::CompositeChannelCredentials(
      channel,
      grpc::MetadataCredentialsFromPlugin(std::make_unique<TokenFromFile>(options.token_file)));
}

}  // namespace fieldkms
