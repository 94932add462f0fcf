// Jobs that make one column out of another, over a real PostgreSQL and a real service.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "clients/cpp/field_client.h"
#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "crypto/sha256.h"
#include "rotation/conversion.h"
#include "tests/support/customer_bed.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using rotation::Conversion;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class CompanionTest : public ::testing::Test {
 protected:
  CompanionTest() : bed_(PostgresServer::Shared()) {}

  std::string One(const std::string& sql) { return bed_.Sql(sql)[0][0]; }
  static std::string Hex(const std::string& bytes) { return EncodeHex(AsBytes(bytes)); }
  static void ExpectDone(const absl::StatusOr<v1::RotationJob>& job) {
    ASSERT_OK(job);
    EXPECT_EQ(job->state(), v1::ROTATION_STATE_DONE) << job->error();
  }
  static void ExpectFailed(const absl::StatusOr<v1::RotationJob>& job, const std::string& why) {
    ASSERT_OK(job);
    EXPECT_EQ(job->state(), v1::ROTATION_STATE_FAILED);
    EXPECT_THAT(job->error(), HasSubstr(why));
  }
  void ExpectAllSealed(uint64_t rows) {
    const CustomerCounts counts = bed_.Count();
    EXPECT_EQ(counts.sealed, rows);
    EXPECT_EQ(counts.indexed, rows);
    EXPECT_EQ(counts.wrong + counts.unreadable, 0u);
  }

  CustomerBed bed_;
};

TEST_F(CompanionTest, PlaintextIsEncryptedAndIndexed) {
  bed_.MakeCustomers(1'500);
  bed_.Register(Conversion::kProtect);
  bed_.Sql("INSERT INTO public.customers (id) VALUES (9001), (9002)");  // nothing to encrypt
  const auto job = bed_.RunJob(v1::ROTATION_TRANSFORM_ENCRYPT, RotationBed::kKey);
  ExpectDone(job);
  EXPECT_EQ(job->outcome().counts().changed(), 1'500u);
  EXPECT_EQ(job->outcome().counts().opened(), 1'500u);  // each compared with its plaintext
  EXPECT_EQ(job->outcome().counts().quarantined(), 0u);
  EXPECT_FALSE(job->outcome().has_retire_after());
  EXPECT_EQ(bed_.Count().rows, 1'502u);
  ExpectAllSealed(1'500);
  EXPECT_EQ(One("SELECT count(*) FROM public.customers WHERE card IS NOT NULL"), "1500");
}

TEST_F(CompanionTest, ValuesThatAreNoneOfTheFieldAreListedAndStay) {
  bed_.MakeCustomers(200);
  bed_.Register(Conversion::kProtect);
  bed_.Sql("UPDATE public.customers SET card = '4000000000000000' WHERE id IN (5, 6)");
  bed_.Sql("UPDATE public.customers SET card = '' WHERE id = 7");
  const auto job = bed_.RunJob(v1::ROTATION_TRANSFORM_ENCRYPT, RotationBed::kKey);
  ExpectDone(job);
  EXPECT_EQ(job->outcome().counts().changed(), 197u);
  EXPECT_EQ(job->outcome().counts().quarantined(), 3u);
  EXPECT_EQ(One("SELECT string_agg(row_key[1], ',' ORDER BY row_key[1]) FROM "
                "kms.rotation_quarantine WHERE attribute = 'card_protected' AND reason = "
                "'is no legal value of its field'"),
            "5,6,7");
  // What is listed says nothing of the plaintext: a digest of a card number gives it away.
  const auto digest = Sha256(AsBytes("4000000000000000"));
  ASSERT_OK(digest);
  EXPECT_EQ(One("SELECT count(*) FROM kms.rotation_quarantine WHERE encode(digest, 'hex') = '" +
                EncodeHex(*digest) + "'"),
            "0");
  EXPECT_EQ(One("SELECT card FROM public.customers WHERE id = 5"), "4000000000000000");
  ExpectAllSealed(197);
}

TEST_F(CompanionTest, AValueThatIsMendedMeanwhileIsEncrypted) {
  bed_.MakeCustomers(50);
  bed_.Register(Conversion::kProtect);
  bed_.Sql("UPDATE public.customers SET card = 'none' WHERE id = 5");
  std::atomic<int> calls = 0;
  const auto job = bed_.RunJob(
      v1::ROTATION_TRANSFORM_ENCRYPT, RotationBed::kKey, [&](rotation::ServiceCalls* service) {
        const auto protect = service->protect;
        service->protect = [&, protect](const v1::BatchProtectRequest& request) {
          auto response = protect(request);
          // Before the next pass.
          if (++calls == 1) {
            bed_.Sql("UPDATE public.customers SET card = '" + CustomerBed::CardOf(5) +
                     "' WHERE id = 5");
          }
          return response;
        };
      });
  ExpectDone(job);
  ExpectAllSealed(50);
}

TEST_F(CompanionTest, WhatAnApplicationWritesMeanwhileIsKept) {
  bed_.MakeCustomers(100);
  bed_.Register(Conversion::kProtect);
  std::atomic<bool> written = false;
  const std::string other = CustomerBed::CardOf(777);
  const auto job = bed_.RunJob(
      v1::ROTATION_TRANSFORM_ENCRYPT, RotationBed::kKey, [&](rotation::ServiceCalls* service) {
        const auto protect = service->protect;
        service->protect = [&, protect](const v1::BatchProtectRequest& request) {
          if (!written.exchange(true)) {
            // Between reading and writing: another value, another context, a row less.
            bed_.Sql("UPDATE public.customers SET card = '" + other + "' WHERE id = 3");
            bed_.Sql("UPDATE public.customers SET region = 'region 0' WHERE id = 4");
            bed_.Sql("DELETE FROM public.customers WHERE id = 8");
          }
          return protect(request);
        };
      });
  ExpectDone(job);
  EXPECT_EQ(job->outcome().counts().conflicts(), 3u);
  bed_.Expect(3, other);
  // Sealed for the region that the row has now: in the one that it had it would not open.
  EXPECT_EQ(One("SELECT count(*) FROM public.customers WHERE card_protected IS NULL"), "0");
  bed_.Sql("UPDATE public.customers SET region = 'region 1' WHERE id = 4");  // for the checker
  const CustomerCounts counts = bed_.Count();
  EXPECT_EQ(counts.sealed, 99u);
  EXPECT_EQ(counts.wrong, 0u);
  EXPECT_EQ(counts.unreadable, 1u);  // row 4, under the region that the ledger has
}

TEST_F(CompanionTest, VerificationFindsCiphertextsOfAnotherValue) {
  bed_.MakeCustomers(60);
  bed_.Register(Conversion::kProtect);
  // An application that writes both columns, and one of them wrongly.
  const auto made = bed_.Protect(9, CustomerBed::CardOf(10));
  ASSERT_OK(made);
  bed_.Sql("UPDATE public.customers SET card_protected = '\\x" + Hex(made->ciphertext()) +
           "' WHERE id = 9");
  const auto job = bed_.RunJob(v1::ROTATION_TRANSFORM_ENCRYPT, RotationBed::kKey);
  ExpectDone(job);
  EXPECT_EQ(job->outcome().counts().quarantined(), 1u);
  EXPECT_EQ(One("SELECT row_key[1] || ' ' || reason FROM kms.rotation_quarantine"),
            "9 does not open to the plaintext beside it");
}

TEST_F(CompanionTest, DocumentsAreProtectedMemberByMember) {
  v1::CreateFieldRequest field;
  field.set_tenant(RotationBed::kTenant);
  field.set_name("customers.doc");
  field.set_format(v1::FIELD_FORMAT_JSON);
  field.set_key(RotationBed::kKey);
  field.add_json_pointers("/ssn");
  const auto made = FieldClient(bed_.client()).CreateField(field);
  ASSERT_OK(made);
  bed_.Sql(
      "CREATE TABLE public.documents (id int PRIMARY KEY, doc jsonb); "
      "INSERT INTO public.documents SELECT i, jsonb_build_object('ssn', '536-90-' || 1000 + i, "
      "'name', 'n' || i) FROM generate_series(1, 40) i; "
      // Documents in which nothing is protected.
      "INSERT INTO public.documents VALUES (41, '{\"name\": \"n41\"}'), (42, '{}')");
  rotation::ProtectedColumn column;
  column.table = {"public", "documents"};
  column.column = "doc_protected";
  column.plain_column = "doc";
  column.shape = rotation::Shape::kJsonb;
  column.tenant = RotationBed::kTenant;
  column.key = RotationBed::kKey;
  column.field = "customers.doc";
  column.field_id.resize(8);
  ASSERT_TRUE(DecodeHex(made->field_id(), AsMutableBytes(column.field_id)));
  column.key_columns = {"id"};
  const auto database = rotation::Database::Connect(bed_.bed().conninfo(), "owner");
  ASSERT_OK(database);
  ASSERT_OK(rotation::BeginProtect(**database, column));
  const auto job = bed_.RunJob(v1::ROTATION_TRANSFORM_ENCRYPT, RotationBed::kKey);
  ExpectDone(job);
  EXPECT_EQ(job->outcome().counts().opened(), 42u);
  EXPECT_EQ(job->outcome().counts().quarantined(), 0u);
  EXPECT_EQ(One("SELECT count(*) FROM public.documents WHERE doc_protected = doc"), "2");
  EXPECT_EQ(One("SELECT count(*) FROM public.documents WHERE doc_protected ->> 'ssn' LIKE 'fk1.%' "
                "AND doc_protected ->> 'name' = 'n' || id"),
            "40");
}

TEST_F(CompanionTest, CiphertextsAreDecrypted) {
  bed_.MakeCustomers(800);
  bed_.Register(Conversion::kUnprotect);
  bed_.FillProtected();
  bed_.Sql("UPDATE public.customers SET card = NULL");
  bed_.Sql("UPDATE public.customers SET card_protected = '\\x00' WHERE id = 2");
  const auto job = bed_.RunJob(v1::ROTATION_TRANSFORM_DECRYPT, RotationBed::kKey);
  ExpectDone(job);
  EXPECT_EQ(job->outcome().counts().changed(), 799u);
  EXPECT_EQ(job->outcome().counts().quarantined(), 1u);
  for (const auto& row : bed_.Sql("SELECT id, card FROM public.customers WHERE id <> 2")) {
    EXPECT_EQ(row[1], CustomerBed::CardOf(std::stoull(row[0])));
  }
  EXPECT_EQ(One("SELECT card IS NULL FROM public.customers WHERE id = 2"), "t");
}

// An explicit cast to varchar(n) cuts, and numeric(p, s) rounds, without an error.
TEST_F(CompanionTest, TypesThatWouldCutOrRoundAreRefused) {
  bed_.MakeCustomers(20);
  bed_.Register(Conversion::kUnprotect);
  bed_.FillProtected();
  for (const std::string type : {"varchar(10)", "numeric(20, 2)"}) {
    bed_.Sql("ALTER TABLE public.customers ALTER card TYPE " + type + " USING NULL");
    ExpectFailed(bed_.RunJob(v1::ROTATION_TRANSFORM_DECRYPT, RotationBed::kKey),
                 "makes something else of what is written");
    EXPECT_EQ(One("SELECT count(*) FROM public.customers WHERE card IS NOT NULL"), "0") << type;
  }
  bed_.Sql("ALTER TABLE public.customers ALTER card TYPE date USING NULL");
  ExpectFailed(bed_.RunJob(v1::ROTATION_TRANSFORM_DECRYPT, RotationBed::kKey),
               "does not fit the type of its column");
}

TEST_F(CompanionTest, AFieldWithoutAnIndexFillsNoColumnOfIndexes) {
  bed_.MakeCustomers(10);
  bed_.Register(Conversion::kProtect);
  v1::UpdateFieldRequest update;
  update.set_tenant(RotationBed::kTenant);
  update.set_name(CustomerBed::kField);
  update.mutable_update_mask()->add_paths("blind_index");
  ASSERT_OK(FieldClient(bed_.client()).UpdateField(update));
  ExpectFailed(bed_.RunJob(v1::ROTATION_TRANSFORM_ENCRYPT, RotationBed::kKey),
               "makes no blind index, and a column waits for one");
}

TEST_F(CompanionTest, IndexesAreBroughtToTheNewVersion) {
  bed_.MakeCustomers(700);
  bed_.Register(Conversion::kNone);
  bed_.FillProtected();
  bed_.Sql("UPDATE public.customers SET card_index = NULL WHERE id = 3");
  EXPECT_EQ(bed_.RotateKey(CustomerBed::kIndexKey), 2u);
  const auto job = bed_.RunJob(v1::ROTATION_TRANSFORM_REINDEX, CustomerBed::kIndexKey);
  ExpectDone(job);
  EXPECT_EQ(job->outcome().counts().changed(), 700u);
  EXPECT_TRUE(job->outcome().has_retire_after());
  EXPECT_THAT(bed_.Count().index_versions, ElementsAre(Pair(2u, 700u)));
  ExpectAllSealed(700);
}

TEST_F(CompanionTest, VerificationFindsIndexesOfAnotherValue) {
  bed_.MakeCustomers(80);
  bed_.Register(Conversion::kNone);
  EXPECT_EQ(bed_.RotateKey(CustomerBed::kIndexKey), 2u);
  bed_.FillProtected();  // under version 2 already
  bed_.Sql(
      "UPDATE public.customers SET card_index = (SELECT card_index FROM public.customers "
      "WHERE id = 10) WHERE id = 9");
  const auto job = bed_.RunJob(v1::ROTATION_TRANSFORM_REINDEX, CustomerBed::kIndexKey);
  ExpectDone(job);
  EXPECT_EQ(job->outcome().counts().changed(), 0u);
  EXPECT_EQ(One("SELECT row_key[1] || ' ' || reason FROM kms.rotation_quarantine"),
            "9 has the blind index of another value beside it");
}

TEST_F(CompanionTest, TextsAreMadeAnewWithTheirVersions) {
  bed_.MakeCustomers(600);
  bed_.RegisterTexts();
  bed_.FillTexts();
  EXPECT_EQ(bed_.RotateKey(CustomerBed::kFpeKey), 2u);
  bed_.Sql("UPDATE public.customers SET card_text_version = NULL WHERE id = 4");
  const auto job = bed_.RunJob(v1::ROTATION_TRANSFORM_RETOKENIZE, CustomerBed::kFpeKey);
  ExpectDone(job);
  EXPECT_EQ(job->outcome().counts().changed(), 599u);
  EXPECT_EQ(job->outcome().counts().quarantined(), 1u);
  const CustomerCounts counts = bed_.Count();
  EXPECT_EQ(counts.texts, 599u);
  EXPECT_EQ(counts.wrong + counts.unreadable, 0u);
  EXPECT_THAT(counts.text_versions, ElementsAre(Pair(2u, 599u)));
}

TEST_F(CompanionTest, AFieldThatSealsUnderAnotherKeyIsRefused) {
  bed_.MakeCustomers(10);
  bed_.Register(Conversion::kProtect);
  bed_.Sql("UPDATE kms.protected_columns SET field_name = 'customers.card_text'");
  ExpectFailed(bed_.RunJob(v1::ROTATION_TRANSFORM_ENCRYPT, RotationBed::kKey),
               "seals under another key than the job is about");
  EXPECT_EQ(bed_.Count().sealed, 0u);
}

TEST_F(CompanionTest, PlansRefuseWhatTheWorkCannotBeDoneOn) {
  bed_.MakeCustomers(10);
  // Nothing is on its way from plaintext.
  bed_.Register(Conversion::kNone);
  ExpectFailed(bed_.RunJob(v1::ROTATION_TRANSFORM_ENCRYPT, RotationBed::kKey),
               "no column of this tenant and key that the job could be about");
  bed_.Sql("ALTER TABLE public.customers DROP COLUMN card_index");
  ExpectFailed(bed_.RunJob(v1::ROTATION_TRANSFORM_REINDEX, CustomerBed::kIndexKey),
               "the column beside it that the registry has is gone");
}

TEST_F(CompanionTest, ManyValuesOfWhichNoneIsGoodStopTheJob) {
  bed_.MakeCustomers(100);
  bed_.Register(Conversion::kProtect);
  bed_.Sql("UPDATE public.customers SET card = 'n/a'");
  ExpectFailed(bed_.RunJob(v1::ROTATION_TRANSFORM_ENCRYPT, RotationBed::kKey),
               "of many values in a row none is good");
  EXPECT_EQ(One("SELECT count(*) FROM kms.rotation_quarantine"), "0");
}

// Sealed by its key alone, any bytes may be: a column of text cannot hold all of them.
TEST_F(CompanionTest, WhatIsNoTextIsListedAndStaysSealed) {
  RotationBed& bed = bed_.bed();
  bed.MakeCards(30);
  const std::pair<std::string, std::string> raw[] = {{"7", "\xff\xfe"}, {"8", {"a\0b", 3}}};
  const auto sealed = bed.Seal(raw);
  ASSERT_OK(sealed);
  for (size_t i = 0; i < 2; ++i) {
    bed.Sql("UPDATE public.cards SET card = '\\x" + Hex((*sealed)[i]) +
            "' WHERE id = " + raw[i].first);
  }
  const auto database = rotation::Database::Connect(bed.conninfo(), "owner");
  ASSERT_OK(database);
  ASSERT_OK(rotation::BeginUnprotect(**database, {"public", "cards"}, "card", "clear", "text"));
  const auto job = bed_.RunJob(v1::ROTATION_TRANSFORM_DECRYPT, RotationBed::kKey);
  ExpectDone(job);
  EXPECT_EQ(job->outcome().counts().quarantined(), 2u);
  EXPECT_EQ(
      One("SELECT string_agg(id::text, ',' ORDER BY id) FROM public.cards WHERE clear IS NULL"),
      "7,8");
  EXPECT_EQ(One("SELECT count(*) FROM public.cards WHERE clear = 'card number of customer ' || id"),
            "28");
}

}  // namespace
}  // namespace fieldkms::testing
