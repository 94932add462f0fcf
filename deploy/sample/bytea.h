// PostgreSQL's hex form of bytea, for COPY, and small pieces of envelopes.
#ifndef FIELDKMS_DEPLOY_SAMPLE_BYTEA_H_
#define FIELDKMS_DEPLOY_SAMPLE_BYTEA_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace fieldkms::sample {

// Hex returns two lower-case digits a byte.
std::string Hex(std::string_view bytes);

// EncodeBytea returns "\x" and hex digits.
std::string EncodeBytea(std::string_view bytes);

// DecodeBytea is its inverse. Throws std::invalid_argument for anything else.
std::string DecodeBytea(std::string_view text);

// VersionBytes: a key version as it stands in an envelope, four bytes big-endian.
std::string VersionBytes(uint32_t version);

}  // namespace fieldkms::sample

#endif  // FIELDKMS_DEPLOY_SAMPLE_BYTEA_H_
