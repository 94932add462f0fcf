#include "kms/service/crypto_batch.h"

#include "crypto/names.h"
#include "kms/service/batch.h"
#include "kms/service/item_crypto.h"

namespace fieldkms {

absl::Status BatchEncryptMethod::Describe(const Request& request, CallPlan* plan) {
  return DescribeKeyedBatch(request, plan, &one_key_);
}

absl::StatusOr<RunState> BatchEncryptMethod::Run(RunContext& context, const Request& request,
                                                 Response* response) {
  NonceRun nonces;
  ItemCrypto crypto(context, request.tenant(), nonces);
  KeyFinder::Found the_key;
  if (one_key_) {  // without it no item can be tried
    FIELDKMS_ASSIGN_OR_RETURN(the_key, crypto.FindToEncrypt(request.key()));
    if (the_key.key == nullptr) return RunState::kNeedsIo;
  }
  const auto encrypt_one = [&](int index, Response::Result* result) -> absl::StatusOr<RunState> {
    const Request::Item& item = request.items(index);
    ItemCrypto::Encrypted out{result->mutable_ciphertext()};
    if (one_key_) {
      FIELDKMS_RETURN_IF_ERROR(crypto.EncryptUnder(the_key, request.shared_context(),
                                                   item.context(), item.plaintext(), &out));
    } else {
      FIELDKMS_ASSIGN_OR_RETURN(const std::string_view key,
                                ItemKey(item.key(), request.key(), "key"));
      if (key.empty()) return CheckKeyName(key, "key");  // neither names one
      FIELDKMS_ASSIGN_OR_RETURN(
          const RunState state,
          crypto.Encrypt(key, request.shared_context(), item.context(), item.plaintext(), &out));
      if (state == RunState::kNeedsIo) return state;
    }
    result->set_key_version(out.key_version);
    return RunState::kDone;
  };
  return RunBatch(context, request.items_size(), &next_, response, encrypt_one);
}

size_t BatchEncryptMethod::CountMessages(const Request& request) { return CountBatch(request); }

void BatchEncryptMethod::WipeRequest(Request* request) {
  for (Request::Item& item : *request->mutable_items()) WipeString(item.mutable_plaintext());
}

absl::Status BatchDecryptMethod::Describe(const Request& request, CallPlan* plan) {
  return DescribeBatch(request.tenant(), request.key(), "key", request.items_size(), plan);
}

absl::StatusOr<RunState> BatchDecryptMethod::Run(RunContext& context, const Request& request,
                                                 Response* response) {
  NonceRun nonces;
  ItemCrypto crypto(context, request.tenant(), nonces);
  FIELDKMS_RETURN_IF_ERROR(LoadSubjects(
      context, request.tenant(), request.items(),
      [](const Request::Item& item) -> std::string_view { return item.ciphertext(); }));
  return RunBatch(
      context, request.items_size(), &next_, response,
      [&](int index, Response::Result* result) -> absl::StatusOr<RunState> {
        const Request::Item& item = request.items(index);
        FIELDKMS_ASSIGN_OR_RETURN(const std::string_view pin,
                                  ItemKey(item.key(), request.key(), "key"));
        ItemCrypto::Decrypted out{result->mutable_plaintext()};
        FIELDKMS_ASSIGN_OR_RETURN(
            const RunState state,
            crypto.Decrypt(pin, request.shared_context(), item.context(), item.ciphertext(), &out));
        result->set_key_version(out.key_version);
        return state;
      });
}

size_t BatchDecryptMethod::CountMessages(const Request& request) { return CountBatch(request); }

void BatchDecryptMethod::WipeResponse(Response* response) {
  for (Response::Result& result : *response->mutable_results()) {
    WipeString(result.mutable_plaintext());
  }
}

absl::Status BatchRewrapMethod::Describe(const Request& request, CallPlan* plan) {
  return DescribeBatch(request.tenant(), request.destination_key(), "destination_key",
                       request.items_size(), plan);
}

absl::StatusOr<RunState> BatchRewrapMethod::Run(RunContext& context, const Request& request,
                                                Response* response) {
  NonceRun nonces;
  ItemCrypto crypto(context, request.tenant(), nonces);
  FIELDKMS_RETURN_IF_ERROR(LoadSubjects(
      context, request.tenant(), request.items(),
      [](const Request::Item& item) -> std::string_view { return item.ciphertext(); }));
  return RunBatch(
      context, request.items_size(), &next_, response,
      [&](int index, Response::Result* result) -> absl::StatusOr<RunState> {
        const Request::Item& item = request.items(index);
        FIELDKMS_ASSIGN_OR_RETURN(
            const std::string_view key,
            ItemKey(item.destination_key(), request.destination_key(), "destination_key"));
        const auto* destination =
            item.has_destination_context() ? &item.destination_context() : nullptr;
        ItemCrypto::Rewrapped out{result->mutable_ciphertext()};
        FIELDKMS_ASSIGN_OR_RETURN(const RunState state,
                                  crypto.Rewrap(key, destination, request.shared_context(),
                                                item.context(), item.ciphertext(), &out));
        result->set_source_key_version(out.source_key_version);
        result->set_key_version(out.key_version);
        return state;
      });
}

size_t BatchRewrapMethod::CountMessages(const Request& request) {
  size_t count = CountBatch(request);
  for (const Request::Item& item : request.items()) {
    count += Size(item.destination_context().entries());
  }
  return count;
}

}  // namespace fieldkms
