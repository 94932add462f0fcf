#include "rotation/cell.h"

#include <cstddef>
#include <optional>

#include "crypto/bytes.h"
#include "crypto/envelope.h"
#include "crypto/hex.h"
#include "crypto/status.h"
#include "rotation/array_text.h"
#include "rotation/json_strings.h"

namespace fieldkms::rotation {
namespace {

constexpr std::string_view kHexPrefix = "\\x";  // of bytea_output = hex
constexpr std::string_view kTextPrefix = "fk1.";

// An envelope, and the part of the cell that spells it.
struct Place {
  size_t begin = 0;
  size_t end = 0;
  std::string envelope;
};

absl::Status NoEnvelope() {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kEnvelopeMalformed,
               "a cell holds something else than an envelope");
}

absl::Status NotPrinted(std::string_view what) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kEnvelopeMalformed,
               "a cell is no " + std::string(what) + " as PostgreSQL prints it");
}

std::optional<std::string> EnvelopeOfText(std::string_view text) {
  absl::StatusOr<std::string> envelope = DecodeText(text);
  if (!envelope.ok() || !ParseEnvelope(AsBytes(*envelope)).ok()) return std::nullopt;
  return *std::move(envelope);
}

std::optional<std::string> EnvelopeOfBytes(std::string_view bytes) {
  if (!ParseEnvelope(AsBytes(bytes)).ok()) return std::nullopt;
  return std::string(bytes);
}

std::optional<std::string> EnvelopeOfHex(std::string_view text) {
  if (!text.starts_with(kHexPrefix)) return std::nullopt;
  text.remove_prefix(kHexPrefix.size());
  std::string bytes(text.size() / 2, '\0');
  if (!DecodeHex(text, AsMutableBytes(bytes))) return std::nullopt;
  return EnvelopeOfBytes(bytes);
}

absl::StatusOr<std::vector<Place>> WholeCell(std::string_view cell,
                                             std::optional<std::string> envelope) {
  if (!envelope) return NoEnvelope();
  return std::vector<Place>{{0, cell.size(), *std::move(envelope)}};
}

absl::StatusOr<std::vector<Place>> PlacesInArray(Shape shape, std::string_view cell) {
  const auto elements = ReadArray(cell);
  if (!elements) return NotPrinted("array");
  std::vector<Place> places;
  for (const ArrayElement& element : *elements) {
    if (element.is_null) continue;
    const std::string value = ElementValue(cell, element);
    auto envelope = shape == Shape::kByteaArray ? EnvelopeOfHex(value) : EnvelopeOfText(value);
    if (!envelope) return NoEnvelope();
    places.push_back({element.begin, element.end, *std::move(envelope)});
  }
  return places;
}

absl::StatusOr<std::vector<Place>> PlacesInJson(std::string_view cell) {
  const auto strings = ReadJsonStrings(cell);
  if (!strings) return NotPrinted("JSON");
  std::vector<Place> places;
  for (const JsonString& string : *strings) {
    const std::optional<std::string> value = AsciiValue(cell, string);
    if (!value || !value->starts_with(kTextPrefix)) continue;
    if (auto envelope = EnvelopeOfText(*value)) {
      places.push_back({string.begin, string.end, *std::move(envelope)});
    }
  }
  return places;
}

absl::StatusOr<std::vector<Place>> PlacesIn(Shape shape, std::string_view cell) {
  switch (shape) {
    case Shape::kBytea:
      return WholeCell(cell, EnvelopeOfBytes(cell));
    case Shape::kText:
      return WholeCell(cell, EnvelopeOfText(cell));
    case Shape::kByteaArray:
    case Shape::kTextArray:
      return PlacesInArray(shape, cell);
    case Shape::kJson:
    case Shape::kJsonb:
      return PlacesInJson(cell);
    case Shape::kFpe:
      return std::vector<Place>();
  }
  return Bug("a shape is not known");
}

// How the cell spells an envelope where it stands.
std::string Spell(Shape shape, const std::string& envelope) {
  switch (shape) {
    case Shape::kBytea:
      return envelope;
    case Shape::kText:
      return EncodeText(AsBytes(envelope));
    case Shape::kByteaArray:
      return SpellElement(std::string(kHexPrefix) + EncodeHex(AsBytes(envelope)));
    case Shape::kTextArray:
      return SpellElement(EncodeText(AsBytes(envelope)));
    case Shape::kJson:
    case Shape::kJsonb:
      return '"' + EncodeText(AsBytes(envelope)) + '"';
    case Shape::kFpe:
      break;
  }
  return {};
}

}  // namespace

absl::StatusOr<std::vector<std::string>> EnvelopesIn(Shape shape, std::string_view cell) {
  FIELDKMS_ASSIGN_OR_RETURN(std::vector<Place> places, PlacesIn(shape, cell));
  std::vector<std::string> envelopes;
  envelopes.reserve(places.size());
  for (Place& place : places) envelopes.push_back(std::move(place.envelope));
  return envelopes;
}

absl::StatusOr<std::string> WithEnvelopes(Shape shape, std::string_view cell,
                                          std::span<const std::string> envelopes) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<Place> places, PlacesIn(shape, cell));
  if (envelopes.size() != places.size()) return Bug("a cell has another number of envelopes");
  std::string out;
  size_t copied = 0;
  for (size_t i = 0; i < places.size(); ++i) {
    out += cell.substr(copied, places[i].begin - copied);
    out += Spell(shape, envelopes[i]);
    copied = places[i].end;
  }
  out += cell.substr(copied);
  return out;
}

absl::StatusOr<std::string> CellOfEnvelope(Shape shape, const std::string& envelope) {
  if (shape == Shape::kBytea || shape == Shape::kText) return Spell(shape, envelope);
  return Bug("a cell of this shape is no single envelope");
}

}  // namespace fieldkms::rotation
