#include "crypto/openssl.h"

#include <openssl/err.h>

#include <string>

#include "crypto/status.h"

namespace fieldkms {

EVP_CIPHER* Aes256Gcm() {
  static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return cipher;
}

EVP_CIPHER* Aes128Ecb() {
  static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-128-ECB", nullptr);
  return cipher;
}

EVP_CIPHER* Aes192Ecb() {
  static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-192-ECB", nullptr);
  return cipher;
}

EVP_CIPHER* Aes256Ecb() {
  static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-ECB", nullptr);
  return cipher;
}

EVP_CIPHER* Aes256Kwp() {
  static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-WRAP-PAD", nullptr);
  return cipher;
}

EVP_MD* Sha256Digest() {
  static EVP_MD* const digest = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return digest;
}

EVP_MAC* Hmac() {
  static EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  return mac;
}

absl::Status CryptoFailure(std::string_view operation) {
  // OpenSSL's reason strings are constants: they hold no data of the operation.
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  std::string message(operation);
  message += " failed in OpenSSL: ";
  message += reason != nullptr ? reason : "no reason given";
  ERR_clear_error();
  return Error(absl::StatusCode::kInternal, Reason::kCryptoFailure, message);
}

}  // namespace fieldkms
