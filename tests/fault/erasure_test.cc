// Erasures that outlive a restore of the store, and the death of the daemon at any of its syncs.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "clients/cpp/client.h"
#include "fieldkms/v1/field_service.grpc.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/support/daemon.h"
#include "tests/support/status_matchers.h"
#include "tests/support/sync_shadow.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::fault {
namespace {

using ::fieldkms::testing::Daemon;
using ::fieldkms::testing::ExitStatus;
using ::fieldkms::testing::ReadFile;
using ::fieldkms::testing::SyncShadowEnv;
using ::fieldkms::testing::TempDir;
using ::fieldkms::testing::WriteFile;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kValue[] = "4111111111111111";  // a published test number
constexpr int kMaxSyncs = 60;

// "OK", or the reason why not.
std::string ReasonIn(const grpc::Status& status) {
  if (status.ok()) return "OK";
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  if (!details.ParseFromString(status.error_details()) || details.details_size() == 0 ||
      !details.details(0).UnpackTo(&info)) {
    return status.error_message();
  }
  return info.reason();
}

class ErasureTest : public ::testing::Test {
 protected:
  using Stub = v1::FieldService::Stub;

  // A store with a field and a token in it; the daemon is stopped.
  void SetUp() override {
    Daemon daemon({.data_dir = dir_.File("data")});
    ASSERT_OK(daemon.Start());
    ASSERT_OK_AND_ASSIGN(const auto client, Client::Create({.target = daemon.target()}));
    v1::CreateTenantRequest tenant;
    tenant.set_tenant("acme");
    ASSERT_OK(client->CreateTenant(tenant));
    for (const auto& [name, purpose] :
         {std::pair("token", v1::KEY_PURPOSE_TOKEN), {"index", v1::KEY_PURPOSE_BLIND_INDEX}}) {
      v1::CreateKeyRequest key;
      key.set_tenant("acme");
      key.set_name(name);
      key.set_purpose(purpose);
      ASSERT_OK(client->CreateKey(key));
    }
    v1::CreateFieldRequest field;
    v1::CreateFieldResponse made;
    field.set_name("cards");
    field.set_format(v1::FIELD_FORMAT_PAN);
    field.mutable_token()->set_key("token");
    field.mutable_token()->set_lookup_key("index");
    field.set_request_id("create-field");
    ASSERT_EQ(Call(daemon, &Stub::CreateField, field, &made), "OK");
    token_ = Tokenize(daemon);
    ASSERT_THAT(token_, HasSubstr("tok"));
    ASSERT_EQ(daemon.Terminate(), (ExitStatus{0, 0}));
  }

  template <class Request, class Response>
  static std::string Call(const Daemon& daemon,
                          grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                       Response*),
                          Request request, Response* response) {
    request.set_tenant("acme");
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const auto stub = v1::FieldService::NewStub(
        grpc::CreateCustomChannel(daemon.target(), grpc::InsecureChannelCredentials(), arguments));
    grpc::ClientContext context;
    return ReasonIn((*stub.*method)(&context, request, response));
  }
  static std::string Tokenize(const Daemon& daemon) {
    v1::TokenizeRequest request;
    v1::TokenizeResponse response;
    request.set_field("cards");
    request.set_value(kValue);
    const std::string reason = Call(daemon, &Stub::Tokenize, request, &response);
    return reason == "OK" ? response.token().token() : reason;
  }
  static std::string Detokenize(const Daemon& daemon, const std::string& token) {
    v1::DetokenizeRequest request;
    v1::DetokenizeResponse response;
    request.set_field("cards");
    request.set_token(token);
    return Call(daemon, &Stub::Detokenize, request, &response);
  }
  // How many were erased, or why not.
  static std::string Erase(const Daemon& daemon, v1::EraseRequest request) {
    v1::EraseResponse response;
    request.set_field("cards");
    const std::string reason = Call(daemon, &Stub::Erase, request, &response);
    return reason == "OK" ? std::to_string(response.erased_count()) : reason;
  }
  static std::string EraseToken(const Daemon& daemon, const std::string& token) {
    v1::EraseRequest request;
    request.set_token(token);
    return Erase(daemon, request);
  }

  // The store alone: what a backup has.
  void SaveStore() const {
    std::filesystem::copy_file(dir_.File("data/store.db"), dir_.File("saved.db"),
                               std::filesystem::copy_options::overwrite_existing);
  }
  void RestoreStore() const {
    for (const char* const name : {"data/store.db", "data/store.db-wal", "data/store.db-shm"}) {
      std::filesystem::remove(dir_.File(name));
    }
    std::filesystem::copy_file(dir_.File("saved.db"), dir_.File("data/store.db"));
  }

  TempDir dir_;
  std::string token_;
};

TEST_F(ErasureTest, ARestoredStoreServesNothingThatWasErased) {
  Daemon daemon({.data_dir = dir_.File("data")});
  SaveStore();
  ASSERT_OK(daemon.Start());
  EXPECT_EQ(Detokenize(daemon, token_), "OK");
  const std::string other = Tokenize(daemon);
  EXPECT_EQ(EraseToken(daemon, token_), "1");
  v1::EraseRequest of_value;
  of_value.set_value(kValue);
  EXPECT_EQ(Erase(daemon, of_value), "1");
  const std::string again = Tokenize(daemon);
  ASSERT_EQ(daemon.Terminate(), (ExitStatus{0, 0}));
  EXPECT_THAT(ReadFile(dir_.File("data/erasures.jsonl")), Not(HasSubstr(kValue)));

  ASSERT_OK(daemon.Start());  // nothing was restored: what was made anew stays
  EXPECT_THAT(daemon.Log(), HasSubstr("\"entries\":0"));
  EXPECT_EQ(Detokenize(daemon, again), "OK");
  ASSERT_EQ(daemon.Terminate(), (ExitStatus{0, 0}));

  RestoreStore();
  ASSERT_OK(daemon.Start());
  EXPECT_THAT(daemon.Log(), HasSubstr("\"entries\":2,\"tokens\":1"));
  EXPECT_EQ(Detokenize(daemon, token_), "TOKEN_NOT_FOUND");
  EXPECT_EQ(Detokenize(daemon, other), "TOKEN_NOT_FOUND");
  EXPECT_EQ(daemon.Terminate(), (ExitStatus{0, 0}));
}

// The data directory is lost with its log; the log of another replica has the erasure.
TEST_F(ErasureTest, LogsOfOthersAreReplayedOrNothingIsServed) {
  Daemon daemon({.data_dir = dir_.File("data")});
  SaveStore();
  ASSERT_OK(daemon.Start());
  EXPECT_EQ(EraseToken(daemon, token_), "1");
  ASSERT_EQ(daemon.Terminate(), (ExitStatus{0, 0}));
  const std::string log = ReadFile(dir_.File("data/erasures.jsonl"));
  std::filesystem::remove(dir_.File("data/erasures.jsonl"));
  RestoreStore();
  WriteFile(dir_.File("config.yaml"), fmt::format(R"(data_dir: {0}/data
listen:
  unix: {0}/data/fieldkmsd.sock
memory:
  lock: preferred
erasure:
  replay: [{0}/other.jsonl]
access:
  roles:
    all:
      - actions: [field.detokenize]
        tenants: ["*"]
        fields: ["*"]
        mask_level: full
  principals:
    tester:
      users: [{1}]
      roles: [all]
)",
                                                  dir_.path(), ::geteuid()));
  Daemon restored({.data_dir = dir_.File("data"), .args = {"--config", dir_.File("config.yaml")}});
  for (const std::string& bad : {std::string(), log + "{}\n"}) {
    if (!bad.empty()) WriteFile(dir_.File("other.jsonl"), bad);
    const ExitStatus end = restored.StartAndWait();
    EXPECT_GT(end.code, 0);
    EXPECT_THAT(restored.Log(), HasSubstr("the store may have what was erased"));
    EXPECT_THAT(restored.Log(), HasSubstr("other.jsonl"));
  }
  WriteFile(dir_.File("other.jsonl"), log);
  ASSERT_OK(restored.Start()) << restored.Log();
  EXPECT_THAT(restored.Log(), HasSubstr("\"entries\":1,\"tokens\":1"));
  EXPECT_EQ(Detokenize(restored, token_), "TOKEN_NOT_FOUND");
  EXPECT_EQ(restored.Terminate(), (ExitStatus{0, 0}));
}

// What the log has when the daemon dies is erased by its successor, whether the store had
// done it or not; what it has not, was never answered for.
TEST_F(ErasureTest, ADaemonThatDiesAtAnySync) {
  int number = 1;
  int in_doubt = 0;
  bool died = true;
  for (; died && number <= kMaxSyncs; ++number) {
    SCOPED_TRACE(fmt::format("killed before sync {}", number));
    const std::string place = dir_.File(fmt::format("{}", number));
    std::filesystem::copy(dir_.File("data"), place, std::filesystem::copy_options::recursive);
    Daemon daemon({.data_dir = place, .env = SyncShadowEnv(place, place + ".shadow", number)});
    const bool started = daemon.Start().ok();
    const std::string erased = started ? EraseToken(daemon, token_) : "";
    died = erased != "1";
    if (!died) daemon.Kill();
    if (started && died) {
      EXPECT_EQ(daemon.AwaitEnd().signal, SIGKILL) << daemon.Log();
    }
    const std::string log = ReadFile(place + "/erasures.jsonl");
    const bool logged = log.find("\"kind\":\"token\"") != std::string::npos && log.ends_with("\n");
    if (logged && log.find("\"end\"") == std::string::npos) ++in_doubt;
    Daemon successor({.data_dir = place});
    ASSERT_OK(successor.Start());
    EXPECT_EQ(Detokenize(successor, token_), logged ? "TOKEN_NOT_FOUND" : "OK");
    EXPECT_EQ(successor.Terminate(), (ExitStatus{0, 0}));
  }
  EXPECT_FALSE(died) << "the erasure was never answered";
  EXPECT_GE(in_doubt, 2) << "before the log's own sync, and between it and the store";
}

}  // namespace
}  // namespace fieldkms::fault
