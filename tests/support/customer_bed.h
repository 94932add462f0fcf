// A table of customers on top of a RotationBed: card numbers as plaintext, as ciphertexts of a
// field, as blind indexes and as format-preserving texts, each column empty until a test fills it.
// What tests of the jobs stand on that make one column out of another.
#ifndef FIELDKMS_TESTS_SUPPORT_CUSTOMER_BED_H_
#define FIELDKMS_TESTS_SUPPORT_CUSTOMER_BED_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fieldkms/v1/rotation_service.pb.h"
#include "rotation/registry.h"
#include "rotation/service_calls.h"
#include "tests/support/rotation_bed.h"

namespace fieldkms::testing {

// What a checker found that opens every ciphertext, text and index of the table by itself.
struct CustomerCounts {
  uint64_t rows = 0;
  uint64_t sealed = 0;      // have a ciphertext
  uint64_t indexed = 0;     // have the blind index of what the ciphertext opens to
  uint64_t texts = 0;       // have a text that reads as the ledger says
  uint64_t wrong = 0;       // anything that reads as something else than the ledger has
  uint64_t unreadable = 0;  // anything that does not open
  std::map<uint32_t, uint64_t> index_versions;
  std::map<uint32_t, uint64_t> text_versions;
};

class CustomerBed {
 public:
  // Fields: `customers.card` (PAN; ciphertext under key RotationBed::kKey, blind index under
  // `card-index`) and `customers.card_text` (PAN; FPE under `card-fpe`).
  static constexpr char kField[] = "customers.card";
  static constexpr char kTextField[] = "customers.card_text";
  static constexpr char kIndexKey[] = "card-index";
  static constexpr char kFpeKey[] = "card-fpe";

  explicit CustomerBed(PostgresServer& server);

  RotationBed& bed() { return bed_; }
  Client& client() { return bed_.client(); }
  PostgresServer::Rows Sql(const std::string& sql) const { return bed_.Sql(sql); }

  // Makes public.customers (id bigint primary key, region text, card text, card_protected bytea,
  // card_index bytea, card_text text, card_text_version smallint) with ids 1 to `rows`. Every
  // seventh region is NULL. `card` is the ledger's.
  void MakeCustomers(uint64_t rows);
  // Registers card_protected, bound to id and region, with `card` beside it.
  rotation::ProtectedColumn Register(rotation::Conversion conversion);
  // Registers card_text, with its version.
  void RegisterTexts();
  // Fills card_protected and card_index, card_text and its version, from the ledger.
  void FillProtected();
  void FillTexts();

  static std::string CardOf(uint64_t id);
  // The ledger: what row `id` should read.
  void Expect(uint64_t id, std::string card) { ledger_[id] = std::move(card); }

  // Seals a card as applications do, for a row.
  absl::StatusOr<v1::ProtectedValue> Protect(uint64_t id, const std::string& card);
  uint32_t RotateKey(const std::string& name);

  // Makes and starts a job over public.customers, works on it to its end and returns it.
  absl::StatusOr<v1::RotationJob> RunJob(v1::RotationTransform transform, const std::string& key);
  // The same with calls that a test has changed.
  absl::StatusOr<v1::RotationJob> RunJob(
      v1::RotationTransform transform, const std::string& key,
      const std::function<void(rotation::ServiceCalls*)>& change);

  CustomerCounts Count();

 private:
  void MakeKey(const std::string& name, v1::KeyPurpose purpose);
  std::string MakeField(const v1::CreateFieldRequest& request);
  void CountTexts(CustomerCounts* counts);

  RotationBed bed_;
  std::string field_id_;       // 8 bytes
  std::string text_field_id_;  // 8 bytes
  std::string binding_id_;
  std::map<uint64_t, std::string> ledger_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_SUPPORT_CUSTOMER_BED_H_
