// Cells: the text or bytes of one column of one row, and the envelopes in them. Pure functions.
#ifndef FIELDKMS_ROTATION_CELL_H_
#define FIELDKMS_ROTATION_CELL_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "rotation/table_plan.h"

namespace fieldkms::rotation {

// A cell is given as bytes for kBytea and as PostgreSQL's text of the value for all others
// (bytea_output = hex within arrays).
//
// EnvelopesIn returns the envelopes (as bytes) of a cell, in the order in which they stand. Of an
// array, elements that are NULL are none. Of JSON, values that are strings count, at any depth, if
// what they say, however escaped, is a whole envelope in text form ("fk1.…"); all others are left
// alone, so that a document may have none. Names of members do not count. Of kFpe there are none.
// Error: kInvalidArgument, kEnvelopeMalformed, for kBytea, kText and arrays: what is there is no
// envelope (crypto/envelope.h); and for a text that PostgreSQL does not print.
absl::StatusOr<std::vector<std::string>> EnvelopesIn(Shape shape, std::string_view cell);

// WithEnvelopes returns the cell with these in the places of those that EnvelopesIn returned, as
// PostgreSQL spells them (JSON: without escapes); all else stays as it is, byte by byte. Errors:
// those of EnvelopesIn; kInternal unless `envelopes` has as many.
absl::StatusOr<std::string> WithEnvelopes(Shape shape, std::string_view cell,
                                          std::span<const std::string> envelopes);

// CellOfEnvelope returns a cell of kBytea or kText that is this envelope. Error: kInternal for
// other shapes.
absl::StatusOr<std::string> CellOfEnvelope(Shape shape, const std::string& envelope);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_CELL_H_
