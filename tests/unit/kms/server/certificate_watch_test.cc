#include "kms/server/certificate_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "tests/support/temp_dir.h"
#include "tests/unit/kms/identity/settable_clock.h"
#include "tests/unit/kms/identity/trial.h"

namespace fieldkms {
namespace {

using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kTrialNow;

class CertificateWatchTest : public ::testing::Test {
 protected:
  void Write(hours life) const {
    const CertificateAndKey pem = *authority_.Issue(
        {"server", {"DNS:localhost"}, true, kTrialNow - hours(1), kTrialNow + life});
    testing::WriteFile(certificate_, pem.certificate);
    testing::WriteFile(key_, pem.key);
  }
  std::vector<std::string> Look() {
    ::testing::internal::CaptureStderr();
    watch_.Look();
    std::istringstream lines(::testing::internal::GetCapturedStderr());
    std::vector<std::string> events;
    for (std::string line; std::getline(lines, line);) {
      events.push_back(nlohmann::json::parse(line)["event"]);
    }
    return events;
  }

  const TrialAuthority authority_ = testing::Authority();
  const testing::TempDir dir_;
  const std::string certificate_ = dir_.File("s.crt"), key_ = dir_.File("s.key");
  testing::SettableClock clock_;
  CertificateWatch watch_{certificate_, key_, clock_};
};

TEST_F(CertificateWatchTest, TellsOfEachCertificateOnce) {
  Write(hours(1'000));
  EXPECT_THAT(Look(), ElementsAre("tls_certificate_read"));
  EXPECT_THAT(Look(), IsEmpty());
  Write(hours(2'000));
  EXPECT_THAT(Look(), ElementsAre("tls_certificate_read"));
}

TEST_F(CertificateWatchTest, WarnsDailyInTheLastWeek) {
  Write(hours(169));
  EXPECT_THAT(Look(), ElementsAre("tls_certificate_read"));
  clock_.now += hours(2);
  EXPECT_THAT(Look(), ElementsAre("tls_certificate_ends"));
  clock_.now += hours(23);
  EXPECT_THAT(Look(), IsEmpty());
  clock_.now += hours(1);
  EXPECT_THAT(Look(), ElementsAre("tls_certificate_ends"));
  clock_.now = kTrialNow + hours(170);
  EXPECT_THAT(Look(), ElementsAre("tls_certificate_not_read"));
}

TEST_F(CertificateWatchTest, TellsWhatCannotBeUsedAndItsMending) {
  Write(hours(1'000));
  Look();
  testing::WriteFile(key_, "none");
  EXPECT_THAT(Look(), ElementsAre("tls_certificate_not_read"));
  EXPECT_THAT(Look(), IsEmpty());
  Write(hours(1'000));
  EXPECT_THAT(Look(), ElementsAre("tls_certificate_read"));
}

}  // namespace
}  // namespace fieldkms
