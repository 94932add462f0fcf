#include "kms/root/aws_kms_client.h"

#include <set>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/status.h"
#include "kms/root/aws_sigv4.h"
#include "kms/root/aws_time.h"

namespace fieldkms {
namespace {

using std::chrono::seconds;

// AWS takes signatures of the last and the next five minutes.
constexpr seconds kClockTolerance{4 * 60};

bool Answered(const absl::StatusOr<HttpResponse>& response) {
  return response.ok() && response->status == 200;
}

bool IsOnceOnly(AwsRemedy remedy) {
  return remedy == AwsRemedy::kNewCredentials || remedy == AwsRemedy::kSetClock;
}

}  // namespace

AwsKmsClient::AwsKmsClient(AwsKmsClientParts parts)
    : parts_(std::move(parts)), credentials_(std::move(parts_.credentials), *parts_.clock) {}

WallTime AwsKmsClient::Now() const { return parts_.clock->Now() + seconds(clock_offset_.load()); }

absl::StatusOr<HttpResponse> AwsKmsClient::Send(std::string_view operation, std::string_view body,
                                                const AwsCredentials& credentials,
                                                Deadline deadline) const {
  HttpRequest request{"POST", parts_.endpoint.Text(), {}, std::string(body)};
  request.headers = {{"Host", parts_.endpoint.authority},
                     {"Content-Type", "application/x-amz-json-1.1"},
                     {"X-Amz-Target", "TrentService." + std::string(operation)}};
  absl::Status signed_well = SignAwsRequest(credentials, {parts_.region, "kms"}, Now(), &request);
  absl::StatusOr<HttpResponse> response =
      signed_well.ok() ? parts_.http->Send(request, deadline) : std::move(signed_well);
  WipeAwsRequest(&request);
  return response;
}

AwsKmsClient::Attempt AwsKmsClient::Try(std::string_view operation, std::string_view body,
                                        Deadline deadline) const {
  absl::StatusOr<AwsCredentialCache::Credentials> credentials = credentials_.Get(deadline);
  if (!credentials.ok()) return {nullptr, credentials.status()};
  return {*credentials, Send(operation, body, **credentials, deadline)};
}

bool AwsKmsClient::SetClock(const HttpResponse& response) const {
  const std::string* date = FindHeader(response, "Date");
  const std::optional<WallTime> theirs = date == nullptr ? std::nullopt : ParseHttpDate(*date);
  if (!theirs || std::chrono::abs(*theirs - Now()) <= kClockTolerance) return false;
  clock_offset_ = std::chrono::floor<seconds>(*theirs - parts_.clock->Now()).count();
  return true;
}

bool AwsKmsClient::Cure(AwsRemedy remedy, int attempt, const Attempt& failed,
                        Deadline deadline) const {
  switch (remedy) {
    case AwsRemedy::kNone:
      return false;
    case AwsRemedy::kNewCredentials:
      credentials_.Reject(failed.credentials);
      return true;
    case AwsRemedy::kSetClock:
      return SetClock(*failed.response);
    case AwsRemedy::kRetry:
    case AwsRemedy::kSlowRetry:
      break;
  }
  const std::chrono::milliseconds pause = AwsPause(remedy, attempt);
  if (deadline - parts_.clock->Steady() <= pause || !budget_.Take()) return false;
  parts_.pause(pause);
  return true;
}

absl::StatusOr<std::string> AwsKmsClient::Call(std::string_view operation, std::string_view body,
                                               Deadline deadline) const {
  std::set<AwsRemedy> used;
  for (int attempt = 1;; ++attempt) {
    Attempt done = Try(operation, body, deadline);
    if (Answered(done.response)) {
      budget_.Refill();
      return std::move(done.response->body);
    }
    AwsFailure failure = done.response.ok() ? JudgeAwsAnswer(*done.response)
                                            : JudgeSendFailure(done.response.status());
    const bool spent = IsOnceOnly(failure.remedy) && !used.insert(failure.remedy).second;
    if (attempt == kMaxAttempts || spent || !Cure(failure.remedy, attempt, done, deadline)) {
      return std::move(failure.status);
    }
  }
}

}  // namespace fieldkms
