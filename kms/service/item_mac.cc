#include "kms/service/item_mac.h"

#include "crypto/status.h"

namespace fieldkms {
namespace {

absl::Status NoMacMaterial() { return Bug("a MAC key was loaded without MAC material"); }

// Whether a status says that the MAC is not right, rather than that it was not looked at.
bool IsMismatch(const absl::Status& status) {
  return ReasonOf(status) == Reason::kMacMismatch ||
         PublicReason(ReasonOf(status)) == Reason::kDecryptFailed;
}

}  // namespace

absl::StatusOr<MacPlace> ItemMac::PlaceOf(const MacContext& place) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string_view canonical,
                            workspace_.CanonicalContext(place.shared, place.own));
  return MacPlace{tenant_, canonical};
}

absl::StatusOr<KeyFinder::Found> ItemMac::FindToCompute(std::string_view key) {
  const absl::StatusOr<KeyFinder::Found> found =
      keys_.ToSeal(key, {Action::kMacCompute, KeyPurpose::kMac});
  if (!found.ok()) {
    context_.outcome.keys.Note(key);
  } else if (found->key != nullptr) {
    context_.outcome.keys.Note(found->key->record.name);
  }
  return found;
}

absl::Status ItemMac::Compute(const KeyFinder::Found& key, const MacContext& place,
                              std::string_view data, Computed* out) {
  const MacKey* const material = key.version->As<MacKey>();
  if (material == nullptr) return NoMacMaterial();
  FIELDKMS_ASSIGN_OR_RETURN(const MacPlace where, PlaceOf(place));
  const MacHeader header{key.key->record.key_id, key.version->version};
  FIELDKMS_RETURN_IF_ERROR(ComputeMac(*material, header, where, AsBytes(data), out->mac));
  out->key_version = header.version;
  return absl::OkStatus();
}

absl::StatusOr<RunState> ItemMac::Check(std::string_view pin, const MacContext& place,
                                        std::string_view mac, std::string_view data,
                                        Verified* out) {
  FIELDKMS_ASSIGN_OR_RETURN(const MacPlace where, PlaceOf(place));
  FIELDKMS_ASSIGN_OR_RETURN(const MacView value, ParseMac(AsBytes(mac)));
  FIELDKMS_ASSIGN_OR_RETURN(const KeyFinder::Found key,
                            keys_.ToOpen({value.header.key_id,
                                          value.header.version,
                                          pin,
                                          {Action::kMacVerify, KeyPurpose::kMac}}));
  if (key.key == nullptr) return RunState::kNeedsIo;
  const MacKey* const material = key.version->As<MacKey>();
  if (material == nullptr) return NoMacMaterial();
  FIELDKMS_RETURN_IF_ERROR(VerifyMac(*material, value, where, AsBytes(data)));
  *out = {true, key.version->version, Reason::kUnspecified};
  return RunState::kDone;
}

absl::StatusOr<RunState> ItemMac::Verify(std::string_view pin, const MacContext& place,
                                         std::string_view mac, std::string_view data,
                                         Verified* out) {
  const absl::StatusOr<RunState> state = Check(pin, place, mac, data, out);
  if (state.ok() || !IsMismatch(state.status())) return state;
  *out = {false, 0, ReasonOf(state.status())};
  return RunState::kDone;
}

}  // namespace fieldkms
