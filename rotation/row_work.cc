#include "rotation/row_work.h"

#include "clients/cpp/row_context.h"
#include "crypto/bytes.h"
#include "crypto/sha256.h"

namespace fieldkms::rotation {
namespace {

// NULL is told from the empty text.
void AddAll(const std::vector<std::optional<std::string>>& values,
            std::vector<std::string>* parts) {
  for (const std::optional<std::string>& value : values) {
    parts->push_back(value ? "=" + *value : std::string());
  }
}

std::string DigestOf(const std::vector<std::string>& parts) {
  const std::vector<std::string_view> views(parts.begin(), parts.end());
  const auto digest = Sha256(AsBytes(RowKey(views)));
  // Without a digest a bad cell is listed once more in each pass: never lost.
  return digest.ok() ? std::string(AsText(*digest)) : std::string(kSha256Size, '\0');
}

std::vector<std::string> PlaceOf(const TableRow& row, size_t column) {
  std::vector<std::string> parts = NameOf(row);
  parts.push_back(std::to_string(column));
  return parts;
}

}  // namespace

std::string PlaceDigest(const TableRow& row, size_t column) {
  return DigestOf(PlaceOf(row, column));
}

std::string CellDigest(const TableRow& row, size_t column) {
  std::vector<std::string> parts = PlaceOf(row, column);
  AddAll({row.cells[column]}, &parts);
  AddAll(row.row_key, &parts);
  AddAll(row.context, &parts);
  return DigestOf(parts);
}

}  // namespace fieldkms::rotation
