// Vaulted tokens and data subjects move with a store, from SQLite to PostgreSQL and back.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fieldkms/v1/field_service.grpc.pb.h"
#include "fieldkms/v1/key_service.grpc.pb.h"
#include "kms/store/postgres_store.h"
#include "kms/store/sqlite_store.h"
#include "tests/integration/backup/installation_fixture.h"
#include "tests/support/postgres_server.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using ::testing::HasSubstr;

constexpr char kVisa[] = "4111111111111111";  // test numbers of the schemes'
constexpr char kMastercard[] = "5555555555554444";
constexpr char kAmex[] = "378282246310005";

// Fails the test for what is not OK.
template <class Stub, class Request, class Response>
Response Call(Stub& stub,
              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
              Request request) {
  Response response;
  grpc::ClientContext context;
  request.set_tenant("acme");
  const grpc::Status status = (stub.*method)(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

class VaultCopyBesideDaemons : public ::testing::Test {
 protected:
  using Fields = v1::FieldService::Stub;

  void SetUp() override {
    PostgresServer::Shared();
    from_.Start();
    ASSERT_OK(from_.CreateTenant("acme"));
    MakeKey("token", v1::KEY_PURPOSE_TOKEN);
    MakeKey("index", v1::KEY_PURPOSE_BLIND_INDEX);
    MakeField("plain", [](v1::TokenPolicy*) {});
    MakeField("convergent", [](v1::TokenPolicy* policy) {
      policy->set_lookup_key("index");
      policy->set_convergent(true);
    });
    MakeField("once", [](v1::TokenPolicy* policy) { policy->set_single_use(true); });
    MakeField("soon", [](v1::TokenPolicy* policy) { policy->mutable_ttl()->set_seconds(86'400); });
  }

  static std::shared_ptr<grpc::Channel> ChannelTo(const Served& served) {
    return grpc::CreateChannel(served.target(), grpc::InsecureChannelCredentials());
  }
  static std::unique_ptr<Fields> FieldsOf(const Served& served) {
    return v1::FieldService::NewStub(ChannelTo(served));
  }
  void MakeKey(const std::string& name, v1::KeyPurpose purpose) {
    v1::CreateKeyRequest request;
    request.set_name(name);
    request.set_purpose(purpose);
    request.set_request_id("request-key-" + name);
    const auto keys = v1::KeyService::NewStub(ChannelTo(from_));
    Call(*keys, &v1::KeyService::Stub::CreateKey, request);
  }
  void MakeField(const std::string& name, const std::function<void(v1::TokenPolicy*)>& policy) {
    v1::CreateFieldRequest request;
    request.set_name(name);
    request.set_format(v1::FIELD_FORMAT_PAN);
    request.mutable_token()->set_key("token");
    policy(request.mutable_token());
    request.set_request_id("request-field-" + name);
    Call(*FieldsOf(from_), &Fields::CreateField, request);
  }
  static std::string Tokenize(const Served& at, const std::string& field,
                              const std::string& value) {
    v1::TokenizeRequest request;
    request.set_field(field);
    request.set_value(value);
    return Call(*FieldsOf(at), &Fields::Tokenize, request).token().token();
  }
  static std::string Detokenize(const Served& at, const std::string& field,
                                const std::string& token) {
    v1::DetokenizeRequest request;
    request.set_field(field);
    request.set_token(token);
    request.set_view(v1::VIEW_FULL);
    return Call(*FieldsOf(at), &Fields::Detokenize, request).value();
  }
  static std::vector<std::string> CopyArguments(const Served& from, const Served& to) {
    return {"store", "copy", "--config", from.config(), "--to", to.config()};
  }
  static nlohmann::json FinalCopy(const Served& from, const Served& to) {
    std::vector<std::string> arguments = CopyArguments(from, to);
    arguments.emplace_back("--final");
    return CliJson(arguments);
  }
  // The store of the source, while no daemon is there.
  std::unique_ptr<Store> SourceStore() const {
    auto store = OpenSqliteStore(from_.data_dir() + "/store.db", SystemClock());
    EXPECT_OK(store);
    return *std::move(store);
  }
  std::string RootOfSource() const { return "{local: {path: " + from_.data_dir() + "/root.key}}"; }

  TempDir dir_;
  Served from_{"old", kLocalRoot};
};

// A subject, on hold or not, with a token of its own.
SubjectRecord HaveSubject(Store& store, const std::string& id, bool on_hold) {
  const WallTime now = SystemClock().Now();
  SubjectUse use;
  use.fresh = {id, std::string(kSubjectHandleSize - id.size(), '\xff') + id,
               std::string(kSubjectSecretSize, '\0'), now, std::nullopt};
  use.field_id = UINT64_MAX;
  EXPECT_OK(store.subjects().EnsureSubjects("acme", std::vector{use}, kNoDeadline));
  if (on_hold) {
    EXPECT_OK(store.subjects().SetHold("acme", id, LegalHold{"case", now}, kNoDeadline));
  }
  TokenRecord token;
  token.token = "of " + id;
  token.sealed = "sealed " + id;
  token.create_time = now;
  token.subject = use.fresh.handle;
  EXPECT_OK(store.tokens().PutTokens({"acme", UINT64_MAX}, std::vector{token}, now, kNoDeadline));
  return use.fresh;
}

TEST_F(VaultCopyBesideDaemons, ToPostgresAndBack) {
  const std::string plain = Tokenize(from_, "plain", kVisa);
  const std::string convergent = Tokenize(from_, "convergent", kVisa);
  const std::string once = Tokenize(from_, "once", kMastercard);
  const std::string used = Tokenize(from_, "once", kAmex);
  const std::string soon = Tokenize(from_, "soon", kAmex);
  EXPECT_EQ(Detokenize(from_, "once", used), kAmex);
  from_.Stop();
  SubjectRecord held;
  {
    const auto store = SourceStore();
    held = HaveSubject(*store, "held", true);
    HaveSubject(*store, "free", false);
  }
  from_.Start();
  Served middle("middle", RootOfSource(), PostgresStoreYaml(dir_.File("conninfo")));
  EXPECT_EQ(CliJson(CopyArguments(from_, middle))["copied_tokens"], 0);
  nlohmann::json report = FinalCopy(from_, middle);
  EXPECT_EQ(report["copied_subjects"], 2);
  EXPECT_EQ(report["copied_tokens"], 6);
  from_.Stop();
  middle.Start();
  EXPECT_EQ(Detokenize(middle, "plain", plain), kVisa);
  EXPECT_EQ(Detokenize(middle, "soon", soon), kAmex);
  EXPECT_EQ(Tokenize(middle, "convergent", kVisa), convergent);
  EXPECT_EQ(Detokenize(middle, "once", once), kMastercard);  // which takes it away

  Served back("back", RootOfSource());
  ASSERT_EQ(mkdir(back.data_dir().c_str(), 0700), 0);
  report = FinalCopy(middle, back);
  EXPECT_EQ(report["copied_subjects"], 2);
  EXPECT_EQ(report["copied_tokens"], 5);
  back.Start();
  EXPECT_EQ(Detokenize(back, "convergent", convergent), kVisa);
  EXPECT_EQ(Detokenize(back, "soon", soon), kAmex);
  back.Stop();
  auto store = OpenSqliteStore(back.data_dir() + "/store.db", SystemClock());
  ASSERT_OK(store);
  SubjectStore& subjects = (*store)->subjects();
  ASSERT_OK_AND_ASSIGN(
      const auto found,
      subjects.GetSubjects("acme", std::vector<std::string_view>{held.handle}, kNoDeadline));
  ASSERT_TRUE(found[0].has_value());
  EXPECT_EQ(found[0]->secret, held.secret);
  EXPECT_THAT(subjects.EraseSubject("acme", "held", held.handle, kNoDeadline),
              StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kLegalHold));
}

// Killed in its last round, while tokens go over; what is erased before the next is in no copy.
TEST_F(VaultCopyBesideDaemons, AKilledLastRoundIsRepeated) {
  const std::string plain = Tokenize(from_, "plain", kVisa);
  from_.Stop();
  SubjectRecord ann;
  {
    const auto store = SourceStore();
    ann = HaveSubject(*store, "ann", false);
    std::vector<PlacedToken> many;
    for (int i = 0; i < 30'000; ++i) {
      TokenRecord token;
      token.token = std::to_string(i);
      token.sealed = std::string(200, 's') + token.token;
      many.emplace_back(uint64_t{1}, std::move(token));
    }
    ASSERT_OK(store->tokens().CopyTokens("acme", many, kNoDeadline));
  }
  const std::string conninfo = dir_.File("conninfo");
  Served to("new", RootOfSource(), PostgresStoreYaml(conninfo));
  EXPECT_EQ(CliJson(CopyArguments(from_, to))["complete"], false);
  std::string text = ReadFile(conninfo);
  text.pop_back();  // the end of the line
  auto target = OpenPostgresStore({.conninfo = text}, SystemClock());
  ASSERT_OK(target);
  const pid_t copy = fork();
  if (copy == 0) {
    execl(BinaryPath("fieldkms").c_str(), "fieldkms", "store", "copy", "--config",
          from_.config().c_str(), "--to", to.config().c_str(), "--final", nullptr);
    _exit(127);
  }
  Await([&] { return (*target)->tokens().HasTokens(kNoDeadline).value_or(false); });
  ASSERT_EQ(kill(copy, SIGKILL), 0);
  int status = 0;
  ASSERT_EQ(waitpid(copy, &status, 0), copy);
  ASSERT_TRUE(WIFSIGNALED(status));
  const auto before = (*target)->subjects().FindSubject("acme", "ann", kNoDeadline);
  ASSERT_OK(before);

  CliJson({"store", "thaw", "--config", from_.config()});
  {
    const auto store = SourceStore();
    ASSERT_OK(store->subjects().EraseSubject("acme", "ann", ann.handle, kNoDeadline));
  }
  const nlohmann::json report = FinalCopy(from_, to);
  EXPECT_EQ(report["copied_subjects"], 0);
  EXPECT_EQ(report["copied_tokens"], 30'001);
  EXPECT_THAT((*target)->subjects().FindSubject("acme", "ann", kNoDeadline),
              StatusIs(absl::StatusCode::kNotFound, Reason::kSubjectNotFound));
  to.Start();
  EXPECT_EQ(Detokenize(to, "plain", plain), kVisa);
}

// No backup holds them.
TEST_F(VaultCopyBesideDaemons, ABackupIsRefusedOrLeavesThemOut) {
  Tokenize(from_, "plain", kVisa);
  const std::string passphrase = from_.PrivateFile("passphrase", "correct horse battery staple\n");
  std::vector<std::string> create = {"backup",
                                     "create",
                                     "--config",
                                     from_.config(),
                                     "--out",
                                     dir_.File("keys.fkb"),
                                     "--passphrase-file",
                                     passphrase};
  const CommandResult refused = Cli(create);
  EXPECT_NE(refused.status.code, 0);
  EXPECT_THAT(refused.err, HasSubstr("--without-tokens"));
  create.emplace_back("--without-tokens");
  EXPECT_EQ(CliJson(create)["without_tokens"], true);
}

}  // namespace
}  // namespace fieldkms::testing
