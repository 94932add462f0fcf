#include "sql/shim/rewrap_sources.h"

#include "crypto/envelope.h"
#include "crypto/names.h"
#include "crypto/status.h"

namespace fieldkms::shim {

bool RewrapSources::AreLimited(const Asker& asker, std::string_view tenant) {
  // Only a pattern that fits every name fits the empty one.
  return !asker.rules.Allows(Action::kRewrap, tenant, "");
}

absl::StatusOr<RewrapSources> RewrapSources::Of(Backend& backend, const Asker& asker,
                                                const std::string& tenant,
                                                const std::string& name) {
  RewrapSources sources;
  if (!AreLimited(asker, tenant)) return sources;
  FIELDKMS_ASSIGN_OR_RETURN(sources.key_id_, backend.KeyIdOf(tenant, name));
  return sources;
}

absl::Status RewrapSources::Check(std::string_view envelope) const {
  if (!key_id_) return absl::OkStatus();
  const absl::StatusOr<EnvelopeView> view = ParseEnvelope(AsBytes(envelope));
  if (!view.ok() || FormatKeyId(view->header.key_id) == *key_id_) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, Reason::kPermissionDenied,
               "the shim's rules allow to rewrap envelopes of this key only, not from another");
}

}  // namespace fieldkms::shim
