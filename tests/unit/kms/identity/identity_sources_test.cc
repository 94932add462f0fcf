#include "kms/identity/identity_sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

#include "tests/support/scripted_server.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/kms/identity/settable_clock.h"
#include "tests/unit/kms/identity/token_maker.h"
#include "tests/unit/kms/identity/trial.h"

namespace fieldkms {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::Authority;
using ::testing::HasSubstr;
using testing::kTrialNow;
using testing::SettableClock;
using testing::TempDir;
using testing::TokenMaker;
using testing::WriteFile;

constexpr char kIssuer[] = "https://id.example.com";

class IdentitySourcesTest : public ::testing::Test {
 protected:
  Deadline Soon() const { return std::chrono::steady_clock::now() + seconds(5); }
  absl::StatusOr<std::unique_ptr<IdentitySources>> OpenKeys() {
    IdentityOptions options;
    options.issuers.push_back({{.name = "corp", .issuer = kIssuer}, keys_});
    return IdentitySources::Open(options, clock_);
  }
  static size_t KeysOf(const IdentitySources& sources) {
    return sources.View().issuers.at(kIssuer).keys->size();
  }

  SettableClock clock_;
  const TempDir dir_;
  const std::string keys_ = dir_.File("keys.json");
};

TEST_F(IdentitySourcesTest, AFileIsReadAgainWhenItChanges) {
  WriteFile(keys_, TokenMaker("one").KeySetJson());
  ASSERT_OK_AND_ASSIGN(const auto sources, OpenKeys());
  EXPECT_NE(sources->View().issuers.at(kIssuer).keys->Find("one"), nullptr);
  const uint64_t generation = sources->View().generation;
  sources->Refresh(Soon());
  EXPECT_EQ(sources->View().generation, generation);
  WriteFile(keys_, TokenMaker("two").KeySetJson());
  sources->Refresh(Soon());
  EXPECT_EQ(sources->View().issuers.at(kIssuer).keys->Find("one"), nullptr);
  EXPECT_NE(sources->View().issuers.at(kIssuer).keys->Find("two"), nullptr);
  EXPECT_GT(sources->View().generation, generation);
}

TEST_F(IdentitySourcesTest, WhatIsNoLongerRightLeavesWhatWasKnown) {
  WriteFile(keys_, TokenMaker("one").KeySetJson());
  ASSERT_OK_AND_ASSIGN(const auto sources, OpenKeys());
  WriteFile(keys_, "{");
  sources->Refresh(Soon());
  EXPECT_EQ(KeysOf(*sources), 1u);
}

TEST_F(IdentitySourcesTest, AFileMustBeRightAtTheStart) {
  EXPECT_THAT(OpenKeys(), StatusIs(Reason::kConfigInvalid));
  WriteFile(keys_, "{}");
  const absl::Status status = OpenKeys().status();
  EXPECT_THAT(status, StatusIs(Reason::kConfigInvalid));
  EXPECT_THAT(status.message(), HasSubstr("keys.json: keys"));
}

TEST_F(IdentitySourcesTest, TwoIssuersOfOneNameAreRefused) {
  WriteFile(keys_, TokenMaker("one").KeySetJson());
  IdentityOptions options;
  options.issuers.push_back({{.name = "a", .issuer = kIssuer}, keys_});
  options.issuers.push_back({{.name = "b", .issuer = kIssuer}, keys_});
  EXPECT_THAT(IdentitySources::Open(options, clock_), StatusIs(Reason::kConfigInvalid));
}

TEST_F(IdentitySourcesTest, AuthoritiesAndRevocationsAreReadAgain) {
  const TrialAuthority authority = Authority();
  const std::string client = testing::Client(authority, {"DNS:shop"}).certificate;
  const std::string ca = dir_.File("ca.crt"), crl = dir_.File("ca.crl");
  WriteFile(ca, authority.Pem()->certificate);
  WriteFile(crl, *authority.Revoke({}, kTrialNow - hours(1), kTrialNow + hours(9)));
  IdentityOptions options;
  options.certificates = {ca, crl};
  ASSERT_OK_AND_ASSIGN(const auto sources, IdentitySources::Open(options, clock_));
  EXPECT_OK(sources->View().certificates->Verify(client, kTrialNow));
  WriteFile(crl, *authority.Revoke({{client}}, kTrialNow - hours(1), kTrialNow + hours(9)));
  sources->Refresh(Soon());
  EXPECT_FALSE(sources->View().certificates->Verify(client, kTrialNow).ok());
  // An empty file is not "nobody is revoked".
  WriteFile(crl, "");
  sources->Refresh(Soon());
  EXPECT_FALSE(sources->View().certificates->Verify(client, kTrialNow).ok());
}

// A server of keys that the test can change, and count.
class KeyServer {
 public:
  KeyServer()
      : server_([this](int connection) {
          if (testing::ReadRequest(connection).empty()) return;
          ++asked;
          const std::lock_guard lock(mutex_);
          testing::Send(connection, testing::Response(status_, body_));
        }) {}
  std::string url() const { return server_.url() + "/keys"; }
  void Answer(const std::string& status, const std::string& body) {
    const std::lock_guard lock(mutex_);
    status_ = status;
    body_ = body;
  }
  std::atomic<int> asked{0};

 private:
  std::mutex mutex_;
  std::string status_ = "503 Service Unavailable", body_;
  testing::ScriptedServer server_;
};

TEST_F(IdentitySourcesTest, AUrlThatIsDownIsTriedAgainAndThenSeldom) {
  KeyServer server;
  IdentityOptions options;
  options.issuers.push_back({{.name = "corp", .issuer = kIssuer}, "", server.url()});
  ASSERT_OK_AND_ASSIGN(const auto sources, IdentitySources::Open(options, clock_));
  EXPECT_EQ(KeysOf(*sources), 0u);
  EXPECT_EQ(server.asked, 1);
  sources->Refresh(Soon());
  EXPECT_EQ(server.asked, 1);  // not at once again
  clock_.now += seconds(10);
  server.Answer("200 OK", TokenMaker("one").KeySetJson());
  sources->Refresh(Soon());
  EXPECT_EQ(KeysOf(*sources), 1u);
  EXPECT_EQ(server.asked, 2);
  clock_.now += seconds(60);
  sources->Refresh(Soon());
  EXPECT_EQ(server.asked, 2);
  // A token of a key that nobody knows brings it forward, and what is down later leaves the keys.
  sources->AskForKeys();
  server.Answer("500 Internal Server Error", "");
  sources->Refresh(Soon());
  EXPECT_EQ(server.asked, 3);
  EXPECT_EQ(KeysOf(*sources), 1u);
  clock_.now += seconds(300);
  server.Answer("200 OK", TokenMaker("two").KeySetJson());
  sources->Refresh(Soon());
  EXPECT_NE(sources->View().issuers.at(kIssuer).keys->Find("two"), nullptr);
}

}  // namespace
}  // namespace fieldkms
