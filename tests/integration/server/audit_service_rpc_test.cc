// AuditService of a real daemon: what it shows of its own trail, to whom, and that its proofs hold.
#include <unistd.h>

#include <algorithm>
#include <set>
#include <thread>

#include "crypto/bytes.h"
#include "crypto/merkle/checkpoint.h"
#include "crypto/merkle/proof.h"
#include "fieldkms/v1/audit_service.grpc.pb.h"
#include "tests/integration/server/server_fixture.h"

namespace fieldkms::testing {
namespace {

using Stub = v1::AuditService::Stub;

class AuditServiceTest : public ServerTest {
 protected:
  void SetUp() override {
    StartWith(ConfigOf("\"*\""));
    CreateTenant("acme");
    CreateTenant("other");
    CreateKey("acme", "card");
    CreateKey("other", "card");
    card_ = Encrypt("acme", "card", "v", "1");
  }

  // All rights on all tenants, but audit.read on `audited`.
  static std::string ConfigOf(const std::string& audited) {
    return "audit:\n  checkpoint_interval: 1s\n  segment_mib: 1\naccess:\n  roles:\n    r:\n"
           "      - actions: [encrypt, decrypt, key.create, key.rotate, tenant.create]\n"
           "        tenants: \"*\"\n        keys: \"*\"\n"
           "      - {actions: [audit.read], tenants: [" +
           audited + "]}\n  principals:\n    me:\n      users: " + std::to_string(getuid()) +
           "\n      roles: r\n";
  }

  // One connection to each daemon: they are limited.
  Stub& audit() {
    if (audited_ != daemon_.get()) audit_ = v1::AuditService::NewStub(NewChannel());
    audited_ = daemon_.get();
    return *audit_;
  }

  std::string ListVerdict(const v1::ListAuditRecordsRequest& request,
                          v1::ListAuditRecordsResponse* response) {
    return Verdict(Call(audit(), &Stub::ListAuditRecords, request, response));
  }
  std::string ListVerdict(const v1::ListAuditRecordsRequest& request) {
    v1::ListAuditRecordsResponse response;
    return ListVerdict(request, &response);
  }

  // All pages.
  std::vector<v1::AuditRecord> List(v1::ListAuditRecordsRequest request) {
    std::vector<v1::AuditRecord> all;
    do {
      v1::ListAuditRecordsResponse response;
      const std::string verdict = ListVerdict(request, &response);
      EXPECT_EQ(verdict, "OK");
      if (verdict != "OK") break;
      all.insert(all.end(), response.records().begin(), response.records().end());
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    return all;
  }

  std::string Resume() {
    v1::WatchAuditRecordsResponse response;
    EXPECT_EQ(Verdict(Call(audit(), &Stub::WatchAuditRecords, {}, &response)), "OK");
    EXPECT_EQ(response.records_size(), 0);
    return response.resume_token();
  }

  // A checkpoint that is over more records than `index`.
  v1::GetAuditCheckpointResponse CheckpointOver(uint64_t index) {
    v1::GetAuditCheckpointResponse response;
    do {
      EXPECT_EQ(Verdict(Call(audit(), &Stub::GetAuditCheckpoint, {}, &response)), "OK");
    } while (response.size() <= index && !HasFailure());
    return response;
  }

  static MerkleProof ProofOf(const google::protobuf::RepeatedPtrField<std::string>& hashes) {
    MerkleProof proof;
    for (const std::string& hash : hashes) {
      EXPECT_EQ(hash.size(), proof.emplace_back().size());
      std::copy(hash.begin(), hash.end(), proof.back().begin());
    }
    return proof;
  }

  std::string card_;
  std::unique_ptr<Stub> audit_;
  const Daemon* audited_ = nullptr;
};

TEST_F(AuditServiceTest, ShowsWhatTheFileHas) {
  EXPECT_EQ(Verdict(Decrypt("acme", card_, "wrong")), "INVALID_ARGUMENT DECRYPT_FAILED");
  const auto lines = AuditLines();
  v1::ListAuditRecordsRequest request;
  request.set_with_lines(true);
  const auto records = List(request);
  ASSERT_EQ(records.size(), lines.size());
  for (size_t i = 0; i < lines.size(); ++i) {
    const v1::AuditRecord& record = records[i];
    const nlohmann::json& line = lines[i];
    EXPECT_EQ(nlohmann::json::parse(record.line()), line);
    EXPECT_EQ(record.index(), i);
    EXPECT_EQ(record.seq(), line["seq"]);
    EXPECT_EQ(record.method(), line.value("method", ""));
    EXPECT_EQ(record.principal(), line.value("principal", ""));
    EXPECT_EQ(record.tenant(), line.value("tenant", ""));
    EXPECT_EQ(record.code(), line.value("code", ""));
    EXPECT_EQ(record.reason(), line.value("reason", ""));
    EXPECT_EQ(record.request_id(), line.value("request_id", ""));
    EXPECT_EQ(record.keys_size(), line.contains("key") ? 1 : 0);
    EXPECT_EQ(record.has_peer(), line.contains("uid"));
    EXPECT_GT(record.time().seconds(), 1'700'000'000);
  }
  EXPECT_EQ(records.front().kind(), v1::AUDIT_RECORD_KIND_START);
  EXPECT_EQ(records.back().kind(), v1::AUDIT_RECORD_KIND_OUTCOME);
  EXPECT_EQ(records.back().reason(), "TAG_MISMATCH");
  EXPECT_EQ(records.back().peer().uid(), getuid());
  EXPECT_EQ(records.back().keys(0), "card");
}

// Every page is a record itself: a list that took it in would have no end.
TEST_F(AuditServiceTest, PagesOfOneAreTheWholeAndEnd) {
  v1::ListAuditRecordsRequest request;
  const auto whole = List(request);
  request.set_page_size(1);
  const size_t there = AuditLines().size();
  const auto pages = List(request);
  ASSERT_EQ(pages.size(), there);
  for (size_t i = 0; i < whole.size(); ++i) {
    EXPECT_EQ(pages[i].SerializeAsString(), whole[i].SerializeAsString());
    EXPECT_EQ(pages[i].line(), "");
  }
}

TEST_F(AuditServiceTest, Filters) {
  EXPECT_EQ(EncryptVerdict("nothing"), "NOT_FOUND KEY_NOT_FOUND");
  ASSERT_EQ(Verdict(RotateKey("acme", "card")), "OK");
  const auto count = [this](const auto& set) {
    v1::ListAuditRecordsRequest request;
    set(request);
    return List(request).size();
  };
  EXPECT_EQ(count([](auto& r) { r.mutable_filter()->set_code("NOT_FOUND"); }), 1u);
  EXPECT_EQ(count([](auto& r) { r.mutable_filter()->set_kind(v1::AUDIT_RECORD_KIND_START); }), 1u);
  EXPECT_EQ(count([](auto& r) { r.mutable_filter()->set_method("KeyService.RotateKey"); }), 2u);
  EXPECT_EQ(count([](auto& r) { r.mutable_filter()->set_principal("nobody"); }), 0u);
  EXPECT_EQ(count([](auto& r) { r.mutable_filter()->set_key("nothing"); }), 1u);
  EXPECT_EQ(count([](auto& r) { r.mutable_filter()->set_field("card"); }), 0u);
  EXPECT_EQ(count([](auto& r) {
              r.set_tenant("other");
              r.mutable_filter()->set_kind(v1::AUDIT_RECORD_KIND_INTENT);
            }),
            2u);
  const auto all = List({});
  const auto& middle = all[all.size() / 2].time();
  const size_t before = count([&](auto& r) { *r.mutable_filter()->mutable_until() = middle; });
  const size_t after = count([&](auto& r) {
    *r.mutable_filter()->mutable_since() = middle;
    r.mutable_filter()->set_method("KeyService.RotateKey");
  });
  EXPECT_EQ(before, static_cast<size_t>(
                        std::count_if(all.begin(), all.end(), [&](const v1::AuditRecord& record) {
                          return std::pair(record.time().seconds(), record.time().nanos()) <
                                 std::pair(middle.seconds(), middle.nanos());
                        })));
  EXPECT_EQ(after, 2u);
}

TEST_F(AuditServiceTest, WhoReadsATenantSeesThatAlone) {
  ASSERT_EQ(daemon_->Terminate().code, 0);
  StartWith(ConfigOf("acme"));
  EXPECT_EQ(ListVerdict({}), "PERMISSION_DENIED PERMISSION_DENIED");
  v1::ListAuditRecordsRequest request;
  request.set_tenant("other");
  EXPECT_EQ(ListVerdict(request), "PERMISSION_DENIED PERMISSION_DENIED");
  request.set_tenant("acme");
  const auto records = List(request);
  EXPECT_GE(records.size(), 5u);
  std::set<std::string> tenants;
  for (const v1::AuditRecord& record : records) tenants.insert(record.tenant());
  EXPECT_EQ(tenants, std::set<std::string>{"acme"});

  // Nor is anything of others proved to it.
  const auto lines = AuditLines();
  v1::ProveAuditRecordRequest prove;
  v1::ProveAuditRecordResponse proved;
  prove.set_tenant("acme");
  for (size_t i = 0; i < 8; ++i) {
    prove.set_index(i);
    const bool own = lines[i].value("tenant", "") == "acme";
    EXPECT_EQ(Verdict(Call(audit(), &Stub::ProveAuditRecord, prove, &proved)),
              own ? "OK" : "NOT_FOUND INVALID_FIELD")
        << lines[i];
  }
}

TEST_F(AuditServiceTest, TakesARightOfItsOwn) {
  ASSERT_EQ(daemon_->Terminate().code, 0);
  StartWith(ConfigOf("another"));
  v1::ListAuditRecordsRequest request;
  request.set_tenant("acme");
  EXPECT_EQ(ListVerdict(request), "PERMISSION_DENIED PERMISSION_DENIED");
  v1::GetAuditCheckpointResponse checkpoint;
  EXPECT_EQ(Verdict(Call(audit(), &Stub::GetAuditCheckpoint, {}, &checkpoint)),
            "PERMISSION_DENIED PERMISSION_DENIED");
}

TEST_F(AuditServiceTest, ProofsHoldForWhoHasTheKeyAlone) {
  const uint64_t index = 3;
  const auto first = CheckpointOver(index);
  const auto verifier = NoteVerifier::Parse(first.verifier_key());
  ASSERT_TRUE(verifier.ok());
  EXPECT_EQ(first.log(), verifier->name());
  EXPECT_EQ(first.first_record(), 0u);
  EXPECT_FALSE(first.has_exports());

  v1::ProveAuditRecordRequest request;
  v1::ProveAuditRecordResponse response;
  request.set_index(index);
  ASSERT_EQ(Verdict(Call(audit(), &Stub::ProveAuditRecord, request, &response)), "OK");
  EXPECT_EQ(nlohmann::json::parse(response.line()), AuditLines()[index]);
  const auto checkpoint = OpenCheckpoint(response.checkpoint(), *verifier);
  ASSERT_TRUE(checkpoint.ok());
  MerkleHasher hasher;
  EXPECT_TRUE(VerifyInclusion(index, checkpoint->size, hasher.Leaf(AsBytes(response.line())),
                              ProofOf(response.proof()), checkpoint->root)
                  .ok());
  EXPECT_FALSE(VerifyInclusion(index, checkpoint->size, hasher.Leaf(AsBytes(response.line() + " ")),
                               ProofOf(response.proof()), checkpoint->root)
                   .ok());

  // What comes later continues it.
  const uint64_t more = AuditLines().size();
  CheckpointOver(more);
  v1::ProveAuditContinuationRequest continuation;
  v1::ProveAuditContinuationResponse continued;
  continuation.set_first_size(first.size());
  ASSERT_EQ(Verdict(Call(audit(), &Stub::ProveAuditContinuation, continuation, &continued)), "OK");
  const auto older = OpenCheckpoint(first.checkpoint(), *verifier);
  const auto newer = OpenCheckpoint(continued.checkpoint(), *verifier);
  ASSERT_TRUE(older.ok() && newer.ok());
  EXPECT_GT(newer->size, older->size);
  EXPECT_TRUE(VerifyConsistency(older->size, newer->size, ProofOf(continued.proof()), older->root,
                                newer->root)
                  .ok());

  request.set_index(1'000'000);
  EXPECT_EQ(Verdict(Call(audit(), &Stub::ProveAuditRecord, request, &response)),
            "INVALID_ARGUMENT INVALID_FIELD");
  for (const uint64_t size : {uint64_t{0}, uint64_t{1'000'000}}) {
    continuation.set_first_size(size);
    const grpc::Status status =
        Call(audit(), &Stub::ProveAuditContinuation, continuation, &continued);
    EXPECT_EQ(Verdict(status), "INVALID_ARGUMENT INVALID_FIELD");
    EXPECT_EQ(FieldOfRpc(status), "first_size");
  }
}

TEST_F(AuditServiceTest, WatchingAnswersWhenThereIsARecord) {
  v1::WatchAuditRecordsRequest request;
  v1::WatchAuditRecordsResponse response;
  request.set_resume_token(Resume());
  request.mutable_filter()->set_method("CryptoService.Encrypt");
  std::thread writer([this] {
    EXPECT_EQ(Verdict(RotateKey("acme", "card")), "OK");  // is not asked for
    EXPECT_EQ(EncryptVerdict("card"), "OK");
  });
  ASSERT_EQ(Verdict(Call(audit(), &Stub::WatchAuditRecords, request, &response)), "OK");
  writer.join();
  ASSERT_EQ(response.records_size(), 1);
  EXPECT_EQ(response.records(0).method(), "CryptoService.Encrypt");
  // And goes on behind it.
  EXPECT_EQ(EncryptVerdict("card"), "OK");
  request.set_resume_token(response.resume_token());
  ASSERT_EQ(Verdict(Call(audit(), &Stub::WatchAuditRecords, request, &response)), "OK");
  ASSERT_EQ(response.records_size(), 1);
  EXPECT_EQ(response.records(0).index() + 1, AuditLines().size() - 1);
}

TEST_F(AuditServiceTest, TheRecordOfWatchingIsNoNews) {
  v1::WatchAuditRecordsRequest request;
  v1::WatchAuditRecordsResponse response;
  request.set_resume_token(Resume());  // whose record is behind it
  const auto channel = NewChannel();
  const auto watcher = v1::AuditService::NewStub(channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  grpc::Status status;
  const auto watch = watcher->AsyncWatchAuditRecords(&context, request, &queue);
  watch->Finish(&response, &status, &response);
  // A call behind it on the connection: by its answer the watch has looked.
  v1::ListAuditRecordsResponse listed;
  ASSERT_EQ(Verdict(Call(*watcher, &Stub::ListAuditRecords, {}, &listed)), "OK");
  void* tag = nullptr;
  bool ok = false;
  ASSERT_TRUE(queue.Next(&tag, &ok));
  ASSERT_EQ(Verdict(status), "OK");
  ASSERT_EQ(response.records_size(), 2);
  EXPECT_EQ(response.records(0).method(), "AuditService.WatchAuditRecords");
  EXPECT_EQ(response.records(1).method(), "AuditService.ListAuditRecords");
  // A page that is full of them is answered at once.
  request.set_resume_token(Resume());
  Resume();
  request.set_page_size(1);
  ASSERT_EQ(Verdict(Call(audit(), &Stub::WatchAuditRecords, request, &response)), "OK");
  EXPECT_EQ(response.records_size(), 1);
}

TEST_F(AuditServiceTest, WhatIsAskedWrongIsNamed) {
  const auto field = [this](const auto& set) {
    v1::ListAuditRecordsRequest request;
    v1::ListAuditRecordsResponse response;
    set(request);
    const grpc::Status status = Call(audit(), &Stub::ListAuditRecords, request, &response);
    EXPECT_EQ(Verdict(status), "INVALID_ARGUMENT INVALID_FIELD");
    return FieldOfRpc(status);
  };
  EXPECT_EQ(field([](auto& r) { r.set_tenant("No Tenant"); }), "tenant");
  EXPECT_EQ(field([](auto& r) { r.set_page_size(-1); }), "page_size");
  EXPECT_EQ(field([](auto& r) { r.mutable_filter()->mutable_since()->set_nanos(-1); }),
            "filter.since");
  EXPECT_EQ(field([](auto& r) { r.mutable_filter()->mutable_until()->set_seconds(INT64_MAX); }),
            "filter.until");
  EXPECT_EQ(
      field([](auto& r) { r.mutable_filter()->set_kind(static_cast<v1::AuditRecordKind>(77)); }),
      "filter.kind");

  v1::ListAuditRecordsRequest request;
  v1::ListAuditRecordsResponse response;
  request.set_page_size(2);
  ASSERT_EQ(ListVerdict(request, &response), "OK");
  const std::string token = response.next_page_token();
  ASSERT_TRUE(token.starts_with("1.")) << token;
  for (const std::string& bad :
       {std::string("x"), "1." + token, token + "0", token.substr(0, token.size() - 1),
        std::string("1.0.0.0/9/fieldkms/audit/00000000000000000000000000000000"),
        "1.0.7.1" + token.substr(token.find('/'))}) {
    EXPECT_EQ(field([&](auto& r) { r.set_page_token(bad); }), "page_token") << bad;
  }

  v1::WatchAuditRecordsRequest watch;
  v1::WatchAuditRecordsResponse watched;
  watch.set_resume_token("1.2");
  grpc::Status status = Call(audit(), &Stub::WatchAuditRecords, watch, &watched);
  EXPECT_EQ(FieldOfRpc(status), "resume_token");
  watch.set_resume_token("");
  watch.mutable_wait()->set_seconds(31);
  status = Call(audit(), &Stub::WatchAuditRecords, watch, &watched);
  EXPECT_EQ(FieldOfRpc(status), "wait");
}

}  // namespace
}  // namespace fieldkms::testing
