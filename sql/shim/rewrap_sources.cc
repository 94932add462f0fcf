#include "sql/shim/rewrap_sources.h"

#include <algorithm>

#include "crypto/envelope.h"
#include "crypto/names.h"
#include "crypto/status.h"

namespace fieldkms::shim {
namespace {

absl::Status Denied(std::string_view message) {
  return Error(absl::StatusCode::kPermissionDenied, Reason::kPermissionDenied, message);
}

// The id of an envelope's key; none for what is no envelope.
std::optional<std::string> IdOf(std::string_view envelope) {
  const absl::StatusOr<EnvelopeView> view = ParseEnvelope(AsBytes(envelope));
  if (!view.ok()) return std::nullopt;
  return FormatKeyId(view->header.key_id);
}

}  // namespace

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

absl::StatusOr<RewrapSources> RewrapSources::OfEach(
    Backend& backend, const Asker& asker, const std::string& tenant,
    const std::vector<std::string_view>& envelopes) {
  RewrapSources sources;
  if (!AreLimited(asker, tenant)) return sources;
  const auto knows_all = [&envelopes](const NamesById& names) {
    return std::all_of(envelopes.begin(), envelopes.end(), [&names](std::string_view envelope) {
      const std::optional<std::string> id = IdOf(envelope);
      return !id || names.contains(*id);
    });
  };
  FIELDKMS_ASSIGN_OR_RETURN(sources.names_, backend.key_names().Of(tenant, knows_all));
  sources.asker_ = &asker;
  sources.tenant_ = tenant;
  return sources;
}

absl::Status RewrapSources::Check(std::string_view envelope) const {
  const std::optional<std::string> id = IdOf(envelope);
  return id ? CheckId(*id) : absl::OkStatus();
}

absl::Status RewrapSources::CheckId(const std::string& key_id) const {
  if (key_id_ && key_id != *key_id_) {
    return Denied("the shim's rules allow to rewrap envelopes of this key only, not from another");
  }
  if (names_ == nullptr) return absl::OkStatus();
  const auto name = names_->find(key_id);
  // What has no name here may be another tenant's, too: all is alike to who may not.
  if (name != names_->end() && asker_->rules.Allows(Action::kRewrap, tenant_, name->second)) {
    return absl::OkStatus();
  }
  return Denied("the shim's rules do not allow to rewrap envelopes of this key");
}

}  // namespace fieldkms::shim
