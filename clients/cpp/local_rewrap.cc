#include "clients/cpp/local_rewrap.h"

#include <chrono>
#include <utility>
#include <vector>

#include "clients/cpp/wipe.h"
#include "crypto/bytes.h"
#include "crypto/envelope.h"
#include "crypto/hex.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr std::chrono::seconds kAskForLeasesAgain{60};

int64_t Now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

absl::StatusOr<uint64_t> KeyIdOf(const std::string& hex, std::string_view field) {
  std::string id(sizeof(uint64_t), '\0');
  if (hex.size() == 2 * id.size() && DecodeHex(hex, AsMutableBytes(id))) {
    return GetU64(AsBytes(id).data());
  }
  return InvalidField(field, "is not of 16 hex digits");
}

std::vector<ContextEntry> ContextOf(const v1::BatchRewrapRequest& request,
                                    const v1::BatchRewrapRequest::Item& item) {
  std::vector<ContextEntry> context;
  context.reserve(static_cast<size_t>(request.shared_context_size() + item.context_size()));
  for (const auto& entry : request.shared_context())
    context.push_back({entry.name(), entry.value()});
  for (const auto& entry : item.context()) context.push_back({entry.name(), entry.value()});
  return context;
}

// Plaintext on its way from one envelope into another.
class Passing {
 public:
  ~Passing() { WipeText(&text_); }
  std::string* get() { return &text_; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<LocalRewrap>> LocalRewrap::Create(std::shared_ptr<Client> client,
                                                                 const std::string& tenant,
                                                                 const v1::RotationTarget& target) {
  std::unique_ptr<LocalRewrap> rewrap(new LocalRewrap());
  FIELDKMS_ASSIGN_OR_RETURN(rewrap->source_id_,
                            KeyIdOf(target.source_key_id(), "target.source_key_id"));
  FIELDKMS_ASSIGN_OR_RETURN(rewrap->destination_id_, KeyIdOf(target.key_id(), "target.key_id"));
  // Without: what a lease does not serve goes to the service as a batch, not one by one.
  LocalCryptoOptions options;
  options.fallback = false;
  FIELDKMS_ASSIGN_OR_RETURN(rewrap->crypto_, LocalCrypto::Create(client, std::move(options)));
  FIELDKMS_ASSIGN_OR_RETURN(rewrap->source_, rewrap->crypto_->Key(tenant, target.source_key()));
  FIELDKMS_ASSIGN_OR_RETURN(rewrap->destination_, rewrap->crypto_->Key(tenant, target.key()));
  rewrap->client_ = std::move(client);
  return rewrap;
}

bool LocalRewrap::leases() const { return Now() >= no_leases_until_.load(); }

absl::StatusOr<bool> LocalRewrap::TryItem(const v1::BatchRewrapRequest& request,
                                          const v1::BatchRewrapRequest::Item& item,
                                          v1::BatchRewrapResponse::Result* result) {
  const absl::StatusOr<EnvelopeView> envelope = ParseEnvelope(AsBytes(item.ciphertext()));
  if (!envelope.ok() || SubjectSize(envelope->header.suite) != 0) return false;
  LocalKey* const opener = envelope->header.key_id == source_id_        ? source_
                           : envelope->header.key_id == destination_id_ ? destination_
                                                                        : nullptr;
  if (opener == nullptr) return false;
  const std::vector<ContextEntry> context = ContextOf(request, item);
  Passing plaintext;
  const absl::StatusOr<uint32_t> opened =
      opener->Decrypt(context, item.ciphertext(), plaintext.get());
  // That may also be for want of a lease: the service has the last word.
  if (ReasonOf(opened.status()) == Reason::kDecryptFailed) return false;
  FIELDKMS_RETURN_IF_ERROR(opened.status());
  FIELDKMS_ASSIGN_OR_RETURN(
      const uint32_t version,
      destination_->Encrypt(context, plaintext.text(), result->mutable_ciphertext()));
  result->set_source_key_version(*opened);
  result->set_key_version(version);
  return true;
}

absl::StatusOr<v1::BatchRewrapResponse> LocalRewrap::BatchRewrap(
    const v1::BatchRewrapRequest& request) {
  if (!leases()) return client_->BatchRewrap(request);
  v1::BatchRewrapResponse response;
  response.mutable_results()->Reserve(request.items_size());
  std::vector<int> rest;
  for (int i = 0; i < request.items_size(); ++i) {
    v1::BatchRewrapResponse::Result* const result = response.add_results();
    absl::StatusOr<bool> done = false;
    if (leases()) done = TryItem(request, request.items(i), result);
    // Rewrapping takes other rights than leases do: the service says whether it is an error.
    if (!done.ok()) no_leases_until_ = Now() + kAskForLeasesAgain.count();
    if (!done.ok() || !*done) rest.push_back(i);
  }
  if (!rest.empty()) FIELDKMS_RETURN_IF_ERROR(AskForRest(request, rest, &response));
  return response;
}

absl::Status LocalRewrap::AskForRest(const v1::BatchRewrapRequest& request,
                                     const std::vector<int>& rest,
                                     v1::BatchRewrapResponse* response) {
  v1::BatchRewrapRequest asked;
  asked.set_tenant(request.tenant());
  asked.set_destination_key(request.destination_key());
  *asked.mutable_shared_context() = request.shared_context();
  for (const int i : rest) *asked.add_items() = request.items(i);
  FIELDKMS_ASSIGN_OR_RETURN(v1::BatchRewrapResponse answer, client_->BatchRewrap(asked));
  for (size_t i = 0; i < rest.size(); ++i) {
    response->mutable_results(rest[i])->Swap(answer.mutable_results(static_cast<int>(i)));
  }
  response->set_failed_count(response->failed_count() + answer.failed_count());
  return absl::OkStatus();
}

}  // namespace fieldkms
