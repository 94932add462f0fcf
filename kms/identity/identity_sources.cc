#include "kms/identity/identity_sources.h"

#include <algorithm>
#include <utility>

#include "crypto/status.h"
#include "kms/observe/log.h"
#include "kms/trusted_file.h"

namespace fieldkms {
namespace {

constexpr std::chrono::seconds kUrlPause{10};  // between two looks at a URL, at least
constexpr std::chrono::milliseconds kUrlTimeout{5'000};

absl::Status ConfigInvalid(const std::string& message) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid, message);
}

absl::Status Unavailable(const std::string& message) {
  return Error(absl::StatusCode::kUnavailable, Reason::kUnauthenticated, message);
}

const std::string& PlaceOf(const IssuerSource& source) {
  return source.keys_file.empty() ? source.keys_url : source.keys_file;
}

}  // namespace

IdentitySources::IdentitySources(IdentityOptions options, const Clock& clock)
    : options_(std::move(options)), clock_(clock), issuers_(options_.issuers.size()) {}

absl::StatusOr<std::unique_ptr<IdentitySources>> IdentitySources::Open(IdentityOptions options,
                                                                       const Clock& clock) {
  std::unique_ptr<IdentitySources> sources(new IdentitySources(std::move(options), clock));
  FIELDKMS_RETURN_IF_ERROR(sources->Prepare());
  if (sources->options_.certificates) {
    FIELDKMS_RETURN_IF_ERROR(sources->LoadCertificates().status());
  }
  for (size_t i = 0; i < sources->issuers_.size(); ++i) {
    const IssuerSource& source = sources->options_.issuers[i];
    const absl::Status loaded =
        sources->LoadKeys(source, &sources->issuers_[i], clock.Steady() + kUrlTimeout).status();
    if (!source.keys_file.empty()) FIELDKMS_RETURN_IF_ERROR(loaded);
    sources->Note(PlaceOf(source), loaded);
  }
  sources->Publish();
  return sources;
}

absl::Status IdentitySources::Prepare() {
  for (size_t i = 0; i < issuers_.size(); ++i) {
    const IssuerSource& source = options_.issuers[i];
    for (size_t j = 0; j < i; ++j) {
      if (options_.issuers[j].options.issuer == source.options.issuer) {
        return ConfigInvalid("two issuers of tokens have the same issuer: '" +
                             options_.issuers[j].options.name + "' and '" + source.options.name +
                             "'");
      }
    }
    if (source.keys_url.empty()) continue;
    HttpOptions http;
    http.ca_file = source.keys_ca_file;
    http.call_timeout = kUrlTimeout;
    http.max_response = kMaxKeySetSize;
    FIELDKMS_ASSIGN_OR_RETURN(issuers_[i].http, MakeHttpClient(http));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> IdentitySources::LoadCertificates() {
  const CertificateFiles& files = *options_.certificates;
  FIELDKMS_ASSIGN_OR_RETURN(const std::string authorities, ReadTrustedFile(files.authorities));
  std::string revocations;
  if (!files.revocations.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(revocations, ReadTrustedFile(files.revocations));
    if (revocations.empty()) return ConfigInvalid(files.revocations + ": is empty");
  }
  std::string text = authorities + '\0' + revocations;
  if (text == certificate_text_) return false;
  FIELDKMS_ASSIGN_OR_RETURN(certificates_, CertificateVerifier::Make(authorities, revocations));
  certificate_text_ = std::move(text);
  return true;
}

absl::StatusOr<std::string> IdentitySources::Fetch(const IssuerSource& source, IssuerState* state,
                                                   Deadline deadline) const {
  state->looked = clock_.Steady();
  state->good = false;
  HttpRequest request;
  request.method = "GET";
  request.url = source.keys_url;
  absl::StatusOr<HttpResponse> response = state->http->Send(request, deadline);
  if (!response.ok()) return Unavailable(std::string(MessageOf(response.status())));
  if (response->status != 200) {
    return Unavailable("the server answered with status " + std::to_string(response->status));
  }
  state->good = true;
  return std::move(response->body);
}

absl::StatusOr<bool> IdentitySources::LoadKeys(const IssuerSource& source, IssuerState* state,
                                               Deadline deadline) {
  absl::StatusOr<std::string> text =
      source.keys_file.empty() ? Fetch(source, state, deadline) : ReadTrustedFile(source.keys_file);
  if (!text.ok()) return text.status();
  if (*text == state->text) return false;
  absl::StatusOr<KeySet> keys = KeySet::Parse(*text);
  if (!keys.ok()) {
    state->good = false;
    return ConfigInvalid(PlaceOf(source) + ": " + FieldOf(keys.status()) + " " +
                         std::string(MessageOf(keys.status())));
  }
  state->keys = std::make_shared<const KeySet>(*std::move(keys));
  state->text = *std::move(text);
  return true;
}

bool IdentitySources::IsDue(const IssuerState& state, bool asked) const {
  if (state.http == nullptr) return true;
  const auto since = clock_.Steady() - state.looked;
  return since >= options_.url_interval || (since >= kUrlPause && (asked || !state.good));
}

void IdentitySources::Refresh(Deadline deadline) {
  const bool asked = asked_.exchange(false, std::memory_order_relaxed);
  bool changed = false;
  if (options_.certificates) {
    const absl::StatusOr<bool> loaded = LoadCertificates();
    Note(options_.certificates->authorities, loaded.status());
    changed = loaded.ok() && *loaded;
  }
  // Files wait for nobody; of URLs another one is the first each time, so that one that hangs does
  // not take the time of the others for ever.
  for (const bool urls : {false, true}) {
    for (size_t i = 0; i < issuers_.size(); ++i) {
      const size_t at = (first_ + i) % issuers_.size();
      if ((issuers_[at].http != nullptr) != urls || !IsDue(issuers_[at], asked)) continue;
      if (urls && std::chrono::steady_clock::now() >= deadline) continue;
      const IssuerSource& source = options_.issuers[at];
      const absl::StatusOr<bool> loaded = LoadKeys(source, &issuers_[at], deadline);
      Note(PlaceOf(source), loaded.status());
      changed = (loaded.ok() && *loaded) || changed;
    }
  }
  ++first_;
  if (changed) Publish();
}

void IdentitySources::Note(const std::string& what, const absl::Status& status) {
  std::string& known = troubles_[what];
  const std::string message(status.ok() ? "" : MessageOf(status));
  if (message == known) return;
  known = message;
  if (status.ok()) {
    Log(LogLevel::kInfo, "identity_source_read", {{"source", what}});
  } else {
    Log(LogLevel::kWarning, "identity_source_not_read", {{"source", what}, {"error", status}});
  }
}

void IdentitySources::Publish() {
  auto next = std::make_shared<IdentityView>();
  next->generation = ++generation_;
  next->certificates = certificates_;
  for (size_t i = 0; i < issuers_.size(); ++i) {
    const TokenIssuerOptions& options = options_.issuers[i].options;
    next->issuers[options.issuer] = {&options, issuers_[i].keys};
  }
  view_.Update([&](const IdentityView&) { return next; });
}

}  // namespace fieldkms
