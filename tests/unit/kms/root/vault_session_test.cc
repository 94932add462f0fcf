#include "kms/root/vault_session.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/kms/root/scripted_http.h"

namespace fieldkms {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::FakeClock;
using testing::TempDir;
using testing::WriteFile;

HttpResponse Json(const std::string& body, int status = 200) { return {status, {}, body}; }

std::string TextOf(const SessionTokenPtr& token) {
  return std::string(AsText(token->token.text.Expose()));
}

class VaultSessionTest : public ::testing::Test {
 protected:
  void SetUp() override { Use(VaultAppRole{.role_id = "role", .secret_id_file = ""}); }

  void Use(decltype(VaultOptions::auth) auth) {
    VaultOptions options;
    options.auth = auth;
    login_.emplace(api_, options,
                   VaultTime{&clock_, [this](Deadline until) { clock_.now = until; }});
    session_.emplace(*login_, clock_);
  }

  // Logins give token-1, token-2 and so on, of this life; renewals what is granted.
  absl::StatusOr<HttpResponse> Answer(const HttpRequest& request) {
    if (request.url.ends_with("/login")) {
      return Json(R"({"auth":{"client_token":"token-)" + std::to_string(++logins_) +
                      R"(","renewable":)" + (renewable_ ? "true" : "false") +
                      R"(,"lease_duration":)" + std::to_string(ttl_) + "}}",
                  login_status_);
    }
    if (request.url.ends_with("/lookup-self")) {
      if (lookup_status_ != 200) return Json("{}", lookup_status_);
      return Json(R"({"data":{"ttl":)" + std::to_string(ttl_) + R"(,"renewable":true}})");
    }
    return Json(R"({"auth":{"renewable":true,"lease_duration":)" + std::to_string(granted_) + "}}",
                renew_status_);
  }

  std::string Get() {
    const auto token = session_->Get(kNoDeadline);
    return token.ok() ? TextOf(*token) : std::string(ReasonName(ReasonOf(token.status())));
  }
  int Renewals() const { return script_.Count("/renew-self"); }

  int ttl_ = 100, granted_ = 100, logins_ = 0, login_status_ = 200, renew_status_ = 200;
  int lookup_status_ = 200;
  bool renewable_ = true;
  TempDir directory_;
  const std::string file_ = directory_.File("token");
  FakeClock clock_;
  const Deadline start_ = clock_.now;
  HttpScript script_{[this](const HttpRequest& request) { return Answer(request); }};
  const VaultApi api_{"http://v", "", std::make_unique<ScriptedHttp>(script_)};
  std::optional<VaultLogin> login_;
  std::optional<VaultSession> session_;
};

TEST_F(VaultSessionTest, LogsInOnceWhenNeeded) {
  EXPECT_EQ(session_->Maintain(), kNoDeadline);
  EXPECT_TRUE(script_.seen.empty());
  EXPECT_EQ(Get(), "token-1");
  EXPECT_EQ(Get(), "token-1");
  ASSERT_EQ(script_.seen.size(), 1u);
  EXPECT_EQ(script_.seen[0].url, "http://v/v1/auth/approle/login");
  EXPECT_EQ(script_.seen[0].body, R"({"role_id":"role"})");
}

TEST_F(VaultSessionTest, CredentialsAreReadAtEachLogin) {
  WriteFile(file_, "secret-1\n");
  Use(VaultAppRole{.role_id = "role", .secret_id_file = file_, .mount = "team/approle"});
  EXPECT_EQ(Get(), "token-1");
  EXPECT_EQ(script_.seen[0].url, "http://v/v1/auth/team/approle/login");
  EXPECT_EQ(script_.seen[0].body, R"({"role_id":"role","secret_id":"secret-1"})");
  Use(VaultKubernetes{.role = "pod", .jwt_file = file_});
  EXPECT_EQ(Get(), "token-2");
  EXPECT_EQ(script_.seen[1].url, "http://v/v1/auth/kubernetes/login");
  EXPECT_EQ(script_.seen[1].body, R"({"role":"pod","jwt":"secret-1"})");
  WriteFile(file_, "secret-2");
  clock_.now += seconds(100);
  EXPECT_EQ(Get(), "token-3");
  EXPECT_EQ(script_.seen[2].body, R"({"role":"pod","jwt":"secret-2"})");
}

TEST_F(VaultSessionTest, RenewsAtFourFifthsOfItsLife) {
  Get();
  EXPECT_EQ(session_->Maintain(), start_ + seconds(80));
  clock_.now = start_ + seconds(80) - milliseconds(1);
  session_->Maintain();
  EXPECT_EQ(Renewals(), 0);
  clock_.now = start_ + seconds(80);
  EXPECT_EQ(session_->Maintain(), start_ + seconds(160));
  EXPECT_EQ(Renewals(), 1);
  EXPECT_EQ(*FindHeader({.headers = script_.seen[1].headers, .body = ""}, "X-Vault-Token"),
            "token-1");
  clock_.now = start_ + seconds(179);
  EXPECT_EQ(Get(), "token-1");
  EXPECT_EQ(logins_, 1);
}

TEST_F(VaultSessionTest, ThreeRenewalsThenALogin) {
  Get();
  renew_status_ = 503;
  clock_.now = start_ + seconds(80);
  for (int i = 1; i <= 3; ++i) {
    const Deadline next = session_->Maintain();
    EXPECT_EQ(Renewals(), i);
    EXPECT_GT(next, clock_.now);
    EXPECT_LT(next, start_ + seconds(100));
    clock_.now = next;
  }
  EXPECT_EQ(logins_, 1);
  session_->Maintain();
  EXPECT_EQ(Renewals(), 3);
  EXPECT_EQ(logins_, 2);
  EXPECT_EQ(Get(), "token-2");
  // The count begins anew.
  clock_.now += seconds(80);
  session_->Maintain();
  EXPECT_EQ(Renewals(), 4);
}

TEST_F(VaultSessionTest, RefusedRenewalIsNotTriedAgain) {
  Get();
  renew_status_ = 403;
  clock_.now = start_ + seconds(80);
  EXPECT_EQ(session_->Maintain(), start_ + seconds(160));
  EXPECT_EQ(Renewals(), 1);
  EXPECT_EQ(Get(), "token-2");
}

TEST_F(VaultSessionTest, LogsInWhereTheMaximumIsNear) {
  Get();
  granted_ = 49;
  clock_.now = start_ + seconds(80);
  session_->Maintain();
  EXPECT_EQ(Get(), "token-2");
}

TEST_F(VaultSessionTest, WhatCannotBeRenewedIsReplacedInTime) {
  renewable_ = false;
  Get();
  clock_.now = start_ + seconds(80);
  session_->Maintain();
  EXPECT_EQ(Renewals(), 0);
  EXPECT_EQ(Get(), "token-2");
}

TEST_F(VaultSessionTest, FailedLoginsAreTriedAgainLater) {
  renewable_ = false;
  Get();
  login_status_ = 503;
  clock_.now = start_ + seconds(80);
  for (int i = 0; i < 5; ++i) {
    const Deadline next = session_->Maintain();
    EXPECT_GT(next, clock_.now);
    clock_.now = next;
  }
  login_status_ = 200;
  session_->Maintain();
  const int logins = logins_;
  EXPECT_EQ(Get(), "token-" + std::to_string(logins));
  EXPECT_EQ(logins_, logins);
}

TEST_F(VaultSessionTest, AnExpiredTokenIsNotUsed) {
  Get();
  clock_.now = start_ + seconds(100);
  EXPECT_EQ(Get(), "token-2");
  login_status_ = 400;
  clock_.now += seconds(100);
  EXPECT_EQ(Get(), "ROOT_DENIED");
}

TEST_F(VaultSessionTest, ATokenForEverNeedsNothing) {
  ttl_ = 0;
  Get();
  EXPECT_EQ(session_->Maintain(), kNoDeadline);
  clock_.now += std::chrono::years(60);
  EXPECT_EQ(Get(), "token-1");
}

TEST_F(VaultSessionTest, TokenFileIsReadAgainOnceItChanges) {
  WriteFile(file_, "one\n");
  Use(VaultTokenFile{file_});
  EXPECT_EQ(Get(), "one");
  // As an agent does, with a rename, or in place.
  WriteFile(directory_.File("new"), "two\n");
  ASSERT_EQ(rename(directory_.File("new").c_str(), file_.c_str()), 0);
  EXPECT_EQ(Get(), "two");
  WriteFile(file_, "three\n");
  EXPECT_EQ(Get(), "three");
  ASSERT_EQ(unlink(file_.c_str()), 0);
  EXPECT_EQ(Get(), "three");
  EXPECT_TRUE(script_.seen.empty());
}

TEST_F(VaultSessionTest, TokenOfAFileIsLookedUpAndRenewed) {
  WriteFile(file_, "one");
  Use(VaultTokenFile{file_});
  Get();
  EXPECT_EQ(session_->Maintain(), start_ + seconds(80));
  EXPECT_EQ(script_.Count("/lookup-self"), 1);
  clock_.now = start_ + seconds(80);
  granted_ = 30;  // there is no other
  EXPECT_EQ(session_->Maintain(), start_ + seconds(80 + 24));
  EXPECT_EQ(Get(), "one");
}

TEST_F(VaultSessionTest, ATokenThatMayNotAskIsUsedAsItIs) {
  WriteFile(file_, "one");
  Use(VaultTokenFile{file_});
  Get();
  lookup_status_ = 503;
  const Deadline next = session_->Maintain();
  EXPECT_GT(next, clock_.now);
  clock_.now = next;
  lookup_status_ = 403;
  EXPECT_EQ(session_->Maintain(), kNoDeadline);
  EXPECT_EQ(Get(), "one");
}

TEST_F(VaultSessionTest, ALoginIsTriedAgain) {
  int failures = 2;
  script_.answer = [&](const HttpRequest& request) -> absl::StatusOr<HttpResponse> {
    if (failures-- > 0) return Json("{}", 503);
    return Answer(request);
  };
  EXPECT_EQ(Get(), "token-1");
  EXPECT_EQ(script_.seen.size(), 3u);
  EXPECT_EQ(script_.seen[2].body, script_.seen[0].body);
}

TEST_F(VaultSessionTest, ARefusedTokenIsReplacedOnce) {
  ASSERT_OK_AND_ASSIGN(const SessionTokenPtr first, session_->Get(kNoDeadline));
  clock_.now += VaultSession::kMinAge;
  ASSERT_OK_AND_ASSIGN(const SessionTokenPtr second, session_->Replace(first, kNoDeadline));
  EXPECT_EQ(TextOf(second), "token-2");
  // Another caller with the old token gets the new one without a login.
  ASSERT_OK_AND_ASSIGN(const SessionTokenPtr same, session_->Replace(first, kNoDeadline));
  EXPECT_EQ(same, second);
  // A token just got is not the cause.
  ASSERT_OK_AND_ASSIGN(const SessionTokenPtr young, session_->Replace(second, kNoDeadline));
  EXPECT_EQ(young, second);
  EXPECT_EQ(logins_, 2);
}

TEST_F(VaultSessionTest, ARefusedTokenOfAFileIsReadAgainOnlyIfThatChanged) {
  WriteFile(file_, "one");
  Use(VaultTokenFile{file_});
  ASSERT_OK_AND_ASSIGN(const SessionTokenPtr first, session_->Get(kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const SessionTokenPtr same, session_->Replace(first, kNoDeadline));
  EXPECT_EQ(same, first);
  WriteFile(file_, "two--");
  ASSERT_OK_AND_ASSIGN(const SessionTokenPtr second, session_->Replace(first, kNoDeadline));
  EXPECT_EQ(TextOf(second), "two--");
}

TEST_F(VaultSessionTest, AnswersThatAreNotVaultsAreNoLogin) {
  for (const char* body : {"", "{}", R"({"auth":null})", R"({"auth":{"client_token":""}})",
                           R"({"auth":{"client_token":"a b","lease_duration":1}})",
                           R"({"auth":{"client_token":"a"}})"}) {
    script_.answer = [body](const HttpRequest&) { return Json(body); };
    EXPECT_EQ(Get(), "ROOT_UNAVAILABLE") << body;
  }
}

TEST_F(VaultSessionTest, TheThreadRenewsByItself) {
  std::atomic<int> renewals = 0;
  script_.answer = [&](const HttpRequest& request) -> absl::StatusOr<HttpResponse> {
    if (request.url.ends_with("/renew-self")) {
      ++renewals;
      renewals.notify_all();
    }
    ttl_ = granted_ = 1;
    return Answer(request);
  };
  VaultSession session(*login_, SystemClock());
  std::thread keeper([&] { session.Run(); });
  ASSERT_OK(session.Get(kNoDeadline));
  renewals.wait(0);
  session.Stop();
  keeper.join();
  EXPECT_EQ(logins_, 1);
}

}  // namespace
}  // namespace fieldkms
