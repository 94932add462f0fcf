// Encrypts and decrypts rows through the service, a batch a column.
#ifndef FIELDKMS_DEPLOY_SAMPLE_PROTECTOR_H_
#define FIELDKMS_DEPLOY_SAMPLE_PROTECTOR_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cpp/client.h"
#include "deploy/sample/customer.h"
#include "deploy/sample/database.h"

namespace fieldkms::sample {

// KeyName: every column has a key of its own, such as "customers.card_number".
std::string KeyName(Column column);

// Protector is safe for concurrent use. `client` must outlive it.
class Protector {
 public:
  Protector(Client& client, std::string tenant, BindingIds binding_ids);

  // Protect returns `rows` with an envelope in place of every value. Each value
  // is bound to its column (`b`) and row (`pk`). NULL stays NULL; the empty
  // string is a value. Fails if any value does.
  absl::StatusOr<std::vector<Row>> Protect(std::span<const Row> rows);

  // Reveal is its inverse.
  absl::StatusOr<std::vector<Row>> Reveal(std::span<const Row> rows);

  // Reveal of one column only; the others are left out (NULL).
  absl::StatusOr<std::vector<Row>> RevealColumn(std::span<const Row> rows, Column column);

  // Decrypts one envelope as the value of `column` in row `id`. Names no key, as an
  // application would: what is shown with it is that the context alone keeps a value
  // in its place.
  absl::StatusOr<std::string> RevealOne(std::string_view envelope, Column column, int64_t id);

  // Brings the card numbers of `rows` under the primary version of their key. No
  // plaintext leaves the service.
  absl::StatusOr<std::vector<Row>> RewrapCards(std::span<const Row> rows);

 private:
  absl::Status ProtectColumn(std::span<const Row> rows, Column column, std::vector<Row>* out);
  absl::Status OpenColumn(std::span<const Row> rows, Column column, std::vector<Row>* out);

  Client& client_;
  std::string tenant_;
  BindingIds binding_ids_;
};

}  // namespace fieldkms::sample

#endif  // FIELDKMS_DEPLOY_SAMPLE_PROTECTOR_H_
