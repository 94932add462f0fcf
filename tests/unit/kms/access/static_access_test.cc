#include "kms/access/static_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

AccessPolicy Policy() {
  AccessPolicy policy;
  policy.roles["reader"] = {{{Action::kDecrypt, Action::kKeyRead}, {"acme"}, {"customers.*"}}};
  policy.roles["writer"] = {{{Action::kEncrypt}, {"acme", "test-*"}, {"*"}}};
  policy.roles["tenants"] = {{{Action::kTenantCreate}, {"test-*"}, {}}};
  policy.roles["keyless"] = {{{Action::kEncrypt}, {"keyless"}, {}}};
  policy.principals = {{"app", {1001, 1002}, {"reader", "writer"}, Rate{10, 2}},
                       {"ops", {0}, {"tenants", "keyless"}, Rate{}},
                       {"nobody", {65534}, {}, Rate{}}};
  return policy;
}

Caller User(uid_t uid) {
  Caller caller;
  caller.peer = {true, uid, 1};
  return caller;
}

class StaticAccessTest : public ::testing::Test {
 protected:
  bool Allows(uid_t uid, Action action, std::string_view tenant, std::string_view key) {
    return access_->Allows(**access_->Authenticate(User(uid)), action, tenant, key);
  }
  bool AllowsSome(uid_t uid, Action action, std::string_view tenant) {
    return access_->AllowsSome(**access_->Authenticate(User(uid)), action, tenant);
  }
  std::unique_ptr<StaticAccess> access_ = *StaticAccess::Create(Policy());
};

TEST_F(StaticAccessTest, PrincipalByUid) {
  EXPECT_EQ((*access_->Authenticate(User(1001)))->name, "app");
  EXPECT_EQ((*access_->Authenticate(User(1002)))->name, "app");
  EXPECT_EQ((*access_->Authenticate(User(0)))->name, "ops");
  EXPECT_THAT(access_->Authenticate(User(4711)), StatusIs(Reason::kUnauthenticated));
}

TEST_F(StaticAccessTest, UnknownPeerIsNobodyEvenWithUidZero) {
  EXPECT_THAT(access_->Authenticate(Caller{}), StatusIs(Reason::kUnauthenticated));
}

TEST(StaticAccessNamesTest, ByCertificateAndToken) {
  AccessPolicy policy;
  policy.principals = {{.name = "shop", .certificates = {"dns:shop"}},
                       {.name = "batch", .tokens = {"corp:a:b"}}};
  const auto access = *StaticAccess::Create(policy);
  EXPECT_EQ(access->FindCertificate("dns:shop")->name, "shop");
  EXPECT_EQ(access->FindCertificate("uri:shop"), nullptr);
  EXPECT_EQ(access->FindToken("corp", "a:b")->name, "batch");
  EXPECT_EQ(access->FindToken("corp", "a"), nullptr);
  policy.principals.push_back({.name = "third", .certificates = {"dns:shop"}});
  EXPECT_THAT(StaticAccess::Create(policy), StatusIs(Reason::kConfigInvalid));
  policy.principals.back() = {.name = "third", .tokens = {"corp:a:b"}};
  EXPECT_THAT(StaticAccess::Create(policy), StatusIs(Reason::kConfigInvalid));
}

TEST_F(StaticAccessTest, DeniesByDefault) {
  for (int i = 0; i < kActionCount; ++i) {
    EXPECT_FALSE(Allows(65534, static_cast<Action>(i), "acme", "customers.card")) << i;
    EXPECT_FALSE(AllowsSome(65534, static_cast<Action>(i), "acme")) << i;
  }
}

TEST_F(StaticAccessTest, ActionTenantAndKeyMustAllMatchInOneRule) {
  EXPECT_TRUE(Allows(1001, Action::kDecrypt, "acme", "customers.card"));
  EXPECT_FALSE(Allows(1001, Action::kDecrypt, "acme", "staff.salary"));
  EXPECT_FALSE(Allows(1001, Action::kDecrypt, "test-1", "customers.card"));
  EXPECT_FALSE(Allows(1001, Action::kKeyRotate, "acme", "customers.card"));
  EXPECT_TRUE(Allows(1001, Action::kEncrypt, "acme", "staff.salary"));
  EXPECT_TRUE(Allows(1001, Action::kEncrypt, "test-1", "customers.card"));
}

TEST_F(StaticAccessTest, SomeKey) {
  EXPECT_TRUE(AllowsSome(1001, Action::kDecrypt, "acme"));
  EXPECT_FALSE(AllowsSome(1001, Action::kDecrypt, "test-1"));
  EXPECT_TRUE(AllowsSome(1001, Action::kEncrypt, "test-1"));
  EXPECT_FALSE(AllowsSome(1001, Action::kEncrypt, "other"));
  EXPECT_FALSE(AllowsSome(0, Action::kEncrypt, "keyless")) << "a rule without keys has none";
}

TEST_F(StaticAccessTest, Anywhere) {
  const Principal& app = **access_->Authenticate(User(1001));
  const Principal& ops = **access_->Authenticate(User(0));
  EXPECT_TRUE(access_->AllowsAnywhere(app, Action::kEncrypt));
  EXPECT_FALSE(access_->AllowsAnywhere(app, Action::kTenantCreate));
  EXPECT_TRUE(access_->AllowsAnywhere(ops, Action::kTenantCreate));
  EXPECT_FALSE(access_->AllowsAnywhere(ops, Action::kEncrypt));
}

TEST_F(StaticAccessTest, TenantActionsNeedNoKey) {
  EXPECT_TRUE(Allows(0, Action::kTenantCreate, "test-7", ""));
  EXPECT_TRUE(AllowsSome(0, Action::kTenantCreate, "test-7"));
  EXPECT_FALSE(Allows(0, Action::kTenantCreate, "acme", ""));
}

TEST_F(StaticAccessTest, EachPrincipalHasItsBucket) {
  const std::chrono::steady_clock::time_point now{std::chrono::hours(1)};
  const Principal& app = **access_->Authenticate(User(1001));
  const Principal& ops = **access_->Authenticate(User(0));
  EXPECT_EQ(access_->Take(app, 2, now).count(), 0);
  EXPECT_GT(access_->Take(app, 1, now).count(), 0);
  EXPECT_EQ(access_->Take(ops, 1'000'000, now).count(), 0);
  EXPECT_EQ(access_->Take(app, 1, now + std::chrono::milliseconds(100)).count(), 0);
}

TEST_F(StaticAccessTest, AdministratorMayDoEverything) {
  access_ = *StaticAccess::Create(AccessPolicy::Administrator(7));
  for (int i = 0; i < kActionCount; ++i) {
    EXPECT_TRUE(Allows(7, static_cast<Action>(i), "any", "key")) << i;
  }
}

TEST_F(StaticAccessTest, RefusesWhatIsAmbiguous) {
  AccessPolicy policy = Policy();
  policy.principals[0].roles.push_back("redaer");
  EXPECT_NE(StaticAccess::Create(policy).status().message().find("redaer"), std::string::npos);

  policy = Policy();
  policy.principals[1].uids.push_back(1001);
  EXPECT_NE(StaticAccess::Create(policy).status().message().find("1001"), std::string::npos);

  policy = Policy();
  policy.principals[1].name = "app";
  EXPECT_NE(StaticAccess::Create(policy).status().message().find("twice"), std::string::npos);
}

TEST_F(StaticAccessTest, NamesOfPrincipalsFitIntoAuditLines) {
  AccessPolicy policy = Policy();
  policy.principals[0].name = std::string(256, 'n');
  EXPECT_TRUE(StaticAccess::Create(policy).ok());
  for (const size_t size : {0u, 257u}) {
    policy.principals[0].name = std::string(size, 'n');
    EXPECT_NE(StaticAccess::Create(policy).status().message().find("1 to 256 bytes"),
              std::string::npos);
  }
}

TEST(ActionTest, NamesAndParsesAll) {
  for (int i = 0; i < kActionCount; ++i) {
    const auto action = static_cast<Action>(i);
    EXPECT_EQ(ParseAction(ActionName(action)), action);
  }
  EXPECT_EQ(ParseAction("key.destory"), std::nullopt);
}

}  // namespace
}  // namespace fieldkms
