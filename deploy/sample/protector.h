// Protects and reveals rows through the service, a batch a column.
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
#include "clients/cpp/field_client.h"
#include "deploy/sample/customer.h"
#include "deploy/sample/database.h"

namespace fieldkms::sample {

// FieldName: every column is a field, such as "customers.card_number", and has a key of that
// name.
std::string FieldName(Column column);

// Protector is safe for concurrent use. `client` must outlive it.
class Protector {
 public:
  Protector(Client& client, std::string tenant, BindingIds binding_ids);

  // Protect returns `rows` with an envelope in place of every value, and the blind index of the
  // card number. Each value is checked by its field's format and bound to its column (`b`) and
  // row (`pk`). NULL stays NULL; an empty note is a value. Fails if any value does.
  absl::StatusOr<std::vector<Row>> Protect(std::span<const Row> rows);

  // Reveal is its inverse, as far as `view` shows values.
  absl::StatusOr<std::vector<Row>> Reveal(std::span<const Row> rows, v1::View view = v1::VIEW_FULL);

  // Reveal of one column only; the others are left out (NULL).
  absl::StatusOr<std::vector<Row>> RevealColumn(std::span<const Row> rows, Column column);

  // Reveals one envelope as the value of `column` in row `id`.
  absl::StatusOr<std::string> RevealOne(std::string_view envelope, Column column, int64_t id);

  // The blind indexes by which rows with this card number are found.
  absl::StatusOr<std::vector<std::string>> CardIndexes(const std::string& card_number);

 private:
  absl::Status ProtectColumn(std::span<const Row> rows, Column column, std::vector<Row>* out);
  absl::Status OpenColumn(std::span<const Row> rows, Column column, v1::View view,
                          std::vector<Row>* out);

  Client& client_;
  FieldClient fields_;
  std::string tenant_;
  BindingIds binding_ids_;
};

}  // namespace fieldkms::sample

#endif  // FIELDKMS_DEPLOY_SAMPLE_PROTECTOR_H_
