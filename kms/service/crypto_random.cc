#include "kms/service/crypto_random.h"

#include "crypto/random.h"
#include "crypto/secret_bytes.h"
#include "crypto/status.h"
#include "kms/service/describe.h"
#include "kms/service/item_crypto.h"

namespace fieldkms {
namespace {

constexpr uint32_t kMinDataKeySize = 16;
constexpr uint32_t kDefaultDataKeySize = 32;
constexpr uint32_t kMaxDataKeySize = 64;
constexpr uint32_t kMaxRandomSize = 4'096;

template <class Request>
absl::Status DescribeDataKey(const Request& request, CallPlan* plan) {
  FIELDKMS_RETURN_IF_ERROR(DescribeKeyUse(request, plan));
  if (request.size() != 0 &&
      (request.size() < kMinDataKeySize || request.size() > kMaxDataKeySize)) {
    return InvalidField("size", "must be 16 to 64, or 0 for 32");
  }
  return absl::OkStatus();
}

// Makes a data key and seals it into `response`. An empty one: a key must be loaded.
template <class Request, class Response>
absl::StatusOr<SecretBytes> MakeDataKey(RunContext& context, const Request& request,
                                        Response* response) {
  SingleNonce nonce;
  ItemCrypto item(context, request.tenant(), nonce);
  FIELDKMS_ASSIGN_OR_RETURN(const KeyFinder::Found key,
                            item.FindToEncrypt(request.key(), {Action::kDataKeyGenerate}));
  if (key.key == nullptr) return SecretBytes();
  const uint32_t size = request.size() == 0 ? kDefaultDataKeySize : request.size();
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes data_key, SecretBytes::Random(size));
  ItemCrypto::Encrypted out{response->mutable_ciphertext()};
  FIELDKMS_RETURN_IF_ERROR(item.EncryptUnder(key, Workspace::NoContext(), request.context(),
                                             AsText(data_key.Expose()), &out));
  response->set_key_version(out.key_version);
  return data_key;
}

}  // namespace

absl::Status GenerateDataKeyMethod::Describe(const Request& request, CallPlan* plan) {
  return DescribeDataKey(request, plan);
}

absl::StatusOr<RunState> GenerateDataKeyMethod::Run(RunContext& context, const Request& request,
                                                    Response* response) {
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes data_key, MakeDataKey(context, request, response));
  if (data_key.empty()) return RunState::kNeedsIo;
  response->set_plaintext(data_key.Expose().data(), data_key.size());
  return RunState::kDone;
}

absl::Status GenerateDataKeyWithoutPlaintextMethod::Describe(const Request& request,
                                                             CallPlan* plan) {
  return DescribeDataKey(request, plan);
}

absl::StatusOr<RunState> GenerateDataKeyWithoutPlaintextMethod::Run(RunContext& context,
                                                                    const Request& request,
                                                                    Response* response) {
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes data_key, MakeDataKey(context, request, response));
  return data_key.empty() ? RunState::kNeedsIo : RunState::kDone;
}

absl::Status GenerateRandomMethod::Describe(const Request& request, CallPlan* plan) {
  plan->scope = CallPlan::Scope::kAnywhere;
  if (request.size() == 0 || request.size() > kMaxRandomSize) {
    return InvalidField("size", "must be 1 to 4,096");
  }
  return absl::OkStatus();
}

absl::StatusOr<RunState> GenerateRandomMethod::Run(RunContext&, const Request& request,
                                                   Response* response) {
  response->mutable_random()->resize(request.size());
  FIELDKMS_RETURN_IF_ERROR(RandomBytes(AsMutableBytes(*response->mutable_random())));
  return RunState::kDone;
}

}  // namespace fieldkms
