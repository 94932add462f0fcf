#include "kms/service/volatile_values.h"

#include <utility>

#include "crypto/field/token_text.h"
#include "crypto/status.h"
#include "kms/service/token_seal.h"

namespace fieldkms {
namespace {

constexpr std::string_view kPrefix = "tok_";

// Policies promise no more than what is kept can keep.
static_assert(kMaxVolatileTtl <= kLongestVolatileLife);

VolatilePlace PlaceOf(const LoadedField& field, std::string_view token) {
  return {field.record.tenant, field.record.field_id, token};
}

PeerToken NameOf(const LoadedField& field, std::string_view token) {
  return {field.record.tenant, field.record.name, token};
}

}  // namespace

bool VolatileValues::IsOurs(std::string_view token) const {
  return token.substr(std::min(kPrefix.size(), token.size())).starts_with(mark_);
}

absl::StatusOr<std::string> VolatileValues::Put(const LoadedField& field, std::string_view value,
                                                std::chrono::seconds life) {
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes secret, SecretBytes::CopyOf(AsBytes(value)));
  std::string token;
  FIELDKMS_RETURN_IF_ERROR(DrawToken({}, {}, &token));
  token.insert(kPrefix.size(), mark_);
  const Deadline now = clock_.Steady();
  FIELDKMS_ASSIGN_OR_RETURN(const bool stored,
                            tokens_.Put(PlaceOf(field, token), std::move(secret), now + life, now));
  if (!stored) return Bug("a token of 130 random bits was drawn twice");
  return token;
}

absl::Status VolatileValues::Take(const LoadedField& field, std::string_view token, bool ask_peers,
                                  Deadline deadline, std::string* value) {
  if (IsOurs(token)) {
    FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes secret,
                              tokens_.Take(PlaceOf(field, token), clock_.Steady()));
    value->assign(AsText(secret.Expose()));
    return absl::OkStatus();
  }
  if (!ask_peers || peers_ == nullptr) return TokenNotFound();
  return peers_->Detokenize(NameOf(field, token), deadline, value);
}

absl::StatusOr<uint64_t> VolatileValues::Erase(const LoadedField& field, std::string_view token,
                                               bool ask_peers, Deadline deadline) {
  if (IsOurs(token)) {
    return uint64_t{tokens_.Erase(PlaceOf(field, token), clock_.Steady()) ? 1u : 0u};
  }
  if (!ask_peers || peers_ == nullptr) return uint64_t{0};
  return peers_->Erase(NameOf(field, token), deadline);
}

}  // namespace fieldkms
