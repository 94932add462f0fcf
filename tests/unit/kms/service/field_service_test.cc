// Protect, Reveal, Mask, BlindIndex and Validate, alone and in batches.
#include <gmock/gmock.h>

#include "crypto/envelope.h"
#include "crypto/hex.h"
#include "tests/unit/kms/service/field_fixture.h"

namespace fieldkms {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Stub = v1::FieldService::Stub;

class FieldServiceTest : public FieldFixture {
 protected:
  std::string Index(const std::string& field, const std::string& value,
                    v1::BlindIndexValue* indexes) {
    v1::BlindIndexRequest request;
    v1::BlindIndexResponse response;
    request.set_field(field);
    request.set_value(value);
    const std::string reason = Call(&Stub::BlindIndex, std::move(request), &response);
    *indexes = response.indexes();
    return reason;
  }
  v1::Verdict Validate(const std::string& field, const std::string& value) {
    v1::ValidateRequest request;
    v1::ValidateResponse response;
    request.set_field(field);
    request.set_value(value);
    EXPECT_EQ(Call(&Stub::Validate, std::move(request), &response), "OK");
    return response.verdict();
  }
  std::string Mask(const std::string& field, const std::string& value) {
    v1::MaskRequest request;
    v1::MaskResponse response;
    request.set_field(field);
    request.set_value(value);
    const std::string reason = Call(&Stub::Mask, std::move(request), &response);
    return reason == "OK" ? response.mask() : reason;
  }
};

TEST_F(FieldServiceTest, ProtectMakesAllThatThePolicySays) {
  ASSERT_EQ(Create(CardField()), "OK");
  v1::ProtectedValue made;
  ASSERT_EQ(Protect("cards", "4111 1111-1111 1111", &made), "OK");
  EXPECT_EQ(made.ciphertext().size(), 19 + 53u);
  EXPECT_EQ(made.key_version(), 1u);
  EXPECT_EQ(made.mask(), "************1111");
  EXPECT_EQ(made.blind_index().size(), 18u);
  EXPECT_FALSE(made.has_fpe());
  EXPECT_EQ(made.document(), "");

  v1::RevealResponse revealed;
  ASSERT_EQ(Reveal("cards", made.ciphertext(), &revealed), "OK");
  EXPECT_EQ(revealed.value(), "4111 1111-1111 1111");  // as it was spelled
  EXPECT_EQ(revealed.view(), v1::VIEW_FULL);
  EXPECT_EQ(revealed.key_version(), 1u);
  const AuditedLine line = server_->audit.Lines().back();
  EXPECT_EQ(line.method, "FieldService.Reveal");
  EXPECT_THAT(line.fields, ElementsAre("cards"));
  EXPECT_EQ(line.shown, "full");
}

TEST_F(FieldServiceTest, SpellingsOfOneValueHaveOneIndex) {
  ASSERT_EQ(Create(CardField()), "OK");
  v1::ProtectedValue one, other, third;
  ASSERT_EQ(Protect("cards", kVisa, &one), "OK");
  ASSERT_EQ(Protect("cards", "4111-1111-1111-1111", &other), "OK");
  ASSERT_EQ(Protect("cards", kMastercard, &third), "OK");
  EXPECT_EQ(one.blind_index(), other.blind_index());
  EXPECT_NE(one.blind_index(), third.blind_index());
  EXPECT_NE(one.ciphertext(), other.ciphertext());
  v1::BlindIndexValue indexes;
  ASSERT_EQ(Index("cards", "4111 1111 1111 1111", &indexes), "OK");
  EXPECT_EQ(indexes.index(), one.blind_index());
  EXPECT_THAT(indexes.older(), IsEmpty());
}

TEST_F(FieldServiceTest, WhatIsProtectedOpensInItsPlaceAndFieldOnly) {
  ASSERT_EQ(Create(CardField("cards")), "OK");
  ASSERT_EQ(Create(CardField("others")), "OK");  // under the same keys
  v1::ProtectedValue made, other;
  ASSERT_EQ(Protect("cards", kVisa, &made), "OK");
  ASSERT_EQ(Protect("others", kVisa, &other), "OK");
  EXPECT_NE(made.blind_index(), other.blind_index());
  EXPECT_EQ(Revealed("cards", made.ciphertext()), kVisa);
  EXPECT_EQ(Revealed("cards", made.ciphertext(), v1::VIEW_UNSPECIFIED, "2"), "DECRYPT_FAILED");
  EXPECT_EQ(Revealed("others", made.ciphertext()), "DECRYPT_FAILED");
  EXPECT_EQ(Revealed("cards", "rubbish"), "DECRYPT_FAILED");
  EXPECT_EQ(Revealed("cards", ""), "DECRYPT_FAILED");
  // What the crypto service seals without the entry of the field is no value of a field.
  v1::EncryptResponse sealed;
  ASSERT_TRUE(server_->Encrypt(server_->EncryptRequest("card"), &sealed).ok());
  EXPECT_EQ(Revealed("cards", sealed.ciphertext()), "DECRYPT_FAILED");
  ASSERT_TRUE(server_->Encrypt(server_->EncryptRequest("note"), &sealed).ok());
  EXPECT_EQ(Revealed("cards", sealed.ciphertext()), "DECRYPT_FAILED");
  EXPECT_EQ(server_->audit.Lines().back().reason, "OTHER_KEY");
}

TEST_F(FieldServiceTest, TheCryptoServiceOpensItForWhoGivesTheFieldsEntry) {
  v1::Field field;
  ASSERT_EQ(Create(CardField(), &field), "OK");
  v1::ProtectedValue made;
  ASSERT_EQ(Protect("cards", kVisa, &made), "OK");
  v1::DecryptRequest request;
  request.set_tenant("acme");
  request.set_ciphertext(made.ciphertext());
  auto* entry = request.add_context();
  entry->set_name("pk");
  entry->set_value("1");
  entry = request.add_context();
  entry->set_name("f");
  std::string id(8, '\0');
  ASSERT_TRUE(DecodeHex(field.field_id(), AsMutableBytes(id)));
  entry->set_value(id);
  grpc::ClientContext client;
  v1::DecryptResponse response;
  ASSERT_TRUE(server_->crypto->Decrypt(&client, request, &response).ok());
  EXPECT_EQ(response.plaintext(), kVisa);
}

TEST_F(FieldServiceTest, CallersDoNotGiveTheServicesEntries) {
  ASSERT_EQ(Create(CardField()), "OK");
  for (const char* const name : {"f", "jp"}) {
    v1::ProtectRequest request;
    v1::ProtectResponse response;
    request.set_field("cards");
    request.set_value(kVisa);
    request.add_context()->set_name(name);
    EXPECT_EQ(Call(&Stub::Protect, request, &response), "INVALID_FIELD");
  }
}

TEST_F(FieldServiceTest, ErrorsNameFieldAndRuleAndNoDigit) {
  ASSERT_EQ(Create(CardField()), "OK");
  EXPECT_EQ(Protect("cards", "4111111111111112"), "VALUE_INVALID");
  EXPECT_THAT(message_, HasSubstr("cards breaks pan.check_digit"));
  EXPECT_THAT(message_, Not(HasSubstr("4111")));
  EXPECT_EQ(Protect("cards", ""), "VALUE_INVALID");
  EXPECT_THAT(message_, HasSubstr("field.empty"));
  EXPECT_EQ(Protect("cards", std::string("4111\0", 5)), "VALUE_INVALID");
  EXPECT_EQ(Protect("cards", "\xff\xfe"), "VALUE_INVALID");
  EXPECT_THAT(message_, HasSubstr("field.utf8"));
  EXPECT_EQ(Protect("cards", std::string(1u << 20, '4')), "VALUE_INVALID");
  EXPECT_EQ(Mask("cards", "4111111111111112"), "VALUE_INVALID");
  const v1::Verdict verdict = Validate("cards", "4111111111111112");
  EXPECT_FALSE(verdict.valid());
  EXPECT_EQ(verdict.rule(), "pan.check_digit");
  EXPECT_THAT(verdict.source(), HasSubstr("7812"));
  EXPECT_TRUE(Validate("cards", kVisa).valid());
}

TEST_F(FieldServiceTest, ACvvIsNeverKept) {
  v1::CreateFieldRequest request;
  request.set_name("cvv");
  request.set_format(v1::FIELD_FORMAT_CVV);
  EXPECT_EQ(Create(request), "OK");
  request.set_name("cvv2");
  request.set_key("card");
  EXPECT_EQ(Create(request), "INVALID_FIELD");
  EXPECT_THAT(message_, HasSubstr("never kept"));
  request.clear_key();
  request.mutable_blind_index()->set_key("index");
  EXPECT_EQ(Create(request), "INVALID_FIELD");
  EXPECT_EQ(Protect("cvv", "123"), "FIELD_POLICY");
  EXPECT_EQ(Mask("cvv", "123"), "***");
  EXPECT_TRUE(Validate("cvv", "123").valid());
}

TEST_F(FieldServiceTest, ViewsAreBoundedByRights) {
  const std::vector<Action> all = {Action::kFieldCreate, Action::kFieldProtect,
                                   Action::kFieldReveal};
  for (const auto& [level, sees] :
       {std::pair(MaskLevel::kMasked, "************1111"),
        std::pair(MaskLevel::kBinLast4, "41111111****1111"), std::pair(MaskLevel::kFull, kVisa)}) {
    StartAs(WithRoles({{"r", {{all, {"acme"}, {}, {"card*"}, level}}}}));
    ASSERT_EQ(Create(CardField()), "OK");
    v1::ProtectedValue made;
    ASSERT_EQ(Protect("cards", kVisa, &made), "OK");
    v1::RevealResponse revealed;
    ASSERT_EQ(Reveal("cards", made.ciphertext(), &revealed), "OK");
    EXPECT_EQ(revealed.value(), sees);
    EXPECT_EQ(revealed.view(), static_cast<v1::View>(level));
    EXPECT_EQ(Revealed("cards", made.ciphertext(), v1::VIEW_MASKED), "************1111");
    if (level != MaskLevel::kFull) {
      EXPECT_EQ(Revealed("cards", made.ciphertext(), v1::VIEW_FULL), "PERMISSION_DENIED");
    }
  }
}

TEST_F(FieldServiceTest, RolesHaveMasksOfTheirOwn) {
  StartAs(WithRoles(
      {{"support",
        {{{Action::kFieldCreate, Action::kFieldProtect, Action::kFieldReveal, Action::kFieldMask},
          {"acme"},
          {},
          {"*"},
          MaskLevel::kMasked}}}}));
  v1::CreateFieldRequest request = CardField();
  request.mutable_mask()->set_keep_last(2);
  v1::RoleMask* mask = request.add_role_masks();
  mask->set_role("auditor");
  mask->mutable_mask()->set_keep_last(1);
  mask = request.add_role_masks();
  mask->set_role("support");
  mask->mutable_mask()->set_keep_first(8);
  mask->mutable_mask()->set_keep_last(4);
  ASSERT_EQ(Create(request), "OK");
  v1::ProtectedValue made;
  ASSERT_EQ(Protect("cards", kVisa, &made), "OK");
  EXPECT_EQ(made.mask(), "**************11");
  EXPECT_EQ(Revealed("cards", made.ciphertext()), "41111111****1111");
  EXPECT_EQ(Mask("cards", kVisa), "41111111****1111");
}

TEST_F(FieldServiceTest, RightsAreThoseOnTheField) {
  StartAs(WithRoles({{"r",
                      {{{Action::kFieldCreate}, {"acme"}, {}, {"*"}, MaskLevel::kMasked},
                       {{Action::kFieldProtect}, {"acme"}, {}, {"cards"}, MaskLevel::kFull}}}}));
  ASSERT_EQ(Create(CardField()), "OK");
  ASSERT_EQ(Create(CardField("others")), "OK");
  v1::ProtectedValue made;
  EXPECT_EQ(Protect("cards", kVisa, &made), "OK");  // and none on keys
  EXPECT_EQ(Protect("others", kVisa), "PERMISSION_DENIED");
  EXPECT_EQ(Protect("nothing", kVisa), "PERMISSION_DENIED");
  EXPECT_EQ(Revealed("cards", made.ciphertext()), "PERMISSION_DENIED");
  v1::BlindIndexValue indexes;
  EXPECT_EQ(Index("cards", kVisa, &indexes), "PERMISSION_DENIED");
}

TEST_F(FieldServiceTest, AFieldThatIsNotThereIsNotFound) {
  EXPECT_EQ(Protect("nothing", kVisa), "FIELD_NOT_FOUND");
  EXPECT_EQ(Protect("-", kVisa), "INVALID_FIELD");
}

TEST_F(FieldServiceTest, OlderIndexesAreSearchedUntilTheirVersionIsRetired) {
  ASSERT_EQ(Create(CardField()), "OK");
  v1::ProtectedValue first, second;
  ASSERT_EQ(Protect("cards", kVisa, &first), "OK");
  KeyAdmin& admin = server_->keyring->admin();
  ASSERT_TRUE(admin.RotateKey("acme", "index", 0, NextId(), kNoDeadline).ok());
  ASSERT_EQ(Protect("cards", kVisa, &second), "OK");
  EXPECT_NE(first.blind_index(), second.blind_index());
  v1::BlindIndexValue indexes;
  ASSERT_EQ(Index("cards", kVisa, &indexes), "OK");
  EXPECT_EQ(indexes.index(), second.blind_index());
  EXPECT_THAT(indexes.older(), ElementsAre(first.blind_index()));
  ASSERT_TRUE(admin.DisableVersion({"acme", "index"}, 1, NextId(), kNoDeadline).ok());
  ASSERT_EQ(Index("cards", kVisa, &indexes), "OK");
  EXPECT_THAT(indexes.older(), IsEmpty());
  ASSERT_TRUE(admin.EnableVersion({"acme", "index"}, 1, NextId(), kNoDeadline).ok());
  ASSERT_EQ(Index("cards", kVisa, &indexes), "OK");
  EXPECT_THAT(indexes.older(), ElementsAre(first.blind_index()));
  KeyPatch patch;
  patch.min_decrypt_version = 2;
  ASSERT_TRUE(admin.UpdateKey({"acme", "index"}, patch, NextId(), kNoDeadline).ok());
  ASSERT_EQ(Index("cards", kVisa, &indexes), "OK");
  EXPECT_THAT(indexes.older(), IsEmpty());
}

TEST_F(FieldServiceTest, FpeTextOfACardNumberIsNone) {
  v1::CreateFieldRequest request;
  request.set_name("last4");
  request.set_format(v1::FIELD_FORMAT_PAN);
  request.mutable_fpe()->set_key("fpe");
  request.mutable_fpe()->set_keep_first(6);
  request.mutable_fpe()->set_keep_last(4);
  ASSERT_EQ(Create(request), "OK");
  request.set_name("whole");
  request.mutable_fpe()->set_keep_first(0);
  request.mutable_fpe()->set_keep_last(0);
  ASSERT_EQ(Create(request), "OK");
  for (const char* const field : {"last4", "whole"}) {
    v1::ProtectedValue made;
    ASSERT_EQ(Protect(field, "4111 1111 1111 1111", &made), "OK");
    EXPECT_EQ(made.ciphertext(), "");
    EXPECT_EQ(made.fpe().key_version(), 1u);
    EXPECT_EQ(made.fpe().text().size(), 19u);
    EXPECT_FALSE(Validate("whole", made.fpe().text()).valid()) << made.fpe().text();
    v1::RevealRequest reveal;
    v1::RevealResponse revealed;
    reveal.set_field(field);
    *reveal.mutable_fpe() = made.fpe();
    ASSERT_EQ(Call(&Stub::Reveal, reveal, &revealed), "OK");
    EXPECT_EQ(revealed.value(), "4111 1111 1111 1111");
    reveal.mutable_fpe()->set_key_version(2);
    EXPECT_EQ(Call(&Stub::Reveal, reveal, &revealed), "DECRYPT_FAILED");
    reveal.mutable_fpe()->set_key_version(1);
    reveal.mutable_fpe()->set_text(kVisa);  // a card number where a text is expected
    EXPECT_EQ(Call(&Stub::Reveal, reveal, &revealed), "DECRYPT_FAILED");
    reveal.mutable_fpe()->set_text("");
    EXPECT_EQ(Call(&Stub::Reveal, reveal, &revealed), "DECRYPT_FAILED");
  }
  v1::ProtectedValue made;
  // Five digits of 15 would be encrypted: 100,000 texts.
  EXPECT_EQ(Protect("last4", "378282246310005", &made), "INVALID_FIELD");
}

TEST_F(FieldServiceTest, MembersOfADocumentAreProtectedOneByOne) {
  v1::CreateFieldRequest request;
  request.set_name("profile");
  request.set_format(v1::FIELD_FORMAT_JSON);
  request.set_key("note");
  EXPECT_EQ(Create(request), "INVALID_FIELD");
  request.add_json_pointers("/name");
  request.add_json_pointers("/cards/*/number");
  ASSERT_EQ(Create(request), "OK");
  const std::string document =
      R"({"id": 7, "name": "J\u00f6rg", "cards": [{"number": 4111, "kind": "x"}, {"number": null}]})";
  v1::ProtectedValue made;
  ASSERT_EQ(Protect("profile", document, &made), "OK");
  EXPECT_THAT(made.document(), HasSubstr(R"("id": 7)"));
  EXPECT_THAT(made.document(), HasSubstr(R"("name": "fk1.)"));
  EXPECT_THAT(made.document(), Not(HasSubstr("4111")));
  EXPECT_THAT(made.mask(), HasSubstr(R"("number": "***")"));
  EXPECT_THAT(made.mask(), Not(HasSubstr("4111")));

  v1::RevealRequest reveal;
  v1::RevealResponse revealed;
  reveal.set_field("profile");
  reveal.set_document(made.document());
  auto* const entry = reveal.add_context();
  entry->set_name("pk");
  entry->set_value("1");
  ASSERT_EQ(Call(&Stub::Reveal, reveal, &revealed), "OK");
  EXPECT_EQ(revealed.value(), document);
  reveal.set_view(v1::VIEW_MASKED);
  ASSERT_EQ(Call(&Stub::Reveal, reveal, &revealed), "OK");
  EXPECT_EQ(revealed.value(), made.mask());
  // A member does not open in the place of another.
  std::string moved = made.document();
  const size_t name = moved.find("fk1.");
  const size_t end = moved.find('"', name);
  const std::string envelope = moved.substr(name, end - name);
  const size_t number = moved.find("fk1.", end);
  moved.replace(number, moved.find('"', number) - number, envelope);
  reveal.set_document(moved);
  EXPECT_EQ(Call(&Stub::Reveal, reveal, &revealed), "DECRYPT_FAILED");
  EXPECT_EQ(Protect("profile", "{]"), "VALUE_INVALID");
}

TEST_F(FieldServiceTest, ABatchIsOfManyFieldsAndFailsItemByItem) {
  ASSERT_EQ(Create(CardField()), "OK");
  v1::CreateFieldRequest notes;
  notes.set_name("notes");
  notes.set_format(v1::FIELD_FORMAT_FREE_TEXT);
  notes.set_key("note");
  ASSERT_EQ(Create(notes), "OK");
  server_->Restart();  // nothing is loaded: the batch needs I/O in its middle

  v1::BatchProtectRequest request;
  v1::BatchProtectResponse response;
  request.set_field("cards");
  request.add_items()->set_value(kVisa);
  request.add_items()->set_value("4111111111111112");
  auto* item = request.add_items();
  item->set_field("notes");
  item->set_value("call back");
  item = request.add_items();
  item->set_field("nothing");
  item->set_value("x");
  request.add_items()->set_value(kMastercard);
  ASSERT_EQ(Call(&Stub::BatchProtect, request, &response), "OK");
  ASSERT_EQ(response.results_size(), 5);
  EXPECT_EQ(response.failed_count(), 2u);
  EXPECT_EQ(ReasonIn(response.results(1).error()), "VALUE_INVALID");
  EXPECT_EQ(ReasonIn(response.results(3).error()), "FIELD_NOT_FOUND");
  EXPECT_THAT(server_->audit.Lines().back().fields, ElementsAre("cards", "notes", "nothing"));

  v1::BatchRevealRequest reveal;
  v1::BatchRevealResponse revealed;
  reveal.set_field("cards");
  for (const int index : {0, 2, 4}) {
    auto* const source = reveal.add_items();
    source->set_ciphertext(response.results(index).protected_value().ciphertext());
    if (index == 2) source->set_field("notes");
  }
  ASSERT_EQ(Call(&Stub::BatchReveal, reveal, &revealed), "OK");
  EXPECT_EQ(revealed.failed_count(), 0u);
  EXPECT_EQ(revealed.results(0).value(), kVisa);
  EXPECT_EQ(revealed.results(1).value(), "call back");
  EXPECT_EQ(revealed.results(2).value(), kMastercard);
}

// Messages serve again: nothing of an answer may stand in one that has less.
TEST_F(FieldServiceTest, AnswersHaveNothingOfEarlierOnes) {
  ASSERT_EQ(Create(CardField()), "OK");
  v1::CreateFieldRequest notes;
  notes.set_name("notes");
  notes.set_format(v1::FIELD_FORMAT_FREE_TEXT);
  notes.set_key("note");
  ASSERT_EQ(Create(notes), "OK");
  for (int round = 0; round < 4; ++round) {
    v1::BatchProtectRequest request;
    v1::BatchProtectResponse response;
    request.set_field(round % 2 == 0 ? "cards" : "notes");
    for (int i = 0; i < 5; ++i) request.add_items()->set_value(kVisa);
    ASSERT_EQ(Call(&Stub::BatchProtect, request, &response), "OK");
    ASSERT_EQ(response.results_size(), 5);
    for (const auto& result : response.results()) {
      const v1::ProtectedValue& made = result.protected_value();
      EXPECT_EQ(made.ciphertext().size(), 16 + 53u);
      EXPECT_EQ(made.blind_index().size(), round % 2 == 0 ? 18u : 0u);
      EXPECT_EQ(made.mask(), round % 2 == 0 ? "************1111" : "***");
    }
  }
}

TEST_F(FieldServiceTest, ABatchCountsWhatIsNotLegal) {
  ASSERT_EQ(Create(CardField()), "OK");
  v1::BatchValidateRequest request;
  v1::BatchValidateResponse response;
  request.set_field("cards");
  request.add_items()->set_value(kVisa);
  request.add_items()->set_value("1");
  auto* const item = request.add_items();
  item->set_field("nothing");
  ASSERT_EQ(Call(&Stub::BatchValidate, request, &response), "OK");
  EXPECT_EQ(response.invalid_count(), 1u);
  EXPECT_EQ(response.failed_count(), 1u);
  EXPECT_TRUE(response.results(0).verdict().valid());
  EXPECT_FALSE(response.results(1).verdict().valid());
}

}  // namespace
}  // namespace fieldkms
