// Frames, from the extension's side of the socket.
#include <gmock/gmock.h>
#include <signal.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "tests/integration/shim/shim_fixture.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kCard = "4111111111111111";

class ShimFramesTest : public ShimTest {
 protected:
  void SetUp() override {
    Start();
    MakeKeys();
  }
  const std::string row_ = PkContext("1");

  std::string Seal(std::string_view key, std::string_view value = kCard) const {
    return AskOne(FrameOf(FIELDKMS_OP_ENCRYPT, key, {value, row_}));
  }
  std::string Open(std::string_view key, std::string_view envelope) const {
    return AskOne(FrameOf(FIELDKMS_OP_DECRYPT, key, {envelope, row_}));
  }
};

TEST_F(ShimFramesTest, SealsAndOpensWithALeaseAndWithout) {
  for (const std::string_view key : {"plain", "leased"}) {
    const std::string envelope = Seal(key);
    EXPECT_EQ(Open(key, envelope), kCard) << key;
    // What is sealed here, the service opens.
    v1::DecryptRequest request;
    request.set_tenant("acme");
    request.set_key(std::string(key));
    request.set_ciphertext(envelope);
    auto* const entry = request.add_context();
    entry->set_name("pk");
    entry->set_value("1");
    const auto opened = client_->Decrypt(request);
    ASSERT_OK(opened);
    EXPECT_EQ(opened->plaintext(), kCard);
  }
  EXPECT_THAT(Audit(), HasSubstr("\"name\":\"leased\",\"items\":1,\"local\":1,\"key_version\":1,"
                                 "\"lease_id\":\""));
  EXPECT_THAT(Audit(), HasSubstr("\"name\":\"plain\",\"items\":1}"));
}

TEST_F(ShimFramesTest, BadItemsFailAlone) {
  const std::string other = PkContext("2");
  for (const std::string_view key : {"plain", "leased"}) {
    const std::string envelope = Seal(key);
    const FrameAnswer answer =
        Ask(FrameOf(FIELDKMS_OP_DECRYPT, key,
                    {envelope, row_, std::nullopt, row_, envelope, "\x00", envelope, other, "junk",
                     row_, Seal(key == "plain" ? "leased" : "plain"), row_, envelope, row_}));
    ASSERT_EQ(answer.results.size(), 7u);
    EXPECT_EQ(answer.results[0].parts.at(0), kCard);
    EXPECT_EQ(answer.results[1].error->field, "envelope");
    EXPECT_EQ(answer.results[2].error->field, "context");
    // Another row, no envelope, another key: all alike.
    for (const size_t i : {3, 4, 5}) {
      ASSERT_TRUE(answer.results[i].error) << i;
      EXPECT_EQ(answer.results[i].error->kind, FIELDKMS_KIND_NOT_OPENED);
      EXPECT_EQ(answer.results[i].error->message, answer.results[3].error->message);
    }
    EXPECT_EQ(answer.results[6].parts.at(0), kCard);
  }
}

TEST_F(ShimFramesTest, DoesAllThatAFieldHas) {
  const FrameAnswer made =
      Ask(FrameOf(FIELDKMS_OP_PROTECT, "customers.card", {kCard, row_, std::nullopt}));
  ASSERT_EQ(made.results.size(), 1u);
  ASSERT_FALSE(made.results[0].error);
  const auto& parts = made.results[0].parts;
  EXPECT_FALSE(parts[1] || parts[4] || parts[5]);  // document, FPE text and version
  EXPECT_THAT(*parts[2], HasSubstr("1111"));
  const auto reveal = [&](std::string_view view) {
    return AskOne(FrameOf(FIELDKMS_OP_REVEAL, "customers.card",
                          {*parts[0], std::nullopt, std::nullopt, std::nullopt, row_}, view));
  };
  EXPECT_EQ(reveal("full"), kCard);
  EXPECT_EQ(reveal("masked"), *parts[2]);
  EXPECT_EQ(reveal("all"), "1 INVALID_FIELD");
  EXPECT_EQ(AskOne(FrameOf(FIELDKMS_OP_MASK, "customers.card", {kCard})), *parts[2]);
  EXPECT_EQ(AskOne(FrameOf(FIELDKMS_OP_BLIND_INDEX, "customers.card", {kCard})), *parts[3]);
  EXPECT_EQ(AskOne(FrameOf(FIELDKMS_OP_DETOKENIZE, "customers.card", {*parts[6]}, "full")), kCard);
  const std::string token =
      AskOne(FrameOf(FIELDKMS_OP_TOKENIZE, "customers.card", {kCard, std::nullopt}));
  EXPECT_THAT(token, HasSubstr("tok_"));
  EXPECT_EQ(AskOne(FrameOf(FIELDKMS_OP_VALIDATE, "customers.card", {kCard})), "\x01");
  EXPECT_EQ(AskOne(FrameOf(FIELDKMS_OP_VALIDATE, "customers.card", {"4111111111111112"})),
            std::string(1, '\0'));
  EXPECT_EQ(AskOne(FrameOf(FIELDKMS_OP_MASK, "no.field", {kCard})), "3 FIELD_NOT_FOUND");
}

TEST_F(ShimFramesTest, RewrapsToAnotherRow) {
  const std::string row2 = PkContext("2");
  const std::string moved =
      AskOne(FrameOf(FIELDKMS_OP_REWRAP, "leased", {Seal("plain"), row_, row2}));
  EXPECT_EQ(AskOne(FrameOf(FIELDKMS_OP_DECRYPT, "leased", {moved, row2})), kCard);
  EXPECT_EQ(Open("leased", moved), "2 DECRYPT_FAILED");
}

// With rights on one key nobody gets at the values of another.
TEST_F(ShimFramesTest, RewrapsNothingFromKeysThatTheRulesDoNotName) {
  const auto as_narrow = [&](std::string_view envelope) {
    shim::Frame frame = FrameOf(FIELDKMS_OP_REWRAP, "plain", {envelope, row_, std::nullopt});
    frame.current_role = "narrow";
    return AskOne(frame);
  };
  EXPECT_EQ(as_narrow(Seal("leased")), "4 PERMISSION_DENIED");
  EXPECT_EQ(Open("plain", as_narrow(Seal("plain"))), kCard);
}

// As triggers do, which take a value as it is: where no key is named, each envelope's counts.
TEST_F(ShimFramesTest, RewrapsUnderTheKeyOfEachEnvelopeWhereTheRulesNameThat) {
  const std::string row2 = PkContext("2");
  const std::string plain = Seal("plain"), leased = Seal("leased");
  shim::Frame frame = FrameOf(FIELDKMS_OP_REWRAP, "",
                              {leased, row_, row2, plain, row_, row2, "no envelope", row_, row2});
  EXPECT_FALSE(Ask(frame).results.at(0).error) << "who may rewrap all keys";
  frame.current_role = "narrow";
  const FrameAnswer answer = Ask(frame);
  ASSERT_EQ(answer.results.size(), 3u);
  ASSERT_TRUE(answer.results[0].error);
  EXPECT_EQ(answer.results[0].error->kind, FIELDKMS_KIND_DENIED);
  ASSERT_FALSE(answer.results[1].error);
  EXPECT_EQ(AskOne(FrameOf(FIELDKMS_OP_DECRYPT, "plain", {*answer.results[1].parts[0], row2})),
            kCard);
  ASSERT_TRUE(answer.results[2].error);
  EXPECT_EQ(answer.results[2].error->kind, FIELDKMS_KIND_NOT_OPENED);
  frame.current_role = "nobody";
  EXPECT_EQ(AskOne(frame), "4 PERMISSION_DENIED");
}

// What a key is called is not asked with each call, but a key that was made since is found.
TEST_F(ShimFramesTest, RewrapsUnderAKeyThatWasMadeSince) {
  const std::string plain = Seal("plain");
  shim::Frame frame = FrameOf(FIELDKMS_OP_REWRAP, "", {plain, row_, std::nullopt});
  frame.current_role = "narrow";
  EXPECT_EQ(Open("plain", AskOne(frame)), kCard);
  v1::CreateKeyRequest key;
  key.set_tenant("acme");
  key.set_name("moving");
  ASSERT_OK(client_->CreateKey(key));
  const std::string moving = Seal("moving");
  frame.parts = {moving, row_, std::nullopt};
  std::string rewrapped;
  do {
    rewrapped = AskOne(frame);
  } while (rewrapped == "4 PERMISSION_DENIED" && !HasFailure());
  EXPECT_EQ(Open("moving", rewrapped), kCard);
}

// Who may rewrap some keys only names them by their own names: an alias could stand for another by
// the time the service sees it. For others it is what it stands for now, whatever was before.
TEST_F(ShimFramesTest, RewrapsByAnAliasFollowIt) {
  v1::SetAliasRequest alias;
  alias.set_tenant("acme");
  alias.set_alias("moving");
  shim::Frame narrow = FrameOf(FIELDKMS_OP_REWRAP, "moving", {});
  narrow.current_role = "narrow";
  for (const std::string_view key : {"plain", "leased", "plain"}) {
    alias.set_key(std::string(key));
    const auto set = client_->SetAlias(alias);
    ASSERT_OK(set);
    alias.set_etag(set->etag());
    for (const std::string_view source : {"plain", "leased"}) {
      const std::string envelope = Seal(source);
      narrow.parts = {envelope, row_, std::nullopt};
      EXPECT_EQ(AskOne(narrow), "3 KEY_NOT_FOUND") << key << " " << source;
      const std::string rewrapped =
          AskOne(FrameOf(FIELDKMS_OP_REWRAP, "moving", {envelope, row_, std::nullopt}));
      EXPECT_EQ(Open(key, rewrapped), kCard) << key << " " << source;
    }
  }
}

TEST_F(ShimFramesTest, RulesSayWhoMayDoWhat) {
  const auto as = [&](std::string_view role, std::string_view database, shim::Frame frame) {
    frame.current_role = role;
    frame.database = database;
    return AskOne(frame);
  };
  const shim::Frame seal = FrameOf(FIELDKMS_OP_ENCRYPT, "plain", {kCard, row_});
  EXPECT_EQ(as("narrow", "shop", seal), "4 PERMISSION_DENIED");
  EXPECT_EQ(as("app_rw", "other", seal), "4 PERMISSION_DENIED");
  const std::string envelope = Seal("plain");
  EXPECT_EQ(as("narrow", "shop", FrameOf(FIELDKMS_OP_DECRYPT, "plain", {envelope, row_})), kCard);
  // Without a name it may be of any key.
  EXPECT_EQ(as("narrow", "shop", FrameOf(FIELDKMS_OP_DECRYPT, "", {envelope, row_})),
            "4 PERMISSION_DENIED");
  EXPECT_EQ(Open("", envelope), kCard);
  const shim::Frame reveal =
      FrameOf(FIELDKMS_OP_REVEAL, "customers.card",
              {envelope, std::nullopt, std::nullopt, std::nullopt, row_}, "full");
  EXPECT_EQ(as("narrow", "shop", reveal), "4 PERMISSION_DENIED");
  EXPECT_THAT(Audit(), HasSubstr("\"kind\":\"refusal\",\"identity\":\"postgres\",\"session_user\":"
                                 "\"alice\",\"role\":\"narrow\",\"database\":\"shop\""));
  EXPECT_THAT(Audit() + Log(), Not(HasSubstr(std::string(kCard))));
}

TEST_F(ShimFramesTest, ALeaseBridgesAnOutage) {
  const std::string envelope = Seal("leased");
  const std::string plain = Seal("plain");
  daemon_.Kill();
  EXPECT_EQ(Open("leased", envelope), kCard);
  EXPECT_EQ(Open("leased", Seal("leased", "new")), "new");
  shim::Frame frame = FrameOf(FIELDKMS_OP_DECRYPT, "plain", {plain, row_});
  frame.deadline = 300;
  EXPECT_THAT(AskOne(frame), ::testing::AnyOf(HasSubstr("8 "), HasSubstr("9 ")));
  ASSERT_OK(daemon_.Start());
  // The channel looks for a service that went away once a second.
  while (Open("plain", plain) != kCard) {
  }
}

TEST_F(ShimFramesTest, ManyAtOnceGetTheirOwn) {
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&, t] {
      RawHttp http(SocketPath());
      for (int i = 0; i < 20; ++i) {
        const std::string value = std::to_string(t) + "/" + std::to_string(i);
        const std::string name = i % 2 == 0 ? "plain" : "leased";
        auto sealed = ReadFrameAnswer(
            FIELDKMS_OP_ENCRYPT, 1,
            http.PostFrame(EncodeFrame(FrameOf(FIELDKMS_OP_ENCRYPT, name, {value, row_}))).body);
        auto opened = ReadFrameAnswer(
            FIELDKMS_OP_DECRYPT, 1,
            http.PostFrame(EncodeFrame(FrameOf(FIELDKMS_OP_DECRYPT, name,
                                               {*sealed->results[0].parts[0], row_})))
                .body);
        right += opened->results[0].parts[0] == value;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 16 * 20);
}

TEST_F(ShimFramesTest, TenThousandItemsAreOneFrame) {
  std::vector<shim::FramePart> parts;
  for (int i = 0; i < 10'000; ++i) parts.insert(parts.end(), {kCard, row_});
  for (const std::string_view key : {"plain", "leased"}) {
    const FrameAnswer sealed = Ask(FrameOf(FIELDKMS_OP_ENCRYPT, key, parts));
    ASSERT_EQ(sealed.results.size(), 10'000u);
    EXPECT_EQ(Open(key, *sealed.results[9'999].parts[0]), kCard);
  }
}

TEST_F(ShimFramesTest, NothingIsAnsweredThatIsNotOnRecord) {
  const std::string envelope = Seal("leased");
  std::filesystem::rename(AuditFile(), dir_.File("moved"));
  while (Open("leased", envelope) != "8 AUDIT_UNAVAILABLE") {
  }
  EXPECT_EQ(Seal("plain"), "8 AUDIT_UNAVAILABLE");
  shim_->Signal(SIGHUP);
  while (Open("leased", envelope) != kCard) {
  }
  EXPECT_THAT(Audit(), HasSubstr("\"op\":\"decrypt\""));
  EXPECT_EQ(StopShim(), (ExitStatus{0, 0}));
}

}  // namespace
}  // namespace fieldkms::testing
