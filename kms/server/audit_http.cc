#include "kms/server/audit_http.h"

#include <chrono>
#include <utility>

#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr auto kPatience = std::chrono::seconds(10);
constexpr int kConflict = 409;

class Target final : public CheckpointTarget {
 public:
  Target(std::string url, std::unique_ptr<HttpClient> client)
      : url_(std::move(url)), client_(std::move(client)) {}

  absl::Status Export(const SignedCheckpoint& checkpoint) override {
    const HttpRequest request{
        "POST", url_, {{"Content-Type", "text/plain; charset=utf-8"}}, checkpoint.note};
    const auto response = client_->Send(request, std::chrono::steady_clock::now() + kPatience);
    if (!response.ok()) {
      return Error(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable,
                   "audit.export.url: " + std::string(MessageOf(response.status())));
    }
    if (response->status / 100 == 2) return absl::OkStatus();
    if (response->status == kConflict) {
      return Error(absl::StatusCode::kDataLoss, Reason::kStoreCorrupt,
                   "audit.export.url: it has another checkpoint of as many records");
    }
    return Error(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable,
                 "audit.export.url: answered with status " + std::to_string(response->status));
  }

 private:
  const std::string url_;
  const std::unique_ptr<HttpClient> client_;
};

}  // namespace

std::shared_ptr<CheckpointTarget> HttpTarget(std::string url, std::unique_ptr<HttpClient> client) {
  return std::make_shared<Target>(std::move(url), std::move(client));
}

absl::StatusOr<std::shared_ptr<CheckpointTarget>> OpenHttpTarget(const std::string& url,
                                                                 const std::string& ca_file) {
  FIELDKMS_ASSIGN_OR_RETURN(auto client, OpenHttpClient("audit.export.url", ca_file));
  return HttpTarget(url, std::move(client));
}

absl::StatusOr<std::unique_ptr<HttpClient>> OpenHttpClient(const std::string& key,
                                                           const std::string& ca_file) {
#if defined(FIELDKMS_ROOT_VAULT) || defined(FIELDKMS_ROOT_AWS)
  (void)key;
  HttpOptions options;
  options.ca_file = ca_file;
  return MakeHttpClient(options);
#else
  (void)ca_file;
  return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid,
               key + ": this build has no HTTP");
#endif
}

}  // namespace fieldkms
