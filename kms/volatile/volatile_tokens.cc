#include "kms/volatile/volatile_tokens.h"

#include <optional>
#include <utility>

#include "crypto/names.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

// How many values that have ended a call wipes besides its own work: more than one, so that calls
// catch up with what has ended, and few, so that none waits for long. One alone makes room.
constexpr size_t kDroppedByACall = 4;

absl::Status CheckPlace(const VolatilePlace& place) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(place.tenant));
  if (place.field_id == 0) return InvalidField("field", "has no id");
  if (place.token.empty() || place.token.size() > kMaxVolatileToken) {
    return InvalidField("token", "must have 1 to 1,024 bytes");
  }
  return absl::OkStatus();
}

absl::Status CheckLife(Deadline expire_time, Deadline now) {
  if (expire_time <= now) return InvalidField("ttl", "must be positive");
  if (expire_time - now > kLongestVolatileLife) {
    return InvalidField("ttl", "must be at most 15 minutes for values that are never stored");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> VolatileTokens::Put(const VolatilePlace& place, SecretBytes&& value,
                                         Deadline expire_time, Deadline now) {
  FIELDKMS_RETURN_IF_ERROR(CheckPlace(place));
  FIELDKMS_RETURN_IF_ERROR(CheckLife(expire_time, now));
  if (value.empty() || value.size() > kMaxVolatileValue) {
    return InvalidField("value", "must have 1 to 64 bytes");
  }
  const std::lock_guard lock(mutex_);
  DropEnded(now, kDroppedByACall);
  const auto found = values_.find(place);
  if (found != values_.end()) {
    if (found->second.end->first > now) return false;
    Remove(found);
  }
  if (values_.size() >= most_values_) {
    return Error(absl::StatusCode::kResourceExhausted, Reason::kOverloaded,
                 "as many values that are never stored as may be are waiting to be taken");
  }
  const auto added =
      values_.try_emplace({std::string(place.tenant), place.field_id, std::string(place.token)})
          .first;
  added->second.end = ends_.emplace(expire_time, &added->first);
  added->second.value = std::move(value);
  return true;
}

absl::StatusOr<SecretBytes> VolatileTokens::Take(const VolatilePlace& place, Deadline now) {
  std::optional<SecretBytes> value;
  {
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(place);
    if (found != values_.end() && found->second.end->first > now) value = Remove(found);
    DropEnded(now, kDroppedByACall);
  }
  if (value) return *std::move(value);
  return Error(absl::StatusCode::kNotFound, Reason::kTokenNotFound, "there is no such token",
               "token");
}

bool VolatileTokens::Erase(const VolatilePlace& place, Deadline now) {
  const std::lock_guard lock(mutex_);
  const auto found = values_.find(place);
  const bool there = found != values_.end() && found->second.end->first > now;
  if (found != values_.end()) Remove(found);
  DropEnded(now, kDroppedByACall);
  return there;
}

// In steps, so that nobody waits for all of it.
size_t VolatileTokens::Sweep(Deadline now) {
  constexpr size_t kStep = 256;
  size_t dropped = 0;
  for (size_t last = kStep; last == kStep; dropped += last) {
    const std::lock_guard lock(mutex_);
    last = DropEnded(now, kStep);
  }
  return dropped;
}

size_t VolatileTokens::size() const {
  const std::lock_guard lock(mutex_);
  return values_.size();
}

size_t VolatileTokens::DropEnded(Deadline now, size_t most) {
  size_t dropped = 0;
  while (dropped < most && !ends_.empty() && ends_.begin()->first <= now) {
    Remove(values_.find(*ends_.begin()->second));
    ++dropped;
  }
  return dropped;
}

SecretBytes VolatileTokens::Remove(Values::iterator found) {
  SecretBytes value = std::move(found->second.value);
  ends_.erase(found->second.end);
  values_.erase(found);
  return value;
}

}  // namespace fieldkms
