// Wiping plaintext out of messages. Protobuf keeps `bytes` in std::string, which
// no allocator of ours sees; whoever filled or received a message calls
// WipePlaintext once done with it. gRPC's own buffers, through which the bytes
// went to the socket, are beyond reach.
#ifndef FIELDKMS_CLIENTS_CPP_WIPE_H_
#define FIELDKMS_CLIENTS_CPP_WIPE_H_

#include <string>

#include "fieldkms/v1/crypto_service.pb.h"
#include "fieldkms/v1/lease_service.pb.h"

namespace fieldkms {

// WipeText overwrites the whole capacity of `text` and empties it.
void WipeText(std::string* text);

// Each overwrites and empties every field of the message that holds plaintext or a key.
void WipePlaintext(v1::EncryptRequest* message);
void WipePlaintext(v1::DecryptResponse* message);
void WipePlaintext(v1::BatchEncryptRequest* message);
void WipePlaintext(v1::BatchDecryptResponse* message);
void WipePlaintext(v1::ComputeMacRequest* message);
void WipePlaintext(v1::VerifyMacRequest* message);
void WipePlaintext(v1::BatchComputeMacRequest* message);
void WipePlaintext(v1::BatchVerifyMacRequest* message);
void WipePlaintext(v1::GenerateDataKeyResponse* message);
void WipePlaintext(v1::GenerateRandomResponse* message);
void WipePlaintext(v1::AcquireLeaseResponse* message);

// Wipes the `value` of a message that has such a field. Where it is one of several, and another
// one is set, there is nothing to wipe, and asking for it would take that other one away.
template <class Message>
void WipeValue(Message* message) {
  if constexpr (requires { WipeText(message->mutable_value()); }) {
    if constexpr (requires { message->has_value(); }) {
      if (!message->has_value()) return;
    }
    WipeText(message->mutable_value());
  }
}

// Of FieldService's messages each `value`, of the message or of its items or results; of
// messages without plaintext nothing, for templates over all of them.
template <class Message>
void WipePlaintext(Message* message) {
  WipeValue(message);
  if constexpr (requires { message->mutable_items(); }) {
    for (auto& item : *message->mutable_items()) WipeValue(&item);
  }
  if constexpr (requires { message->mutable_results(); }) {
    for (auto& result : *message->mutable_results()) WipeValue(&result);
  }
}

// WipeGuard calls WipePlaintext on `message` when it goes out of scope.
template <class Message>
class WipeGuard {
 public:
  explicit WipeGuard(Message* message) : message_(message) {}
  ~WipeGuard() { WipePlaintext(message_); }
  WipeGuard(const WipeGuard&) = delete;
  WipeGuard& operator=(const WipeGuard&) = delete;

 private:
  Message* message_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_WIPE_H_
