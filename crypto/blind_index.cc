#include "crypto/blind_index.h"

#include <algorithm>
#include <array>
#include <limits>

#include "crypto/hkdf.h"
#include "crypto/names.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr size_t kRootSize = 32;
constexpr size_t kVersionSize = 2;
constexpr uint32_t kLeastBits = 8;
constexpr uint32_t kMostBucketBits = 32;
constexpr std::string_view kLabel = "fieldkms/blind-index/1";

absl::Status Refuse(std::string_view rule) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kInternal, rule);
}

absl::Status CheckPlace(const IndexPlace& place) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(place.tenant));
  if (place.field_id == 0) return Refuse("an index has a field id, which is never 0");
  if (place.version == 0 || place.version > std::numeric_limits<uint16_t>::max()) {
    return Refuse("an index has a version of 1 to 65,535");
  }
  const bool bucket = place.bits >= kLeastBits && place.bits <= kMostBucketBits;
  if (!bucket && place.bits != kFullIndexBits) return Refuse("an index has 128 or 8 to 32 bits");
  return absl::OkStatus();
}

// The slab is zeroed in the child of a fork: indexes under a key that everyone can make would
// be worse than none. A true root is zero with a chance of 2^-256.
absl::Status CheckRoot(const SecretBytes& root) {
  if (root.size() != kRootSize) return Refuse("the root of an index has 32 bytes");
  uint8_t any = 0;
  for (const uint8_t byte : root.Expose()) any |= byte;
  if (any != 0) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kCryptoFailure,
               "the key was wiped by a fork of the process");
}

std::string InfoOf(const IndexPlace& place) {
  std::array<uint8_t, 8 + 4 + 4 + 1> numbers;
  PutU64(numbers.data(), place.field_id);
  PutU32(numbers.data() + 8, place.index_id);
  PutU32(numbers.data() + 12, place.version);
  numbers[16] = static_cast<uint8_t>(place.bits);
  std::string info(kLabel);
  info.push_back(static_cast<char>(place.tenant.size()));
  info.append(place.tenant).append(AsText(numbers));
  return info;
}

size_t WholeBytes(uint32_t bits) { return (bits + 7) / 8; }

}  // namespace

absl::StatusOr<BlindIndexKey> BlindIndexKey::Derive(const SecretBytes& root,
                                                    const IndexPlace& place) {
  FIELDKMS_RETURN_IF_ERROR(CheckPlace(place));
  FIELDKMS_RETURN_IF_ERROR(CheckRoot(root));
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes derived, SecretBytes::Allocate(kMacSize));
  FIELDKMS_RETURN_IF_ERROR(
      HkdfSha256(root.Expose(), {}, AsBytes(InfoOf(place)), derived.ExposeMutable()));
  FIELDKMS_ASSIGN_OR_RETURN(MacKey key, MacKey::Create(std::move(derived)));
  return BlindIndexKey(std::move(key), place.version, place.bits);
}

absl::Status BlindIndexKey::Compute(std::string_view canonical, std::string* index) const {
  index->clear();
  if (canonical.size() > std::numeric_limits<uint32_t>::max()) {
    return Refuse("an indexed value has less than 4 GiB");
  }
  uint8_t size[4];
  PutU32(size, static_cast<uint32_t>(canonical.size()));
  std::array<uint8_t, kMacSize> mac;
  FIELDKMS_RETURN_IF_ERROR(key_.Compute({size, AsBytes(canonical)}, mac));
  const size_t bytes = WholeBytes(bits_);
  // What a bucket index leaves of its last byte are the first bits.
  mac[bytes - 1] &= static_cast<uint8_t>(0xff << (8 * bytes - bits_));
  index->resize(kVersionSize + bytes);
  PutU16(AsMutableBytes(*index).data(), static_cast<uint16_t>(version_));
  std::copy_n(mac.begin(), bytes, index->begin() + kVersionSize);
  Wipe(mac);  // a bucket index is not to be had with more bits
  return absl::OkStatus();
}

}  // namespace fieldkms
