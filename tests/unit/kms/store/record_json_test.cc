#include "kms/store/record_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "tests/contract/record_matchers.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using Json = nlohmann::json;

WallTime AnyTime() { return WallTime(std::chrono::microseconds(*rc::gen::arbitrary<int64_t>())); }
std::optional<WallTime> AnyTimeOrNone() {
  return *rc::gen::arbitrary<bool>() ? std::optional(AnyTime()) : std::nullopt;
}
std::chrono::seconds AnySeconds() {
  return std::chrono::seconds(*rc::gen::inRange<int64_t>(0, INT64_MAX));
}
std::string AnyName() {
  return *rc::gen::element<std::string>("", "acme", "customers.card_number", "\"\\\n\x01",
                                        "sch\xc3\xb6n");
}
template <class Enum>
Enum AnyEnum(Enum last) {
  return static_cast<Enum>(*rc::gen::inRange(1, static_cast<int>(last) + 1));
}
std::string AnyBytes() { return *rc::gen::arbitrary<std::string>(); }

KeyRecord AnyKey() {
  KeyRecord key;
  key.tenant = AnyName();
  key.name = AnyName();
  key.key_id = *rc::gen::arbitrary<uint64_t>();
  key.purpose = AnyEnum(KeyPurpose::kSignAudit);
  key.primary_version = *rc::gen::arbitrary<uint32_t>();
  key.create_time = AnyTime();
  key.primary_create_time = AnyTime();
  key.suite = *rc::gen::arbitrary<uint8_t>();
  key.exportable = *rc::gen::arbitrary<bool>();
  key.audit_per_operation = *rc::gen::arbitrary<bool>();
  key.min_decrypt_version = *rc::gen::arbitrary<uint32_t>();
  key.rotation_period = AnySeconds();
  key.next_rotation = AnyTimeOrNone();
  key.lease = {AnySeconds(), *rc::gen::arbitrary<uint64_t>()};
  key.labels[AnyName()] = AnyName();
  key.labels["team"] = AnyName();
  key.change = *rc::gen::arbitrary<uint64_t>();
  return key;
}

KeyVersionRecord AnyVersion() {
  KeyVersionRecord version;
  version.version = *rc::gen::arbitrary<uint32_t>();
  version.state = AnyEnum(VersionState::kDestroyed);
  version.kek_version = *rc::gen::arbitrary<uint32_t>();
  version.wrapped = AnyBytes();
  version.create_time = AnyTime();
  version.origin = AnyEnum(KeyOrigin::kImported);
  version.destroy_time = AnyTimeOrNone();
  return version;
}

template <class Record>
void ExpectRoundTrip(const Record& record) {
  const absl::StatusOr<Record> read = FromJson<Record>(ToJson(record));
  RC_ASSERT(read.ok());
  RC_ASSERT(Fields(*read) == Fields(record));
  RC_ASSERT(ToJson(*read) == ToJson(record));
}

RC_GTEST_PROP(RecordJson, KeysRoundTrip, ()) { ExpectRoundTrip(AnyKey()); }
RC_GTEST_PROP(RecordJson, VersionsRoundTrip, ()) { ExpectRoundTrip(AnyVersion()); }
RC_GTEST_PROP(RecordJson, TheSmallOnesRoundTrip, ()) {
  ExpectRoundTrip(TenantRecord{AnyName(), AnyTime(), *rc::gen::arbitrary<uint32_t>(),
                               *rc::gen::arbitrary<uint64_t>()});
  ExpectRoundTrip(KekRecord{*rc::gen::arbitrary<uint32_t>(), AnyBytes(), AnyTime()});
  ExpectRoundTrip(AliasRecord{AnyName(), AnyName(), *rc::gen::arbitrary<uint64_t>(),
                              *rc::gen::arbitrary<uint64_t>()});
  ExpectRoundTrip(FieldRecord{AnyName(), AnyName(), *rc::gen::arbitrary<uint64_t>(), AnyBytes(),
                              AnyTime(), AnyTime(), *rc::gen::arbitrary<uint64_t>()});
}

KeyRecord SomeKey() {
  KeyRecord key;
  key.tenant = "acme";
  key.name = "k";
  key.key_id = 0xfedcba9876543210;
  key.primary_version = 2;
  key.create_time = WallTime(std::chrono::microseconds(-1));
  key.rotation_period = std::chrono::hours(1);
  key.next_rotation = WallTime(std::chrono::microseconds(5));
  key.labels = {{"team", "payments"}};
  key.change = UINT64_MAX;
  return key;
}

// What is stored is read by every later release: this text may only grow.
TEST(RecordJson, TextIsAsItWasInRelease02) {
  EXPECT_EQ(ToJson(SomeKey()),
            R"({"audit_per_operation":false,"change":18446744073709551615,"create_time":-1,)"
            R"("exportable":false,"key_id":"fedcba9876543210","labels":{"team":"payments"},)"
            R"("lease_longest":0,"lease_most_messages":0,"min_decrypt_version":1,"name":"k",)"
            R"("next_rotation":5,"primary_create_time":0,"primary_version":2,"purpose":1,)"
            R"("rotation_period":3600,"suite":1,"tenant":"acme"})");
  EXPECT_EQ(
      ToJson(KeyVersionRecord{
          3, VersionState::kDestroyScheduled, 2, "fo", {}, KeyOrigin::kGenerated, WallTime()}),
      R"({"create_time":0,"destroy_time":0,"kek_version":2,"origin":1,"state":3,)"
      R"("version":3,"wrapped":"Zm8="})");
  EXPECT_EQ(ToJson(TenantRecord{"acme", {}, 1, 7}),
            R"({"change":7,"create_time":0,"primary_kek":1,"tenant":"acme"})");
  EXPECT_EQ(ToJson(AliasRecord{"acme", "a", 0, 7}),
            R"({"alias":"a","change":7,"key_id":"0000000000000000","tenant":"acme"})");
  EXPECT_EQ(ToJson(FieldRecord{"acme", "f", 7, "{}", {}, {}, 8}),
            R"({"change":8,"create_time":0,"field_id":"0000000000000007","name":"f",)"
            R"("policy":"e30=","tenant":"acme","update_time":0})");
  EXPECT_EQ(ToJson(KekRecord{1, "", {}}), R"({"create_time":0,"version":1,"wrapped":""})");
}

auto Corrupt() { return StatusIs(StatusCode::kDataLoss, Reason::kStoreCorrupt); }

TEST(RecordJson, MembersAreAllThereAndNoOthers) {
  const Json whole = Json::parse(ToJson(SomeKey()));
  for (const auto& member : whole.items()) {
    Json less = whole;
    less.erase(member.key());
    const auto read = FromJson<KeyRecord>(less.dump());
    if (member.key() == "next_rotation") {
      ASSERT_OK(read);
      EXPECT_EQ(read->next_rotation, std::nullopt);
    } else {
      EXPECT_THAT(read, Corrupt()) << member.key();
    }
    for (const Json& other :
         {Json(nullptr), Json(1.5), Json::array(), Json("\xc3\xb6"), Json(-1)}) {
      if (other.type() == member.value().type()) continue;
      Json wrong = whole;
      wrong[member.key()] = other;
      const bool time = member.key().ends_with("_time") || member.key() == "next_rotation";
      const bool text = member.key() == "tenant" || member.key() == "name";
      if ((time && other == Json(-1)) || (text && other.is_string())) continue;
      EXPECT_THAT(FromJson<KeyRecord>(wrong.dump()), Corrupt()) << member.key() << " " << other;
    }
  }
  Json more = whole;
  more["color"] = 1;
  EXPECT_THAT(FromJson<KeyRecord>(more.dump()), Corrupt());
}

TEST(RecordJson, NumbersAreInRange) {
  const Json whole = Json::parse(ToJson(SomeKey()));
  const std::pair<const char*, Json> kWrong[] = {
      {"purpose", 0},        {"purpose", 7},
      {"suite", 256},        {"primary_version", uint64_t{1} << 32},
      {"suite", -1},         {"create_time", UINT64_MAX},
      {"change", -1},        {"rotation_period", -1},
      {"key_id", "7"},       {"key_id", "FEDCBA9876543210"},
      {"key_id", ""},        {"key_id", "fedcba987654321g"},
      {"labels", {{"a", 1}}}};
  for (const auto& [name, value] : kWrong) {
    Json wrong = whole;
    wrong[name] = value;
    EXPECT_THAT(FromJson<KeyRecord>(wrong.dump()), Corrupt()) << name << " " << value;
  }
  Json version = Json::parse(ToJson(KeyVersionRecord{}));
  version["wrapped"] = "Zm8=";
  EXPECT_OK(FromJson<KeyVersionRecord>(version.dump()));
  for (const char* name : {"state", "origin"}) {
    Json wrong = version;
    wrong[name] = name[0] == 's' ? 5 : 3;
    EXPECT_THAT(FromJson<KeyVersionRecord>(wrong.dump()), Corrupt()) << name;
  }
  for (const char* text : {"Zg", "Zh==", "Z g=", "-_8="}) {
    version["wrapped"] = text;
    EXPECT_THAT(FromJson<KeyVersionRecord>(version.dump()), Corrupt()) << text;
  }
}

TEST(RecordJson, MembersStandOnce) {
  const std::string text = R"({"change":7,"create_time":0,"primary_kek":1,"tenant":"a")";
  EXPECT_OK(FromJson<TenantRecord>(text + "}"));
  EXPECT_OK(FromJson<TenantRecord>("  " + text + " \n}"));  // as PostgreSQL spaces it
  EXPECT_THAT(FromJson<TenantRecord>(text + R"(,"tenant":"b"})"), Corrupt());
  std::string labels = ToJson(SomeKey());
  labels.replace(labels.find(R"("team")"), 6, R"("team":"a","team")");
  EXPECT_THAT(FromJson<KeyRecord>(labels), Corrupt());
}

TEST(RecordJson, DamagedTextIsRefusedAndNamesNoValue) {
  const std::string whole = ToJson(SomeKey());
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(FromJson<KeyRecord>(whole.substr(0, size)), Corrupt()) << size;
  }
  for (const char* text : {"", "null", "[]", "7", "\"k\"", "{}", "{}{}", "{\"a\":}", "\xff"}) {
    EXPECT_THAT(FromJson<KeyRecord>(text), Corrupt()) << text;
  }
  EXPECT_THAT(FromJson<KeyRecord>(whole + "x"), Corrupt());
  EXPECT_THAT(FromJson<KeyRecord>(std::string(100'000, '[')), Corrupt());
  Json wrong = Json::parse(whole);
  wrong["key_id"] = "a secret";
  const absl::Status status = FromJson<KeyRecord>(wrong.dump()).status();
  EXPECT_THAT(std::string(status.message()), ::testing::Not(::testing::HasSubstr("secret")));
}

// Any byte may be damaged: it is refused or reads as another record, and never ends
// the process.
RC_GTEST_PROP(RecordJson, FlippedBytesAreRefusedOrRead, ()) {
  std::string text = ToJson(SomeKey());
  const auto at = *rc::gen::inRange<size_t>(0, text.size());
  text[at] = *rc::gen::arbitrary<char>();
  const auto read = FromJson<KeyRecord>(text);
  RC_ASSERT(read.ok() || ReasonOf(read.status()) == Reason::kStoreCorrupt);
  if (read.ok()) RC_ASSERT(FromJson<KeyRecord>(ToJson(*read)).ok());
}

}  // namespace
}  // namespace fieldkms::testing
