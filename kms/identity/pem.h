// Reading certificates and their like from PEM. Internal to kms/identity.
#ifndef FIELDKMS_KMS_IDENTITY_PEM_H_
#define FIELDKMS_KMS_IDENTITY_PEM_H_

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <chrono>
#include <ctime>
#include <string_view>

#include "kms/clock.h"
#include "kms/identity/openssl_owners.h"

namespace fieldkms {

// Runs `take` for each object of `pem`; blocks of other kinds are passed over. False if one
// cannot be read.
template <class Read, class Take>
bool ForEachPem(std::string_view pem, Read read, Take take) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (bio == nullptr) return false;
  char no_passphrase[] = "";  // nobody is asked for one
  for (;;) {
    auto* const object = read(bio.get(), nullptr, nullptr, no_passphrase);
    if (object == nullptr) break;
    take(object);
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  return at_end;
}

inline WallTime ExpiryOf(const X509* certificate) {
  std::tm time{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) return WallTime{};
  return WallTime(std::chrono::seconds(timegm(&time)));
}

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_IDENTITY_PEM_H_
