// Connections that break while a COMMIT is under way, before the server has it and after
// it has done it: what was asked for happens once, and the caller hears so.
#include <gmock/gmock.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/fault/postgres_fixture.h"

namespace fieldkms::testing {
namespace {

using Cut = CutProxy::Cut;

INSTANTIATE_TEST_SUITE_P(Cuts, PostgresCommit,
                         ::testing::Values(Cut::kBeforeCommit, Cut::kAfterCommit),
                         [](const auto& cut) {
                           return cut.param == Cut::kBeforeCommit ? "Before" : "After";
                         });

TEST_P(PostgresCommit, KeyIsMadeOnce) {
  const uint64_t before = Newest();
  const Mutation mutation = Fresh();
  CutNextCommit();
  ASSERT_OK_AND_ASSIGN(const auto made,
                       proxied().CreateKey(Key("k", 7), Version(1), mutation, kNoDeadline));
  ExpectCut();
  EXPECT_FALSE(made.replayed);
  EXPECT_EQ(made.value.change, before + 1);
  EXPECT_EQ(Newest(), before + 1);
  ASSERT_OK_AND_ASSIGN(const auto again,
                       proxied().CreateKey(Key("k", 8), Version(1), mutation, kNoDeadline));
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.value.key_id, 7u);
  EXPECT_EQ(Superuser("SELECT count(*) FROM fieldkms_store.keys"), "1");
}

TEST_P(PostgresCommit, UnreachableServerLeavesItToTheCaller) {
  const Mutation mutation = Fresh();
  proxied();
  proxy().CutNextCommit(GetParam(), true);
  EXPECT_THAT(
      proxied().CreateKey(Key("k", 7), Version(1), mutation, In(std::chrono::milliseconds(500))),
      StatusIs(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable));
  ExpectCut();
  proxy().Accept();
  ASSERT_OK_AND_ASSIGN(const auto again,
                       proxied().CreateKey(Key("k", 7), Version(1), mutation, kNoDeadline));
  EXPECT_EQ(again.replayed, GetParam() == Cut::kAfterCommit);
  EXPECT_EQ(Superuser("SELECT count(*) FROM fieldkms_store.keys"), "1");
}

TEST_P(PostgresCommit, LostRaceIsNotTakenForTheOutcome) {
  const KeyRecord key = HaveKey();
  CutNextCommit();
  KeyChange change{key, {Version(2)}};
  change.key.primary_version = 2;
  ASSERT_OK_AND_ASSIGN(const auto first, proxied().ChangeKey(change, Fresh(), kNoDeadline));
  ExpectCut();
  EXPECT_EQ(first.value.primary_version, 2u);
  EXPECT_THAT(straight().ChangeKey(change, Fresh(), kNoDeadline),
              StatusIs(absl::StatusCode::kAborted, Reason::kEtagMismatch));
}

TEST_P(PostgresCommit, RootBindingIsSet) {
  CutNextCommit();
  EXPECT_OK(proxied().SetRootBinding("", "bound", kNoDeadline));
  ExpectCut();
  EXPECT_THAT(proxied().SetRootBinding("", "other", kNoDeadline), StatusIs(Reason::kRootWrongKey));
  CutNextCommit();
  EXPECT_OK(proxied().SetRootBinding("bound", "other", kNoDeadline));
  ExpectCut();
  ASSERT_OK_AND_ASSIGN(const auto binding, straight().GetRootBinding(kNoDeadline));
  EXPECT_EQ(binding, "other");
}

TEST_P(PostgresCommit, RewrapsAreCountedOnce) {
  HaveKey();
  const uint64_t before = Newest();
  CutNextCommit();
  const RewrappedKek kek{"acme", 1, "kek 1", "kek anew"};
  ASSERT_OK_AND_ASSIGN(const size_t keks, proxied().RewrapKeks({{kek}}, kNoDeadline));
  ExpectCut();
  EXPECT_EQ(keks, 1u);
  CutNextCommit();
  const RewrappedVersion version{7, 1, "wrapped 1", 2, "wrapped anew"};
  ASSERT_OK_AND_ASSIGN(const size_t versions,
                       proxied().RewrapKeyVersions("acme", {{version}}, kNoDeadline));
  ExpectCut();
  EXPECT_EQ(versions, 1u);
  EXPECT_EQ(Newest(), before + 2);
  ASSERT_OK_AND_ASSIGN(const auto kept, straight().GetKeyVersion("acme", 7, 1, kNoDeadline));
  EXPECT_EQ(kept.wrapped, "wrapped anew");
}

TEST_P(PostgresCommit, OperationsAndLeasesAreWritten) {
  const std::string id(32, 'a');
  CutNextCommit();
  OperationRecord operation;
  operation.operation_id = id;
  operation.create_time = operation.update_time = operation.owner_until = Time();
  ASSERT_OK_AND_ASSIGN(operation, proxied().PutOperation(operation, kNoDeadline));
  ExpectCut();
  CutNextCommit();
  operation.done = 5;
  ASSERT_OK_AND_ASSIGN(const auto put, proxied().PutOperation(operation, kNoDeadline));
  ExpectCut();
  EXPECT_EQ(put.change, operation.change + 1);
  CutNextCommit();
  ASSERT_OK(
      proxied().PutLease({id, "acme", 7, 1, true, "app", Time(), Time(), 10, 0}, kNoDeadline));
  ExpectCut();
  ASSERT_OK_AND_ASSIGN(const auto lease, straight().GetLease("acme", id, kNoDeadline));
  EXPECT_EQ(lease.most_messages, 10u);
}

TEST_P(PostgresCommit, TokensArePutUsedAndErasedOnce) {
  const TokenDomain domain{"acme", 7};
  TokenRecord often;
  often.token = "often";
  often.lookup = "value";
  often.convergent = true;
  often.sealed = "sealed";
  TokenRecord once = often;
  once.token = "once";
  once.convergent = false;
  once.single_use = true;
  once.sealed = "sealed, too";
  CutNextCommit();
  ASSERT_OK_AND_ASSIGN(const auto put, proxied().tokens().PutTokens(
                                           domain, std::vector{often, once}, Time(), kNoDeadline));
  ExpectCut();
  for (const PutOutcome& outcome : put) EXPECT_EQ(outcome.result, PutResult::kStored);
  EXPECT_EQ(Superuser("SELECT count(*) FROM fieldkms_store.tokens"), "2");

  // Where the commit happened, nobody knows whose it was: the value is lost, not given twice.
  const std::vector<std::string_view> names = {"once", "often"};
  CutNextCommit();
  ASSERT_OK_AND_ASSIGN(const auto used,
                       proxied().tokens().UseTokens(domain, names, Time(), kNoDeadline));
  ExpectCut();
  EXPECT_EQ(used[0].has_value(), GetParam() == Cut::kBeforeCommit);
  EXPECT_EQ(Superuser("SELECT token FROM fieldkms_store.tokens"), "\\x6f6674656e");

  CutNextCommit();
  ASSERT_OK_AND_ASSIGN(const auto erased,
                       proxied().tokens().EraseTokens(domain, names, {}, kNoDeadline));
  ExpectCut();
  EXPECT_THAT(erased, ::testing::ElementsAre(EraseResult::kNotThere, EraseResult::kErased));
  EXPECT_EQ(Superuser("SELECT count(*) FROM fieldkms_store.tokens"), "0");
}

TEST_P(PostgresCommit, SubjectsAreMadeHeldAndErasedOnce) {
  SubjectUse use;
  use.fresh.subject = "ann";
  use.fresh.handle = std::string(kSubjectHandleSize, 'h');
  use.fresh.secret = std::string(kSubjectSecretSize, 's');
  use.field_id = 7;
  SubjectStore& subjects = proxied().subjects();
  CutNextCommit();
  ASSERT_OK_AND_ASSIGN(const auto made,
                       subjects.EnsureSubjects("acme", std::vector{use}, kNoDeadline));
  ExpectCut();
  EXPECT_EQ(made.at(0).secret, use.fresh.secret);
  const TokenDomain domain{"acme", 7};
  TokenRecord token;
  token.token = "t";
  token.lookup = "value";
  token.sealed = "sealed";
  token.subject = use.fresh.handle;
  std::vector<TokenRecord> tokens = {token, token};
  tokens[1].token = "u";
  tokens[1].sealed = "sealed, too";
  ASSERT_OK(proxied().tokens().PutTokens(domain, tokens, Time(), kNoDeadline));
  CutNextCommit();
  ASSERT_OK(subjects.SetHold("acme", "ann", LegalHold{"court", Time()}, kNoDeadline));
  ExpectCut();
  ASSERT_OK(subjects.SetHold("acme", "ann", std::nullopt, kNoDeadline));

  CutNextCommit();
  ASSERT_OK_AND_ASSIGN(const auto erased,
                       subjects.EraseSubject("acme", "ann", use.fresh.handle, kNoDeadline));
  ExpectCut();
  EXPECT_EQ(erased.tokens, 2u);
  EXPECT_THAT(erased.field_ids, ::testing::ElementsAre(7));
  EXPECT_EQ(Superuser("SELECT count(*) FROM fieldkms_store.subjects"), "0");

  const std::vector<std::string_view> handles = {use.fresh.handle};
  ASSERT_OK(subjects.EnsureSubjects("acme", std::vector{use}, kNoDeadline));
  CutNextCommit();
  ASSERT_OK_AND_ASSIGN(const uint64_t again, subjects.EraseAgain("acme", handles, kNoDeadline));
  ExpectCut();
  EXPECT_EQ(again, 1u);
  CutNextCommit();
  ASSERT_OK(subjects.MarkErased({}, 3, kNoDeadline));
  ExpectCut();
  ASSERT_OK_AND_ASSIGN(const uint64_t mark, subjects.ErasedUpTo({}, kNoDeadline));
  EXPECT_EQ(mark, 3u);
}

TEST_P(PostgresCommit, TokensOfAValueAreCountedOnce) {
  const TokenDomain domain{"acme", 7};
  TokenRecord token;
  token.token = "t";
  token.lookup = "value";
  token.sealed = "sealed";
  proxied();
  ASSERT_OK(proxied().tokens().PutTokens(domain, std::vector{token}, Time(), kNoDeadline));
  const std::vector<std::string_view> lookups = {"value"};
  CutNextCommit();
  ASSERT_OK_AND_ASSIGN(const auto erased,
                       proxied().tokens().EraseTokensByLookup(domain, lookups, {}, kNoDeadline));
  ExpectCut();
  EXPECT_EQ(erased.at(0).erased, 1u);
  ASSERT_OK(proxied().tokens().PutTokens(domain, std::vector{token}, Time(), kNoDeadline));
  CutNextCommit();
  ASSERT_OK_AND_ASSIGN(const uint64_t field, proxied().tokens().EraseField(domain, 9, kNoDeadline));
  ExpectCut();
  EXPECT_EQ(field, 1u);
}

// The watchdog ends what waits for an answer that does not come.
TEST_F(PostgresFault, CommitThatIsNeverAnsweredEndsWithTheDeadline) {
  const Mutation mutation = Fresh();
  proxied();
  proxy().CutNextCommit(Cut::kHold);
  EXPECT_THAT(
      proxied().CreateKey(Key("k", 7), Version(1), mutation, In(std::chrono::milliseconds(300))),
      StatusIs(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable));
  EXPECT_EQ(proxy().cuts(), 1);
  // The server rolls back what it got no COMMIT for, and lets go of the lock.
  ASSERT_OK_AND_ASSIGN(const auto again,
                       proxied().CreateKey(Key("k", 7), Version(1), mutation, kNoDeadline));
  EXPECT_FALSE(again.replayed);
}

}  // namespace
}  // namespace fieldkms::testing
