#include "rotation/column_json.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/hex.h"

namespace fieldkms::rotation {
namespace {

using Json = nlohmann::ordered_json;

std::string Hex(std::string_view bytes) { return EncodeHex(AsBytes(bytes)); }

Json OrNull(const std::optional<std::string>& text) { return text ? Json(*text) : Json(nullptr); }

Json TablesJson(const std::vector<TableName>& tables) {
  Json json = Json::array();
  for (const TableName& table : tables) {
    json.push_back({{"schema", table.schema}, {"table", table.table}});
  }
  return json;
}

}  // namespace

Json ColumnJson(const ProtectedColumn& column) {
  Json context = Json::object();
  for (size_t i = 0; i < column.context_names.size(); ++i) {
    context[column.context_names[i]] = column.context_columns[i];
  }
  return {{"schema", column.table.schema},
          {"table", column.table.table},
          {"column", column.column},
          {"tenant", column.tenant},
          {"key", column.key},
          {"field", column.field ? Json(*column.field) : Json(nullptr)},
          {"field_id", column.field ? Json(Hex(column.field_id)) : Json(nullptr)},
          {"shape", ShapeName(column.shape)},
          {"row_key", column.key_columns},
          {"context", std::move(context)},
          {"index_column", OrNull(column.index_column)},
          {"index_key", OrNull(column.index_key)},
          {"version_column", OrNull(column.version_column)},
          {"plain_column", OrNull(column.plain_column)},
          {"source", column.source ? Json(SourceKindName(*column.source)) : Json(nullptr)},
          {"source_key", OrNull(column.source_key)},
          {"source_columns", column.source_columns},
          {"conversion", column.conversion == Conversion::kNone
                             ? Json(nullptr)
                             : Json(ConversionName(column.conversion))},
          {"binding_id", Hex(column.binding_id)}};
}

Json DroppedJson(const DroppedPlaintext& dropped) {
  return {{"column", ColumnJson(dropped.column)},
          {"rewritten", TablesJson(dropped.rewritten)},
          {"pending", TablesJson(dropped.pending)},
          {"wal_position", dropped.wal_position},
          {"time", dropped.time},
          {"slots", {{"logical", dropped.slots.logical}, {"physical", dropped.slots.physical}}},
          {"standbys", dropped.standbys}};
}

}  // namespace fieldkms::rotation
