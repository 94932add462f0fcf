#include "clients/cpp/wipe.h"

#include "crypto/bytes.h"

namespace fieldkms {
namespace {

template <class Elements>
void WipeEach(Elements* elements) {
  for (auto& element : *elements) {
    if (!element.plaintext().empty()) WipeText(element.mutable_plaintext());
  }
}

template <class Elements>
void WipeEachData(Elements* elements) {
  for (auto& element : *elements) {
    if (!element.data().empty()) WipeText(element.mutable_data());
  }
}

}  // namespace

void WipeText(std::string* text) {
  text->resize(text->capacity());  // a longer value may have stood here before
  Wipe(AsMutableBytes(*text));
  text->clear();
}

void WipePlaintext(v1::EncryptRequest* message) { WipeText(message->mutable_plaintext()); }

void WipePlaintext(v1::DecryptResponse* message) { WipeText(message->mutable_plaintext()); }

void WipePlaintext(v1::BatchEncryptRequest* message) { WipeEach(message->mutable_items()); }

void WipePlaintext(v1::BatchDecryptResponse* message) { WipeEach(message->mutable_results()); }

void WipePlaintext(v1::ComputeMacRequest* message) { WipeText(message->mutable_data()); }

void WipePlaintext(v1::VerifyMacRequest* message) { WipeText(message->mutable_data()); }

void WipePlaintext(v1::BatchComputeMacRequest* message) { WipeEachData(message->mutable_items()); }

void WipePlaintext(v1::BatchVerifyMacRequest* message) { WipeEachData(message->mutable_items()); }

void WipePlaintext(v1::GenerateDataKeyResponse* message) { WipeText(message->mutable_plaintext()); }

void WipePlaintext(v1::GenerateRandomResponse* message) { WipeText(message->mutable_random()); }

void WipePlaintext(v1::AcquireLeaseResponse* message) { WipeText(message->mutable_material()); }

}  // namespace fieldkms
