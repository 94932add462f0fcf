// Values of data subjects, and SubjectService: what is erased opens no more, anywhere.
#include <gmock/gmock.h>

#include "crypto/envelope.h"
#include "crypto/hex.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/service/field_fixture.h"

namespace fieldkms {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using Stub = v1::FieldService::Stub;
using SubjectStub = v1::SubjectService::Stub;

class SubjectServiceTest : public FieldFixture {
 protected:
  template <class Request, class Response>
  std::string Ask(grpc::Status (SubjectStub::*method)(grpc::ClientContext*, const Request&,
                                                      Response*),
                  Request request, Response* response) {
    grpc::ClientContext client;
    request.set_tenant("acme");
    const grpc::Status status = (*server_->subject_service.*method)(&client, request, response);
    message_ = status.error_message();
    return status.ok() ? "OK" : ReasonIn(status);
  }
  std::string ProtectFor(const std::string& subject, const std::string& field,
                         const std::string& value, v1::ProtectedValue* made) {
    v1::ProtectRequest request;
    v1::ProtectResponse response;
    request.set_field(field);
    request.set_value(value);
    request.set_subject(subject);
    request.add_context()->set_name("pk");
    request.mutable_context(0)->set_value("1");
    std::string reason = Call(&Stub::Protect, std::move(request), &response);
    *made = response.protected_value();
    return reason;
  }
  std::string Hold(const std::string& subject, const std::string& reason) {
    v1::SetLegalHoldRequest request;
    v1::SetLegalHoldResponse response;
    request.set_subject(subject);
    request.set_reason(reason);
    return Ask(&SubjectStub::SetLegalHold, std::move(request), &response);
  }
  std::string EraseSubject(const std::string& subject, v1::EraseSubjectResponse* response) {
    v1::EraseSubjectRequest request;
    request.set_subject(subject);
    return Ask(&SubjectStub::EraseSubject, std::move(request), response);
  }
  std::string EraseSubject(const std::string& subject) {
    v1::EraseSubjectResponse response;
    return EraseSubject(subject, &response);
  }
  v1::Subject Get(const std::string& subject) {
    v1::GetSubjectRequest request;
    v1::GetSubjectResponse response;
    request.set_subject(subject);
    EXPECT_EQ(Ask(&SubjectStub::GetSubject, std::move(request), &response), "OK");
    return response.subject();
  }
};

TEST_F(SubjectServiceTest, WhatIsErasedOpensNoMore) {
  v1::CreateFieldRequest cards = CardField();
  cards.mutable_token()->set_key("token");
  ASSERT_EQ(Create(cards), "OK");
  ASSERT_EQ(Create(TokenField()), "OK");
  v1::ProtectedValue alice, bob, nobody;
  ASSERT_EQ(ProtectFor("customer-1", "cards", kVisa, &alice), "OK");
  ASSERT_EQ(ProtectFor("customer-2", "cards", kMastercard, &bob), "OK");
  ASSERT_EQ(Protect("cards", kVisa, &nobody), "OK");
  EXPECT_EQ(alice.ciphertext().size(), sizeof kVisa - 1 + 69);
  EXPECT_EQ(nobody.ciphertext().size(), sizeof kVisa - 1 + 53);
  EXPECT_EQ(alice.blind_index(), nobody.blind_index());  // one finds both
  v1::TokenSettings settings;
  settings.set_subject("customer-1");
  const std::string token = Tokenize("tokens", kVisa, settings);
  EXPECT_EQ(Revealed("cards", alice.ciphertext()), kVisa);
  EXPECT_EQ(Detokenized("tokens", token), kVisa);
  EXPECT_THAT(Get("customer-1").fields(), ElementsAre("cards", "tokens"));

  v1::EraseSubjectResponse erased;
  ASSERT_EQ(EraseSubject("customer-1", &erased), "OK");
  EXPECT_EQ(erased.erased_token_count(), 2u);
  EXPECT_THAT(erased.indexed_fields(), ElementsAre("cards"));
  EXPECT_THAT(erased.subject().fields(), ElementsAre("cards", "tokens"));
  EXPECT_GT(erased.effective_at_latest().seconds(), erased.erase_time().seconds());
  EXPECT_EQ(server_->audit.Lines().back().method, "SubjectService.EraseSubject");
  EXPECT_EQ(server_->audit.Lines().back().subject, erased.subject().handle());

  EXPECT_EQ(Revealed("cards", alice.ciphertext()), "DECRYPT_FAILED");
  EXPECT_EQ(server_->audit.Lines().back().reason, "SUBJECT_ERASED");
  EXPECT_EQ(Detokenized("tokens", token), "TOKEN_NOT_FOUND");
  EXPECT_EQ(Detokenized("cards", alice.token().token()), "TOKEN_NOT_FOUND");
  EXPECT_EQ(Revealed("cards", bob.ciphertext()), kMastercard);
  EXPECT_EQ(Revealed("cards", nobody.ciphertext()), kVisa);
  EXPECT_EQ(EraseSubject("customer-1"), "SUBJECT_NOT_FOUND");
  server_->Restart();
  EXPECT_EQ(Revealed("cards", alice.ciphertext()), "DECRYPT_FAILED");
  EXPECT_EQ(Revealed("cards", bob.ciphertext()), kMastercard);
}

TEST_F(SubjectServiceTest, WhoComesBackIsAnother) {
  ASSERT_EQ(Create(CardField()), "OK");
  v1::ProtectedValue before, after;
  ASSERT_EQ(ProtectFor("c", "cards", kVisa, &before), "OK");
  const std::string handle = Get("c").handle();
  ASSERT_EQ(EraseSubject("c"), "OK");
  ASSERT_EQ(ProtectFor("c", "cards", kVisa, &after), "OK");
  EXPECT_NE(Get("c").handle(), handle);
  EXPECT_EQ(Revealed("cards", before.ciphertext()), "DECRYPT_FAILED");
  EXPECT_EQ(Revealed("cards", after.ciphertext()), kVisa);
}

TEST_F(SubjectServiceTest, AHoldKeepsASubjectAndItsTokens) {
  ASSERT_EQ(Create(TokenField()), "OK");
  v1::TokenSettings settings;
  settings.set_subject("c");
  const std::string token = Tokenize("tokens", kVisa, settings);
  ASSERT_EQ(Hold("c", "case 17"), "OK");
  EXPECT_EQ(Get("c").hold().reason(), "case 17");
  EXPECT_EQ(EraseSubject("c"), "LEGAL_HOLD");
  const AuditedLine refused = server_->audit.Lines().back();
  EXPECT_EQ(refused.method, "SubjectService.EraseSubject");
  EXPECT_EQ(refused.subject, Get("c").handle());
  v1::EraseRequest erase;
  v1::EraseResponse erased;
  erase.set_field("tokens");
  erase.set_token(token);
  EXPECT_EQ(Call(&Stub::Erase, erase, &erased), "LEGAL_HOLD");
  EXPECT_THAT(message_, Not(HasSubstr("case 17")));
  erase.set_value(kVisa);
  EXPECT_EQ(Call(&Stub::Erase, erase, &erased), "LEGAL_HOLD");
  EXPECT_EQ(Detokenized("tokens", token), kVisa);
  ASSERT_EQ(Hold("c", ""), "OK");
  EXPECT_FALSE(Get("c").has_hold());
  ASSERT_EQ(EraseSubject("c"), "OK");
  EXPECT_EQ(Detokenized("tokens", token), "TOKEN_NOT_FOUND");
  EXPECT_EQ(Hold("none", "x"), "SUBJECT_NOT_FOUND");
  EXPECT_EQ(Hold("c", std::string(1'025, 'x')), "INVALID_FIELD");
}

TEST_F(SubjectServiceTest, ItsTokensAreListed) {
  ASSERT_EQ(Create(TokenField("one")), "OK");
  ASSERT_EQ(Create(TokenField("two")), "OK");
  v1::TokenSettings settings;
  settings.set_subject("c");
  (*settings.mutable_metadata())["order"] = "7";
  std::set<std::string> made, listed;
  for (int i = 0; i < 5; ++i) made.insert(Tokenize(i < 2 ? "one" : "two", kVisa, settings));
  settings.set_subject("other");
  Tokenize("one", kVisa, settings);
  v1::ListSubjectTokensRequest request;
  request.set_subject("c");
  request.set_page_size(2);
  std::map<std::string, int> fields;
  int pages = 0;
  do {
    v1::ListSubjectTokensResponse page;
    ASSERT_EQ(Ask(&SubjectStub::ListSubjectTokens, request, &page), "OK");
    for (const v1::SubjectToken& token : page.tokens()) {
      listed.insert(token.token());
      ++fields[token.field()];
      EXPECT_EQ(token.metadata().at("order"), "7");
    }
    request.set_page_token(page.next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(listed, made);
  EXPECT_EQ(fields["one"], 2);
  EXPECT_EQ(fields["two"], 3);
  EXPECT_EQ(pages, 3);
  request.set_page_token("2.cnViYmlzaA");
  v1::ListSubjectTokensResponse page;
  EXPECT_EQ(Ask(&SubjectStub::ListSubjectTokens, request, &page), "INVALID_FIELD");
  v1::ListSubjectsRequest all;
  v1::ListSubjectsResponse subjects;
  ASSERT_EQ(Ask(&SubjectStub::ListSubjects, all, &subjects), "OK");
  ASSERT_THAT(subjects.subjects(), SizeIs(2));
  EXPECT_EQ(subjects.subjects(0).subject(), "c");
}

TEST_F(SubjectServiceTest, ASingleUseTokenOfASubjectIsReadOnce) {
  v1::CreateFieldRequest request = TokenField();
  request.mutable_token()->set_single_use(true);
  ASSERT_EQ(Create(request), "OK");
  v1::TokenSettings settings;
  settings.set_subject("c");
  const std::string one = Tokenize("tokens", kVisa, settings);
  const std::string two = Tokenize("tokens", kVisa, settings);
  server_->Restart();
  EXPECT_EQ(Detokenized("tokens", one), kVisa);
  EXPECT_EQ(Detokenized("tokens", one), "TOKEN_NOT_FOUND");
  ASSERT_EQ(EraseSubject("c"), "OK");
  EXPECT_EQ(Detokenized("tokens", two), "TOKEN_NOT_FOUND");
}

TEST_F(SubjectServiceTest, BatchesOfManySubjects) {
  ASSERT_EQ(Create(CardField()), "OK");
  v1::BatchProtectRequest protect;
  v1::BatchProtectResponse made;
  protect.set_field("cards");
  for (int i = 0; i < 600; ++i) {
    auto* const item = protect.add_items();
    item->set_value(kVisa);
    if (i % 3 != 0) item->set_subject("customer-" + std::to_string(i % 200));
  }
  protect.mutable_items(5)->set_value("4111");
  protect.mutable_items(7)->set_subject(std::string(257, 'x'));
  ASSERT_EQ(Call(&Stub::BatchProtect, protect, &made), "OK");
  EXPECT_EQ(made.failed_count(), 2u);
  ASSERT_EQ(EraseSubject("customer-1"), "OK");
  v1::BatchRevealRequest reveal;
  v1::BatchRevealResponse values;
  reveal.set_field("cards");
  for (const auto& result : made.results()) {
    reveal.add_items()->set_ciphertext(result.protected_value().ciphertext());
  }
  ASSERT_EQ(Call(&Stub::BatchReveal, reveal, &values), "OK");
  for (int i = 0; i < 600; ++i) {
    const bool lost = i == 5 || i == 7 || (i % 200 == 1 && i % 3 != 0);
    EXPECT_EQ(values.results(i).has_error(), lost) << i;
  }
}

// A rotation job rewraps with the entry of the field, and the subject stays what it is.
TEST_F(SubjectServiceTest, RewrappingKeepsTheSubject) {
  v1::Field field;
  ASSERT_EQ(Create(CardField(), &field), "OK");
  v1::ProtectedValue made;
  ASSERT_EQ(ProtectFor("c", "cards", kVisa, &made), "OK");
  ASSERT_TRUE(server_->keyring->admin().RotateKey("acme", "card", 0, NextId(), kNoDeadline).ok());
  v1::RewrapRequest request;
  v1::RewrapResponse rewrapped;
  request.set_tenant("acme");
  request.set_ciphertext(made.ciphertext());
  std::string id(8, '\0');
  ASSERT_TRUE(DecodeHex(field.field_id(), AsMutableBytes(id)));
  request.add_context()->set_name("f");
  request.mutable_context(0)->set_value(id);
  request.add_context()->set_name("pk");
  request.mutable_context(1)->set_value("1");
  grpc::ClientContext client;
  ASSERT_TRUE(server_->crypto->Rewrap(&client, request, &rewrapped).ok());
  EXPECT_EQ(rewrapped.key_version(), 2u);
  ASSERT_OK_AND_ASSIGN(const EnvelopeView before, ParseEnvelope(AsBytes(made.ciphertext())));
  ASSERT_OK_AND_ASSIGN(const EnvelopeView after, ParseEnvelope(AsBytes(rewrapped.ciphertext())));
  EXPECT_EQ(AsText(before.subject), AsText(after.subject));
  EXPECT_EQ(Revealed("cards", rewrapped.ciphertext()), kVisa);
  ASSERT_EQ(EraseSubject("c"), "OK");
  EXPECT_EQ(Revealed("cards", rewrapped.ciphertext()), "DECRYPT_FAILED");
  EXPECT_EQ(Revealed("cards", made.ciphertext()), "DECRYPT_FAILED");
}

TEST_F(SubjectServiceTest, WhatCannotBeErasedIsRefused) {
  v1::CreateFieldRequest fpe = CardField();
  fpe.mutable_fpe()->set_key("fpe");
  ASSERT_EQ(Create(fpe), "OK");
  v1::ProtectedValue made;
  EXPECT_EQ(ProtectFor("c", "cards", kVisa, &made), "FIELD_POLICY");
  EXPECT_EQ(Protect("cards", kVisa, &made), "OK");
  v1::CreateFieldRequest cvv;
  cvv.set_name("cvv");
  cvv.set_format(v1::FIELD_FORMAT_CVV);
  cvv.mutable_token();
  ASSERT_EQ(Create(cvv), "OK");
  v1::TokenSettings settings;
  settings.set_subject("c");
  EXPECT_EQ(Tokenize("cvv", "123", settings), "INVALID_FIELD");
}

TEST_F(SubjectServiceTest, DocumentsOfSubjectsAreErasedByMember) {
  v1::CreateFieldRequest request;
  request.set_name("doc");
  request.set_format(v1::FIELD_FORMAT_JSON);
  request.set_key("note");
  request.add_json_pointers("/a");
  ASSERT_EQ(Create(request), "OK");
  v1::ProtectedValue made;
  ASSERT_EQ(ProtectFor("c", "doc", R"({"a":1,"b":2})", &made), "OK");
  v1::RevealRequest reveal;
  v1::RevealResponse revealed;
  reveal.set_field("doc");
  reveal.set_document(made.document());
  reveal.add_context()->set_name("pk");
  reveal.mutable_context(0)->set_value("1");
  ASSERT_EQ(Call(&Stub::Reveal, reveal, &revealed), "OK");
  EXPECT_EQ(revealed.value(), R"({"a":1,"b":2})");
  ASSERT_EQ(EraseSubject("c"), "OK");
  EXPECT_EQ(Call(&Stub::Reveal, reveal, &revealed), "DECRYPT_FAILED");
}

TEST_F(SubjectServiceTest, RightsAreOnTheTenant) {
  StartAs(WithRoles({{"r",
                      {{{Action::kFieldCreate, Action::kFieldProtect}, {"acme"}, {}, {"*"}},
                       {{Action::kSubjectRead}, {"acme"}, {}}}}}));
  ASSERT_EQ(Create(CardField()), "OK");
  v1::ProtectedValue made;
  ASSERT_EQ(ProtectFor("c", "cards", kVisa, &made), "OK");
  EXPECT_EQ(Get("c").subject(), "c");
  EXPECT_EQ(EraseSubject("c"), "PERMISSION_DENIED");
  EXPECT_EQ(Hold("c", "x"), "PERMISSION_DENIED");
}

}  // namespace
}  // namespace fieldkms
