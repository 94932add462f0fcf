#include "kms/identity/server_certificate.h"

#include <sys/stat.h>

#include "crypto/bytes.h"
#include "crypto/status.h"
#include "kms/identity/openssl_owners.h"
#include "kms/identity/pem.h"
#include "kms/trusted_file.h"

namespace fieldkms {
namespace {

absl::Status Refused(const std::string& path, const std::string& why) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid, path + ": " + why);
}

X509Owner FirstCertificate(const std::string& pem) {
  X509Owner first;
  const bool good = ForEachPem(pem, PEM_read_bio_X509, [&](X509* certificate) {
    X509Owner owner(certificate);
    if (first == nullptr) first = std::move(owner);
  });
  return good ? std::move(first) : nullptr;
}

// A key under a passphrase is none here: nobody is asked.
PkeyOwner ReadKey(std::string* pem) {
  const Bio bio(BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
  char no_passphrase[] = "";
  PkeyOwner key(bio == nullptr
                    ? nullptr
                    : PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, no_passphrase));
  WipeString(pem);
  ERR_clear_error();
  return key;
}

absl::Status CheckKeyFile(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) == 0 && (info.st_mode & S_IROTH) != 0) {
    return Refused(path, "everybody may read it; run: chmod o-r " + path);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<WallTime> CheckServerCertificate(const std::string& certificate,
                                                const std::string& key, WallTime now) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string pem, ReadTrustedFile(certificate));
  const X509Owner own = FirstCertificate(pem);
  if (own == nullptr) return Refused(certificate, "is no certificate in PEM form");
  EVP_PKEY* const public_key = X509_get0_pubkey(own.get());
  const int type = public_key == nullptr ? EVP_PKEY_NONE : EVP_PKEY_get_base_id(public_key);
  if (type != EVP_PKEY_EC && type != EVP_PKEY_ED25519) {
    return Refused(certificate,
                   "its key must be one of an elliptic curve (ECDSA, Ed25519): with another, old "
                   "versions of TLS could be had");
  }
  const WallTime expires = ExpiryOf(own.get());
  if (expires <= now) return Refused(certificate, "has expired");
  FIELDKMS_RETURN_IF_ERROR(CheckKeyFile(key));
  FIELDKMS_ASSIGN_OR_RETURN(std::string key_pem, ReadTrustedFile(key));
  const PkeyOwner private_key = ReadKey(&key_pem);
  if (private_key == nullptr) {
    return Refused(key, "is no private key in PEM form without a passphrase");
  }
  if (X509_check_private_key(own.get(), private_key.get()) != 1) {
    ERR_clear_error();
    return Refused(key, "is not the key of the certificate " + certificate);
  }
  return expires;
}

}  // namespace fieldkms
