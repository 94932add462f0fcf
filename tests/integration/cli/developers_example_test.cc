// The example of docs/developers.md, as it stands there, run against a real daemon.
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "clients/cpp/client.h"
#include "clients/cpp/field_client.h"
#include "clients/cpp/local_crypto.h"
#include "clients/cpp/rotation_client.h"
#include "clients/cpp/row_context.h"
#include "clients/cpp/rpc_status.h"
#include "clients/cpp/subject_client.h"
#include "clients/cpp/wipe.h"
#include "crypto/status.h"
#include "tests/integration/cli/cli_fixture.h"
#include "tests/support/paths.h"

namespace example {

// [example]
using namespace fieldkms;  // NOLINT: an example

// The place that a value belongs to: a column, which never changes, and a row. Of a
// key of several columns, RowKey takes a list.
void AddPlace(const std::string& column_id, const std::string& primary_key,
              google::protobuf::RepeatedPtrField<v1::ContextEntry>* context) {
  auto* column = context->Add();
  column->set_name("b");
  column->set_value(column_id);
  auto* row = context->Add();
  row->set_name("pk");
  row->set_value(RowKey(primary_key));
}

absl::StatusOr<std::string> SealEmail(Client& client, const std::string& column_id,
                                      const std::string& primary_key, std::string email) {
  v1::EncryptRequest request;
  const WipeGuard wipe(&request);
  request.set_tenant("acme");
  request.set_key("customers.email");
  request.set_plaintext(std::move(email));
  AddPlace(column_id, primary_key, request.mutable_context());
  FIELDKMS_ASSIGN_OR_RETURN(v1::EncryptResponse response, client.Encrypt(request));
  return std::move(*response.mutable_ciphertext());  // goes into a bytea column
}

absl::StatusOr<std::string> OpenEmail(Client& client, const std::string& column_id,
                                      const std::string& primary_key,
                                      const std::string& ciphertext) {
  v1::DecryptRequest request;
  request.set_tenant("acme");
  request.set_key("customers.email");  // what another key sealed does not open
  request.set_ciphertext(ciphertext);
  AddPlace(column_id, primary_key, request.mutable_context());
  auto response = client.Decrypt(request);
  if (response.ok()) return std::move(*response->mutable_plaintext());
  // Reason::kDecryptFailed: altered, or moved here from another row, column or
  // tenant. Retrying does not help; somebody should look.
  return response.status();
}

struct Row {
  std::string primary_key;
  std::string ciphertext;
  std::string email;  // filled in
};

// Opens the column of any number of rows; returns how many did not open.
absl::StatusOr<int> OpenEmails(Client& client, const std::string& column_id,
                               std::vector<Row>& rows) {
  v1::BatchDecryptRequest request;
  request.set_tenant("acme");
  request.set_key("customers.email");
  auto* column = request.add_shared_context();
  column->set_name("b");
  column->set_value(column_id);
  for (const Row& row : rows) {
    auto* item = request.add_items();
    item->set_ciphertext(row.ciphertext);
    auto* primary_key = item->add_context();
    primary_key->set_name("pk");
    primary_key->set_value(RowKey(row.primary_key));
  }
  FIELDKMS_ASSIGN_OR_RETURN(v1::BatchDecryptResponse response, client.BatchDecrypt(request));
  const WipeGuard wipe(&response);
  int failed = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto& result = response.results(static_cast<int>(i));
    if (absl::Status status = StatusOfItem(result.error()); !status.ok()) {
      ++failed;  // status, ReasonOf(status), FieldOf(status) say why
    } else {
      rows[i].email = result.plaintext();
    }
  }
  return failed;
}
// [example]

// [field example]
// What the shop keeps of a card: all of it may stand in the database.
struct StoredCard {
  std::string ciphertext;   // bytea
  std::string blind_index;  // bytea, with an index of the database
  std::string mask;         // to show without asking again
};

// Checks the number, and makes all that the field's policy says, in one call.
absl::StatusOr<StoredCard> ProtectCard(Client& client, const std::string& column_id,
                                       const std::string& primary_key, std::string card_number) {
  v1::ProtectRequest request;
  const WipeGuard wipe(&request);
  request.set_tenant("acme");
  request.set_field("customers.card_number");
  request.set_value(std::move(card_number));
  AddPlace(column_id, primary_key, request.mutable_context());
  // Reason::kValueInvalid: no card number; the message names the rule that it breaks.
  FIELDKMS_ASSIGN_OR_RETURN(v1::ProtectedValue made, FieldClient(client).Protect(request));
  return StoredCard{std::move(*made.mutable_ciphertext()), std::move(*made.mutable_blind_index()),
                    std::move(*made.mutable_mask())};
}

// The number as far as the caller's roles let it be seen: "************1111" for most.
absl::StatusOr<std::string> ShowCard(Client& client, const std::string& column_id,
                                     const std::string& primary_key,
                                     const std::string& ciphertext) {
  v1::RevealRequest request;
  request.set_tenant("acme");
  request.set_field("customers.card_number");
  request.set_ciphertext(ciphertext);
  AddPlace(column_id, primary_key, request.mutable_context());
  FIELDKMS_ASSIGN_OR_RETURN(v1::RevealResponse response, FieldClient(client).Reveal(request));
  return std::move(*response.mutable_value());
}

// What to search for: WHERE card_index = ANY ($1). More than one while the index key rotates.
absl::StatusOr<std::vector<std::string>> IndexesOfCard(Client& client, std::string card_number) {
  v1::BlindIndexRequest request;
  const WipeGuard wipe(&request);
  request.set_tenant("acme");
  request.set_field("customers.card_number");
  request.set_value(std::move(card_number));
  FIELDKMS_ASSIGN_OR_RETURN(v1::BlindIndexValue found, FieldClient(client).BlindIndex(request));
  std::vector<std::string> indexes(found.older().begin(), found.older().end());
  indexes.push_back(found.index());
  return indexes;
}
// [field example]

// [token example]
// What an order keeps in the place of a card number: a token, here of digits, for a bigint column.
// Of no use to who has no right to ask for the number.
absl::StatusOr<std::string> TokenOfCard(Client& client, const std::string& order,
                                        std::string card_number) {
  v1::TokenizeRequest request;
  const WipeGuard wipe(&request);
  request.set_tenant("acme");
  request.set_field("orders.card_number");
  request.set_value(std::move(card_number));
  // Comes back with the number. In the clear: nothing of the value may stand there.
  (*request.mutable_settings()->mutable_metadata())["order"] = order;
  FIELDKMS_ASSIGN_OR_RETURN(v1::TokenValue made, FieldClient(client).Tokenize(request));
  return std::move(*made.mutable_token());
}

// The number, as far as the caller's roles let it be seen; who pays with it needs `full`.
absl::StatusOr<std::string> CardOfToken(Client& client, const std::string& token) {
  v1::DetokenizeRequest request;
  request.set_tenant("acme");
  request.set_field("orders.card_number");
  request.set_token(token);
  // Tokens of this field may be read again and again, so the client may ask again, too. Leave
  // that out where they are for single use: a token whose answer was lost is gone.
  FIELDKMS_ASSIGN_OR_RETURN(v1::DetokenizeResponse read,
                            FieldClient(client).Detokenize(request, LostAnswer::kAskAgain));
  return std::move(*read.mutable_value());  // Reason::kTokenNotFound: never was, ended, erased
}

// A customer goes: all tokens of the card, of all orders. Returns how many there were.
absl::StatusOr<uint64_t> ForgetCard(Client& client, std::string card_number) {
  v1::EraseRequest request;
  const WipeGuard wipe(&request);
  request.set_tenant("acme");
  request.set_field("orders.card_number");
  request.set_value(std::move(card_number));
  FIELDKMS_ASSIGN_OR_RETURN(const v1::EraseResponse erased, FieldClient(client).Erase(request));
  return erased.erased_count();
}
// [token example]

// [subject example]
// What stands in the rows of a customer, for whoever asks what is kept of them, and for the day on
// which they go. `customer`: the application's own id of them.
absl::StatusOr<StoredCard> ProtectCardOf(Client& client, const std::string& customer,
                                         std::string card_number) {
  v1::ProtectRequest request;
  const WipeGuard wipe(&request);
  request.set_tenant("acme");
  request.set_field("customers.card_number");
  request.set_value(std::move(card_number));
  request.set_subject(customer);
  FIELDKMS_ASSIGN_OR_RETURN(v1::ProtectedValue made, FieldClient(client).Protect(request));
  return StoredCard{std::move(*made.mutable_ciphertext()), std::move(*made.mutable_blind_index()),
                    std::move(*made.mutable_mask())};
}

// A court wants it kept: until the hold is released (an empty reason), nobody erases it.
absl::Status HoldCustomer(Client& client, const std::string& customer, const std::string& reason) {
  v1::SetLegalHoldRequest request;
  request.set_tenant("acme");
  request.set_subject(customer);
  request.set_reason(reason);
  return SubjectClient(client).SetLegalHold(request).status();
}

// A customer goes. Their index columns first: what the indexes are of, the service names only once,
// in the answer that may be lost. `clear_index`: the application's, for a field.
absl::StatusOr<v1::EraseSubjectResponse> ForgetCustomer(
    Client& client, const std::string& customer,
    const std::function<void(const std::string& field)>& clear_index) {
  v1::GetSubjectRequest get;
  get.set_tenant("acme");
  get.set_subject(customer);
  // Reason::kSubjectNotFound: never was, or is erased already.
  FIELDKMS_ASSIGN_OR_RETURN(const v1::Subject subject, SubjectClient(client).GetSubject(get));
  if (subject.has_hold()) return absl::FailedPreconditionError("on legal hold");
  for (const std::string& field : subject.fields()) clear_index(field);
  v1::EraseSubjectRequest erase;
  erase.set_tenant("acme");
  erase.set_subject(customer);
  // Keep the answer: it proves the erasure, and says when no backup can undo it any more.
  // UNAVAILABLE and DEADLINE_EXCEEDED: call again, unless the customer may be back by now.
  return SubjectClient(client).EraseSubject(erase);
}
// [subject example]

// [rotation example]
// After the key was rotated: a job that brings all rows of the database "shop" to the new version.
// It is carried out by workers that are running next to that database.
absl::StatusOr<v1::RotationJob> ReencryptShop(Client& client, const std::string& key) {
  v1::CreateJobRequest request;
  request.set_tenant("acme");
  request.mutable_spec()->set_data_source("shop");
  request.mutable_spec()->set_key(key);
  request.set_start(true);
  return RotationClient(client).CreateJob(request);
}

// Waits for its end; `show`: the application's, for how far it is.
absl::StatusOr<v1::RotationJob> AwaitJob(Client& client, const std::string& job_id,
                                         const std::function<void(const v1::RotationJob&)>& show) {
  v1::WatchJobRequest request;
  request.set_tenant("acme");
  request.set_job_id(job_id);
  v1::RotationJob last;
  const auto on_job = [&](const v1::RotationJob& job) {
    show(job);
    last = job;
    return true;  // go on, until it has ended
  };
  FIELDKMS_RETURN_IF_ERROR(RotationClient(client).WatchJob(request, on_job));
  return last;
}

// From now on: whenever the key has a new version, and a new version each 90 days.
absl::StatusOr<v1::RotationSchedule> KeepShopFresh(Client& client, const std::string& key) {
  v1::CreateScheduleRequest request;
  request.set_tenant("acme");
  v1::RotationSchedule* const schedule = request.mutable_schedule();
  schedule->mutable_spec()->set_data_source("shop");
  schedule->mutable_spec()->set_key(key);
  schedule->mutable_rotate_after()->set_seconds(int64_t{90} * 24 * 3600);
  schedule->mutable_within()->set_seconds(int64_t{7} * 24 * 3600);
  return RotationClient(client).CreateSchedule(request);
}
// [rotation example]

// [local example]
// A shop that opens thousands of values a second for one key. Keep the two objects.
struct LocalShop {
  std::unique_ptr<LocalCrypto> crypto;
  LocalKey* email = nullptr;  // lives as long as `crypto`
};

absl::StatusOr<LocalShop> OpenLocalShop(std::shared_ptr<Client> client) {
  LocalCryptoOptions options;
  options.audit = [](const LocalUse& use) {
    // Into a trail of your own: the service knows of leases only, not of values.
    const char* what = use.operation == LocalUse::Operation::kEncrypt ? "encrypt" : "decrypt";
    std::clog << what << ' ' << use.key << '/' << use.key_version << ' ' << use.lease_id << '\n';
    return std::clog ? absl::OkStatus() : absl::UnavailableError("the trail is broken");
  };
  LocalShop shop;
  FIELDKMS_ASSIGN_OR_RETURN(shop.crypto, LocalCrypto::Create(std::move(client), options));
  FIELDKMS_ASSIGN_OR_RETURN(shop.email, shop.crypto->Key("acme", "customers.email"));
  return shop;
}

absl::StatusOr<std::string> SealLocally(LocalShop& shop, const std::string& column_id,
                                        const std::string& primary_key, std::string_view email) {
  const std::string row = RowKey(primary_key);
  const ContextEntry place[] = {{"b", column_id}, {"pk", row}};
  std::string ciphertext;
  FIELDKMS_RETURN_IF_ERROR(shop.email->Encrypt(place, email, &ciphertext).status());
  return ciphertext;
}
// [local example]

}  // namespace example

namespace fieldkms::testing {
namespace {

class DevelopersExampleTest : public CliTest {};

TEST_F(DevelopersExampleTest, DoesWhatTheDocumentSays) {
  ASSERT_OK_AND_ASSIGN(const auto client, Client::Create({.target = daemon().target()}));
  const std::string column = "0123456789abcdef";
  ASSERT_OK_AND_ASSIGN(const std::string one,
                       example::SealEmail(*client, column, "1", "alice@example.com"));
  ASSERT_OK_AND_ASSIGN(const std::string two,
                       example::SealEmail(*client, column, "2", "bob@example.com"));
  EXPECT_EQ(example::OpenEmail(*client, column, "1", one).value(), "alice@example.com");
  EXPECT_THAT(example::OpenEmail(*client, column, "2", one),
              StatusIs(absl::StatusCode::kInvalidArgument, Reason::kDecryptFailed));

  std::vector<example::Row> rows = {{"1", one, ""}, {"2", two, ""}, {"3", one, ""}};
  EXPECT_EQ(example::OpenEmails(*client, column, rows).value(), 1);
  EXPECT_EQ(rows[0].email, "alice@example.com");
  EXPECT_EQ(rows[1].email, "bob@example.com");
  EXPECT_EQ(rows[2].email, "");
}

TEST_F(DevelopersExampleTest, WhatIsSealedLocallyTheServiceOpens) {
  ASSERT_OK_AND_ASSIGN(auto made, Client::Create({.target = daemon().target()}));
  const std::shared_ptr<Client> client = std::move(made);
  ASSERT_OK_AND_ASSIGN(example::LocalShop shop, example::OpenLocalShop(client));
  ASSERT_OK_AND_ASSIGN(const std::string sealed,
                       example::SealLocally(shop, "0123456789abcdef", "1", "alice@example.com"));
  EXPECT_EQ(example::OpenEmail(*client, "0123456789abcdef", "1", sealed).value(),
            "alice@example.com");
}

TEST_F(DevelopersExampleTest, CardsAreProtectedShownAndFound) {
  for (const auto& [name, purpose] : {std::pair("customers.card_number", "ENCRYPT"),
                                      std::pair("customers.index", "BLIND_INDEX")}) {
    ASSERT_EQ(Cli({"key", "create", name, "--tenant", "acme", "--purpose", purpose}).code, 0);
  }
  ASSERT_EQ(Cli({"field", "create", "customers.card_number", "--tenant", "acme", "--format", "pan",
                 "--key", "customers.card_number", "--index-key", "customers.index"})
                .code,
            0);
  ASSERT_OK_AND_ASSIGN(const auto client, Client::Create({.target = daemon().target()}));
  const std::string column = "0123456789abcdef";
  ASSERT_OK_AND_ASSIGN(const example::StoredCard card,
                       example::ProtectCard(*client, column, "1", "4111 1111 1111 1111"));
  EXPECT_EQ(card.mask, "************1111");
  EXPECT_EQ(example::ShowCard(*client, column, "1", card.ciphertext).value(),
            "4111 1111 1111 1111");
  EXPECT_THAT(example::ShowCard(*client, column, "2", card.ciphertext),
              StatusIs(Reason::kDecryptFailed));
  EXPECT_THAT(example::IndexesOfCard(*client, "4111111111111111").value(),
              ::testing::ElementsAre(card.blind_index));
  EXPECT_THAT(example::ProtectCard(*client, column, "1", "4111 1111 1111 1112"),
              StatusIs(Reason::kValueInvalid));
}

TEST_F(DevelopersExampleTest, OrdersKeepTokens) {
  for (const auto& [name, purpose] :
       {std::pair("orders.token", "TOKEN"), std::pair("orders.lookup", "BLIND_INDEX")}) {
    ASSERT_EQ(Cli({"key", "create", name, "--tenant", "acme", "--purpose", purpose}).code, 0);
  }
  ASSERT_EQ(Cli({"field", "create", "orders.card_number", "--tenant", "acme", "--format", "pan",
                 "--token-key", "orders.token", "--token-lookup-key", "orders.lookup",
                 "--token-form", "numeric", "--token-keep-last", "4"})
                .code,
            0);
  ASSERT_OK_AND_ASSIGN(const auto client, Client::Create({.target = daemon().target()}));
  ASSERT_OK_AND_ASSIGN(const std::string one,
                       example::TokenOfCard(*client, "1", "4111 1111 1111 1111"));
  ASSERT_OK_AND_ASSIGN(const std::string two,
                       example::TokenOfCard(*client, "2", "4111 1111 1111 1111"));
  EXPECT_THAT(one, ::testing::MatchesRegex("9[0-9]{13}1111"));
  EXPECT_NE(one, two);
  EXPECT_EQ(example::CardOfToken(*client, one).value(), "4111 1111 1111 1111");
  EXPECT_EQ(example::ForgetCard(*client, "4111-1111-1111-1111").value(), 2u);
  EXPECT_THAT(example::CardOfToken(*client, two), StatusIs(Reason::kTokenNotFound));
  EXPECT_THAT(example::TokenOfCard(*client, "3", one), StatusIs(Reason::kValueInvalid));
}

TEST_F(DevelopersExampleTest, CustomersAreForgotten) {
  for (const auto& [name, purpose] :
       {std::pair("subjects.card", "ENCRYPT"), std::pair("subjects.index", "BLIND_INDEX")}) {
    ASSERT_EQ(Cli({"key", "create", name, "--tenant", "acme", "--purpose", purpose}).code, 0);
  }
  // The test of cards may have made it.
  Cli({"field", "create", "customers.card_number", "--tenant", "acme", "--format", "pan", "--key",
       "subjects.card", "--index-key", "subjects.index"});
  ASSERT_OK_AND_ASSIGN(const auto client, Client::Create({.target = daemon().target()}));
  ASSERT_OK_AND_ASSIGN(const example::StoredCard card,
                       example::ProtectCardOf(*client, "customer-1047", "4111 1111 1111 1111"));
  v1::RevealRequest reveal;
  reveal.set_tenant("acme");
  reveal.set_field("customers.card_number");
  reveal.set_ciphertext(card.ciphertext);
  EXPECT_OK(FieldClient(*client).Reveal(reveal));
  std::vector<std::string> cleared;
  const auto clear = [&](const std::string& field) { cleared.push_back(field); };
  ASSERT_OK(example::HoldCustomer(*client, "customer-1047", "case 7"));
  EXPECT_FALSE(example::ForgetCustomer(*client, "customer-1047", clear).ok());
  EXPECT_OK(FieldClient(*client).Reveal(reveal));
  ASSERT_OK(example::HoldCustomer(*client, "customer-1047", ""));
  ASSERT_OK_AND_ASSIGN(const v1::EraseSubjectResponse proof,
                       example::ForgetCustomer(*client, "customer-1047", clear));
  EXPECT_THAT(cleared, ::testing::ElementsAre("customers.card_number"));
  EXPECT_THAT(proof.indexed_fields(), ::testing::ElementsAre("customers.card_number"));
  EXPECT_THAT(FieldClient(*client).Reveal(reveal), StatusIs(Reason::kDecryptFailed));
  EXPECT_THAT(example::ForgetCustomer(*client, "customer-1047", clear),
              StatusIs(Reason::kSubjectNotFound));
}

TEST_F(DevelopersExampleTest, ReencryptsRows) {
  ASSERT_OK_AND_ASSIGN(const auto client, Client::Create({.target = daemon().target()}));
  ASSERT_OK_AND_ASSIGN(const v1::RotationJob job,
                       example::ReencryptShop(*client, "customers.email"));
  EXPECT_EQ(job.state(), v1::ROTATION_STATE_RUNNING);
  ASSERT_OK_AND_ASSIGN(const v1::RotationSchedule schedule,
                       example::KeepShopFresh(*client, "customers.email"));
  EXPECT_TRUE(schedule.has_next_run());
  int shown = 0;
  const auto show = [&](const v1::RotationJob&) {
    if (++shown != 1) return;
    v1::CancelJobRequest cancel;
    cancel.set_tenant("acme");
    cancel.set_job_id(job.job_id());
    EXPECT_OK(RotationClient(*client).CancelJob(cancel));
  };
  ASSERT_OK_AND_ASSIGN(const v1::RotationJob ended, example::AwaitJob(*client, job.job_id(), show));
  EXPECT_EQ(ended.state(), v1::ROTATION_STATE_CANCELLED);
  EXPECT_EQ(shown, 2);
}

// The text between two marks is what people copy.
void ExpectInTheDocument(const std::string& mark) {
  const std::string root = testing::SourceDir();
  const std::string source = ReadFile(root + "/tests/integration/cli/developers_example_test.cc");
  const size_t begin = source.find(mark) + mark.size();
  const std::string code = source.substr(begin, source.find(mark, begin) - begin);
  EXPECT_GT(code.size(), 1'000u);
  EXPECT_NE(ReadFile(root + "/docs/developers.md").find(code), std::string::npos)
      << "docs/developers.md shows another example than the one that is run";
}

TEST_F(DevelopersExampleTest, StandsInTheDocument) {
  ExpectInTheDocument("// [example]\n");
  ExpectInTheDocument("// [field example]\n");
  ExpectInTheDocument("// [token example]\n");
  ExpectInTheDocument("// [subject example]\n");
  ExpectInTheDocument("// [rotation example]\n");
  ExpectInTheDocument("// [local example]\n");
}

}  // namespace
}  // namespace fieldkms::testing
