#include "tests/unit/kms/backup/backup_fixture.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "crypto/key_import.h"
#include "kms/backup/store_scan.h"
#include "kms/root/local_root.h"
#include "kms/store/record_json.h"
#include "kms/store/sqlite_store.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

const ImportKeyPair& Recovery() {
  static const auto* const kPair = new ImportKeyPair(GenerateImportKeyPair().value());
  return *kPair;
}

}  // namespace

Installation::Installation() {
  const std::string key = dir_.File("root.key");
  store_ = OpenSqliteStore(dir_.File("store.db"), SystemClock()).value();
  if (!CreateLocalRoot(key).ok()) throw std::runtime_error("no root key");
  root_ = OpenLocalRoot(key).value();
  keyring_ = Keyring::Open(*store_, *root_, SystemClock()).value();
}

std::string Installation::RequestId() { return "request-" + std::to_string(++requests_); }

void Installation::HaveTenant(const std::string& tenant) {
  ASSERT_OK(keyring_->admin().CreateTenant(tenant, RequestId(), kNoDeadline));
}

KeyRecord Installation::HaveKey(const std::string& tenant, const std::string& name) {
  KeySpec spec;
  spec.tenant = tenant;
  spec.name = name;
  spec.labels = {{"team", "payments"}};
  spec.rotation_period = std::chrono::hours(24 * 90);
  auto key = keyring_->admin().CreateKey(spec, RequestId(), kNoDeadline);
  EXPECT_OK(key);
  return key.value_or(KeyRecord());
}

KeyRecord Installation::Rotate(const std::string& tenant, const std::string& name) {
  auto key = keyring_->admin().RotateKey(tenant, name, 0, RequestId(), kNoDeadline);
  EXPECT_OK(key);
  return key.value_or(KeyRecord());
}

void Installation::HaveAlias(const std::string& tenant, const std::string& alias,
                             const std::string& key) {
  const auto before = store_->GetAlias(tenant, alias, kNoDeadline);
  ASSERT_OK(keyring_->admin().SetAlias(tenant, alias, key, before.ok() ? before->change : 0,
                                       RequestId(), kNoDeadline));
}

void Installation::HaveField(const std::string& tenant, const std::string& name,
                             const std::string& policy) {
  const auto before = store_->GetField(tenant, name, kNoDeadline);
  const auto id = static_cast<uint64_t>(++requests_);
  const FieldRecord field{tenant,
                          name,
                          id,
                          policy,
                          SystemClock().Now(),
                          SystemClock().Now(),
                          before.ok() ? before->change : 0};
  ASSERT_OK(store_->PutField(field, {RequestId(), std::string(32, 'f')}, kNoDeadline));
}

SubjectRecord Installation::HaveSubject(const std::string& tenant, const std::string& subject,
                                        bool on_hold) {
  std::string number = std::to_string(++requests_);
  number.insert(0, kSubjectHandleSize - number.size(), '\xff');
  SubjectUse use;
  use.fresh = {subject, number, number + std::string(kSubjectHandleSize, '\0'), SystemClock().Now(),
               std::nullopt};
  use.field_id = 7;
  SubjectUse other = use;
  other.field_id = 9;
  const auto made = store_->subjects().EnsureSubjects(tenant, std::vector{use, other}, kNoDeadline);
  EXPECT_OK(made);
  if (on_hold) {
    const LegalHold hold{std::string("court\0\xff", 7), SystemClock().Now()};
    EXPECT_OK(store_->subjects().SetHold(tenant, subject, hold, kNoDeadline));
  }
  return use.fresh;
}

void Installation::HaveToken(const std::string& tenant, uint64_t field_id,
                             const TokenRecord& token) {
  // Early: one that has expired by now is there, too.
  ASSERT_OK(store_->tokens().PutTokens({tenant, field_id}, std::vector{token}, token.create_time,
                                       kNoDeadline));
}

void Installation::HaveVault(const std::string& tenant) {
  const SubjectRecord held = HaveSubject(tenant, "held", true);
  const SubjectRecord free = HaveSubject(tenant, std::string("free\0\xff", 6));
  TokenRecord convergent = Token("convergent");
  convergent.lookup = std::string("\0lookup\xff", 8);
  convergent.convergent = true;
  convergent.subject = held.handle;
  convergent.metadata = "{}";
  HaveToken(tenant, 7, convergent);
  TokenRecord once = Token("once");
  once.single_use = true;
  once.lookup = "lookup";
  once.subject = free.handle;
  once.expire_time = SystemClock().Now() + std::chrono::hours(24);
  HaveToken(tenant, uint64_t{1} << 63, once);
  HaveToken(tenant, 9, Token(std::string("\0\xff", 2)));
  TokenRecord past = Token("past");
  past.expire_time = SystemClock().Now();
  HaveToken(tenant, 9, past);
}

absl::Status Installation::Loads(const std::string& tenant, const std::string& name,
                                 uint32_t version) {
  FIELDKMS_ASSIGN_OR_RETURN(const KeyRecord key, store_->GetKey(tenant, name, kNoDeadline));
  return keyring_->LoadById(tenant, key.key_id, version == 0 ? key.primary_version : version,
                            kNoDeadline);
}

void Installation::HaveRichTenant() {
  HaveTenant("acme");
  HaveKey("acme", "cards");
  HaveKey("acme", "past");
  Rotate("acme", "cards");
  ASSERT_OK(keyring_->admin().RotateKek("acme", RequestId(), kNoDeadline));
  Rotate("acme", "cards");
  ASSERT_OK(keyring_->admin().DisableVersion({"acme", "cards"}, 1, RequestId(), kNoDeadline));
  ASSERT_OK(keyring_->admin().ScheduleDestroy({"acme", "past"}, 0, std::chrono::days(1),
                                              RequestId(), kNoDeadline));
  const auto due =
      store_->ListDueDestructions(SystemClock().Now() + std::chrono::hours(25), 9, kNoDeadline);
  ASSERT_OK(due);
  ASSERT_EQ(due->size(), 1u);
  // As a caretaker does, a day later.
  KeyVersionRecord destroyed = due->front().version;
  destroyed.state = VersionState::kDestroyed;
  destroyed.wrapped.clear();
  ASSERT_OK(store_->ChangeKey({due->front().key, {destroyed}}, {"destroy-1", std::string(32, 'f')},
                              kNoDeadline));
  HaveAlias("acme", "pan", "cards");
  HaveAlias("acme", "gone", "cards");
  HaveAlias("acme", "gone", "");
  HaveField("acme", "pan", std::string("{\"key\":\"cards\"}\0\xff", 17));
}

TokenRecord Token(const std::string& name) {
  static int number = 0;
  TokenRecord token;
  token.token = name;
  token.sealed = std::string("sealed\0", 7) + std::to_string(++number);
  token.create_time = SystemClock().Now() - std::chrono::hours(1);
  return token;
}

const std::string& RecoveryPublic() { return Recovery().public_pem; }

BackupSecrets RecoverySecrets() {
  return {SecretBytes::CopyOf(Recovery().private_der.Expose()).value(), {}};
}

ByteSource SourceOf(const std::string& bytes) {
  auto at = std::make_shared<size_t>(0);
  return [&bytes, at](MutableBytes out) -> absl::StatusOr<size_t> {
    // In pieces that fit nothing, as files and pipes do.
    const size_t size = std::min({out.size(), bytes.size() - *at, size_t{1'000}});
    std::copy_n(AsBytes(bytes).begin() + static_cast<ptrdiff_t>(*at), size, out.begin());
    *at += size;
    return size;
  };
}

OpenBackup OpenerOf(const std::string& bytes) {
  return [&bytes]() -> absl::StatusOr<ByteSource> { return SourceOf(bytes); };
}

absl::StatusOr<BackupSummary> TakeTo(Installation& from, std::string* bytes,
                                     std::optional<std::set<std::string>> tenants,
                                     bool without_vault) {
  BackupRecipients recipients;
  recipients.recovery_keys = {RecoveryPublic()};
  BackupRequest request{std::move(tenants), recipients, {}, {}, "alice@db1", {}, without_vault};
  request.sink = [bytes](ByteView more) {
    bytes->append(AsText(more));
    return absl::OkStatus();
  };
  request.publish = [] { return absl::OkStatus(); };
  return TakeBackup(from.store(), from.root(), SystemClock(), request);
}

std::string TextOf(Store& store, const std::string& tenant) {
  std::string text;
  ScanVisitor visitor;
  visitor.on_key = [&](const WholeKey& whole) {
    KeyRecord key = whole.key;
    key.change = 0;
    text += ToJson(key) + "\n";
    for (const KeyVersionRecord& version : whole.versions) text += ToJson(version) + "\n";
    return absl::OkStatus();
  };
  visitor.on_alias = [&](AliasRecord alias) {
    alias.change = 0;
    text += ToJson(alias) + "\n";
    return absl::OkStatus();
  };
  visitor.on_field = [&](FieldRecord field) {
    field.change = 0;
    text += ToJson(field) + "\n";
    return absl::OkStatus();
  };
  visitor.on_tenant = [&](WholeTenant whole) {
    whole.tenant.change = 0;
    text += ToJson(whole.tenant) + "\n";
    for (KekRecord& kek : whole.keks) {
      kek.wrapped = "w";
      text += ToJson(kek) + "\n";
    }
    return absl::OkStatus();
  };
  ScanRequest request;
  request.tenants = {tenant};
  EXPECT_OK(ScanStore(store, SystemClock(), request, visitor));
  return text;
}

}  // namespace fieldkms::testing
