#include "kms/server/certificate_watch.h"

#include <sys/stat.h>

#include <chrono>
#include <utility>

#include "crypto/status.h"
#include "kms/identity/server_certificate.h"
#include "kms/observe/log.h"

namespace fieldkms {
namespace {

using Hours = std::chrono::hours;

constexpr Hours kWarnAhead{7 * 24};
constexpr Hours kWarnEvery{24};
constexpr Hours kLookAnyway{1};

// What is another for each content of a file, and for another mode.
std::string StampOf(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return "none ";
  return std::to_string(info.st_ino) + "." + std::to_string(info.st_ctim.tv_sec) + "." +
         std::to_string(info.st_ctim.tv_nsec) + " ";
}

int64_t HoursLeft(WallTime expires, WallTime now) {
  return std::chrono::duration_cast<Hours>(expires - now).count();
}

}  // namespace

CertificateWatch::CertificateWatch(std::string certificate, std::string key, const Clock& clock)
    : certificate_(std::move(certificate)), key_(std::move(key)), clock_(clock) {}

// The private key is not to be read into memory every two seconds.
bool CertificateWatch::IsDue(WallTime now) {
  const std::string stamps = StampOf(certificate_) + StampOf(key_);
  if (stamps == stamps_ && now - looked_ < kLookAnyway) return false;
  stamps_ = stamps;
  looked_ = now;
  return true;
}

void CertificateWatch::Look() {
  const WallTime now = clock_.Now();
  if (!IsDue(now)) return;
  const absl::StatusOr<WallTime> expires = CheckServerCertificate(certificate_, key_, now);
  const std::string trouble(expires.ok() ? "" : MessageOf(expires.status()));
  if (!trouble.empty()) {
    if (trouble != trouble_) {
      Log(LogLevel::kError, "tls_certificate_not_read", {{"error", expires.status()}});
    }
    trouble_ = trouble;
    return;
  }
  if (*expires != expires_ || !trouble_.empty()) {
    Log(LogLevel::kInfo, "tls_certificate_read",
        {{"path", certificate_}, {"hours_left", HoursLeft(*expires, now)}});
    warned_ = {};
  }
  trouble_.clear();
  expires_ = *expires;
  if (expires_ - now < kWarnAhead && now - warned_ >= kWarnEvery) {
    Log(LogLevel::kWarning, "tls_certificate_ends",
        {{"path", certificate_}, {"hours_left", HoursLeft(expires_, now)}});
    warned_ = now;
  }
}

}  // namespace fieldkms
