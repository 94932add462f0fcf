// How a client and a service on another machine know each other.
#ifndef FIELDKMS_CLIENTS_CPP_TLS_OPTIONS_H_
#define FIELDKMS_CLIENTS_CPP_TLS_OPTIONS_H_

#include <string>

namespace fieldkms {

// Paths of files. Certificates and keys (PEM) are looked at again every ten seconds: new
// connections take what is new.
struct TlsOptions {
  std::string ca_file;           // authorities of the service's certificate; required
  std::string certificate = {};  // the client's chain, its own first,
  std::string key = {};          // and its private key; both or none
  std::string server_name = {};  // that the service's certificate must have; "": the target's host
  // A bearer token (JWT), sent with each call and read again for each: whatever renews it replaces
  // the file. "": none.
  std::string token_file = {};
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_TLS_OPTIONS_H_
