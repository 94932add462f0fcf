// CreateField, GetField, UpdateField, ListFields.
#include <gmock/gmock.h>

#include "tests/unit/kms/service/field_fixture.h"

namespace fieldkms {
namespace {

using ::testing::HasSubstr;
using Stub = v1::FieldService::Stub;

class FieldAdminServiceTest : public FieldFixture {
 protected:
  std::string Get(const std::string& name, v1::Field* field) {
    v1::GetFieldRequest request;
    v1::GetFieldResponse response;
    request.set_name(name);
    const std::string reason = Call(&Stub::GetField, std::move(request), &response);
    *field = response.field();
    return reason;
  }
};

TEST_F(FieldAdminServiceTest, AFieldIsAsItWasMade) {
  server_->SetAlias("pan", "card");
  v1::CreateFieldRequest request = CardField();
  request.set_key("pan");
  request.mutable_blind_index()->set_distinct_values(1'000'000);
  request.mutable_mask()->set_keep_last(4);
  request.mutable_mask()->set_fixed_length(6);
  v1::Field made, read;
  ASSERT_EQ(Create(request, &made), "OK");
  EXPECT_EQ(made.tenant(), "acme");
  EXPECT_EQ(made.name(), "cards");
  EXPECT_EQ(made.field_id().size(), 16u);
  EXPECT_EQ(made.format(), v1::FIELD_FORMAT_PAN);
  EXPECT_EQ(made.key(), "card");  // its own name: an alias may be pointed elsewhere
  EXPECT_EQ(made.blind_index().key(), "index");
  EXPECT_EQ(made.blind_index().distinct_values(), 1'000'000u);
  EXPECT_EQ(made.mask().keep_last(), 4u);
  EXPECT_EQ(made.mask().fill(), "*");
  EXPECT_NE(made.etag(), "");
  ASSERT_EQ(Get("cards", &read), "OK");
  EXPECT_EQ(read.SerializeAsString(), made.SerializeAsString());
  EXPECT_EQ(Get("nothing", &read), "FIELD_NOT_FOUND");
}

TEST_F(FieldAdminServiceTest, ARetryIsTheSameFieldAndAnotherIsRefused) {
  v1::CreateFieldRequest request = CardField();
  request.set_request_id("retry-0001");
  v1::Field first, second;
  ASSERT_EQ(Create(request, &first), "OK");
  ASSERT_EQ(Create(request, &second), "OK");
  EXPECT_EQ(first.field_id(), second.field_id());
  request.set_format(v1::FIELD_FORMAT_FREE_TEXT);
  EXPECT_EQ(Create(request), "REQUEST_ID_REUSED");
  EXPECT_EQ(Create(CardField()), "FIELD_EXISTS");
}

TEST_F(FieldAdminServiceTest, WhatMakesNoSenseIsRefusedByName) {
  v1::CreateFieldRequest request = CardField();
  request.clear_format();
  EXPECT_EQ(Create(request), "INVALID_FIELD");
  request = CardField();
  request.clear_key();
  EXPECT_EQ(Create(request), "INVALID_FIELD");
  request = CardField();
  request.set_key("nothing");
  EXPECT_EQ(Create(request), "KEY_NOT_FOUND");
  request.set_key("index");
  EXPECT_EQ(Create(request), "KEY_PURPOSE");
  EXPECT_THAT(message_, HasSubstr("ENCRYPT"));
  request = CardField();
  request.mutable_blind_index()->set_key("card");
  EXPECT_EQ(Create(request), "KEY_PURPOSE");
  request = CardField();
  request.mutable_blind_index()->set_distinct_values(31);
  EXPECT_EQ(Create(request), "INVALID_FIELD");
  request = CardField();
  request.mutable_blind_index()->set_bucket_bits(12);
  EXPECT_EQ(Create(request), "INVALID_FIELD");
  request = CardField();
  request.mutable_mask()->set_keep_first(9);  // more than a BIN
  EXPECT_EQ(Create(request), "INVALID_FIELD");
  request = CardField();
  request.add_json_pointers("/a");
  EXPECT_EQ(Create(request), "INVALID_FIELD");
  request = CardField();
  request.mutable_fpe()->set_key("fpe");
  request.mutable_fpe()->set_alphabet("abcdefghij");
  EXPECT_EQ(Create(request), "INVALID_FIELD");
}

TEST_F(FieldAdminServiceTest, ANewKeySealsAndTheFormerOpens) {
  ASSERT_EQ(Create(CardField()), "OK");
  v1::ProtectedValue before, after;
  ASSERT_EQ(Protect("cards", kVisa, &before), "OK");
  v1::UpdateFieldRequest update;
  update.set_name("cards");
  update.mutable_update_mask()->add_paths("key");
  update.set_key("note");
  v1::Field field;
  ASSERT_EQ(Update(update, &field), "OK");
  EXPECT_EQ(field.key(), "note");
  ASSERT_EQ(Protect("cards", kVisa, &after), "OK");
  EXPECT_EQ(before.blind_index(), after.blind_index());
  EXPECT_EQ(Revealed("cards", before.ciphertext()), kVisa);
  EXPECT_EQ(Revealed("cards", after.ciphertext()), kVisa);
  EXPECT_NE(before.ciphertext().substr(1, 8), after.ciphertext().substr(1, 8));  // key ids
}

TEST_F(FieldAdminServiceTest, OnlyWhatIsNamedChangesAndOnlyInTheStateThatWasRead) {
  v1::Field made, updated;
  ASSERT_EQ(Create(CardField(), &made), "OK");
  v1::UpdateFieldRequest update;
  update.set_name("cards");
  EXPECT_EQ(Update(update), "INVALID_FIELD");  // names nothing
  update.mutable_update_mask()->add_paths("format");
  EXPECT_EQ(Update(update), "INVALID_FIELD");
  update.mutable_update_mask()->set_paths(0, "mask");
  update.mutable_mask()->set_keep_last(1);
  update.set_key("note");
  update.set_etag(made.etag());
  ASSERT_EQ(Update(update, &updated), "OK");
  EXPECT_EQ(updated.mask().keep_last(), 1u);
  EXPECT_EQ(updated.key(), "card");
  EXPECT_NE(updated.etag(), made.etag());
  EXPECT_EQ(Update(update), "ETAG_MISMATCH");
  update.clear_mask();
  update.clear_etag();
  ASSERT_EQ(Update(update, &updated), "OK");
  EXPECT_FALSE(updated.has_mask());
}

TEST_F(FieldAdminServiceTest, AnIndexIsTakenAwayAndNotReplaced) {
  server_->Make("acme", "index2", KeyPurpose::kBlindIndex);
  ASSERT_EQ(Create(CardField()), "OK");
  v1::UpdateFieldRequest update;
  update.set_name("cards");
  update.mutable_update_mask()->add_paths("blind_index");
  update.mutable_blind_index()->set_key("index2");
  EXPECT_EQ(Update(update), "FIELD_POLICY");
  update.clear_blind_index();
  v1::Field field;
  ASSERT_EQ(Update(update, &field), "OK");
  EXPECT_FALSE(field.has_blind_index());
  v1::ProtectedValue made;
  ASSERT_EQ(Protect("cards", kVisa, &made), "OK");
  EXPECT_EQ(made.blind_index(), "");
}

TEST_F(FieldAdminServiceTest, AListHasWhatTheCallerMayRead) {
  StartAs(WithRoles({{"r",
                      {{{Action::kFieldCreate}, {"acme"}, {}, {"*"}, MaskLevel::kMasked},
                       {{Action::kFieldRead}, {"acme"}, {}, {"a*"}, MaskLevel::kMasked}}}}));
  for (const char* const name : {"b1", "a2", "a1", "b0", "a3"}) {
    ASSERT_EQ(Create(CardField(name)), "OK");
  }
  v1::ListFieldsRequest request;
  v1::ListFieldsResponse response;
  request.set_page_size(2);
  ASSERT_EQ(Call(&Stub::ListFields, request, &response), "OK");
  ASSERT_EQ(response.fields_size(), 2);
  EXPECT_EQ(response.fields(0).name(), "a1");
  EXPECT_EQ(response.fields(1).name(), "a2");
  request.set_page_token(response.next_page_token());
  ASSERT_EQ(Call(&Stub::ListFields, request, &response), "OK");
  ASSERT_EQ(response.fields_size(), 1);
  EXPECT_EQ(response.fields(0).name(), "a3");
  EXPECT_EQ(response.next_page_token(), "");
}

}  // namespace
}  // namespace fieldkms
