// LocalCrypto: encryption and decryption in this process, with leased keys.
//
//   auto client = fieldkms::Client::Create({.target = "unix:/run/fieldkms/fieldkmsd.sock"});
//   auto local = fieldkms::LocalCrypto::Create(*std::move(client), {});
//   auto key = (*local)->Key("acme", "customers.email");
//   const fieldkms::ContextEntry context[] = {{"b", "0042"}, {"pk", row}};
//   std::string ciphertext;
//   auto version = (*key)->Encrypt(context, value, &ciphertext);
//
// Ciphertexts are those of CryptoService (crypto/FORMAT.md): what is sealed here the
// service opens, and the other way round.
//
// Threat. A lease is the key. Whoever reads this process's memory has the key for good,
// and neither the end of the lease nor disabling the version takes it back; the service's
// audit trail knows of leases, not of values. See docs/developers.md before leasing a key.
#ifndef FIELDKMS_CLIENTS_CPP_LOCAL_CRYPTO_H_
#define FIELDKMS_CLIENTS_CPP_LOCAL_CRYPTO_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cpp/client.h"
#include "crypto/context.h"

namespace fieldkms {

class BatchNonces;       // crypto/xaes_gcm.h
class LeaseEnvironment;  // lease_environment.h
class LeaseTransport;    // lease_transport.h

// LocalUse: one value that was sealed or opened here, or was not, for the holder's own
// audit trail. Views: valid during the hook. It holds no value and no context.
struct LocalUse {
  enum class Operation { kEncrypt, kDecrypt };
  Operation operation = Operation::kEncrypt;
  std::string_view tenant;
  std::string_view key;  // by its own name
  uint32_t key_version = 0;
  std::string_view lease_id;
  bool ok = true;  // false: the ciphertext did not open
};

struct LocalCryptoOptions {
  // What each lease is asked for; 0: what LeaseService takes for unset (five minutes and
  // the key's own bound on messages, or less where its policy allows less).
  std::chrono::seconds lease_time{0};
  uint64_t lease_messages = 0;
  // Versions of a key that are held at once only to open: the one used longest ago is
  // given back. At least 1.
  size_t most_versions = 8;
  // Whether calls that no lease can serve go to CryptoService: the key may not be leased
  // (by its policy, or by this caller), or a lease cannot be had just now.
  bool fallback = true;
  // Called for each value that is sealed or opened here, on the caller's thread, before
  // the answer is returned. If it fails, the answer is wiped and its status returned
  // instead. What goes to CryptoService is audited there. It must not call LocalCrypto.
  std::function<absl::Status(const LocalUse&)> audit = nullptr;
};

// LocalKey: one key, to be used from any number of threads. Get it from
// LocalCrypto::Key once, and keep it.
//
// The first call takes a lease, which blocks as a call of Client does; callers that want
// the same lease share one request. After that, calls use no I/O and no lock, but for the
// first of a thread after a lease was taken or given back, which takes a short one. Leases
// in use are renewed ahead of their end, or of the end of their messages, by LocalCrypto's
// thread. When the service cannot be reached, calls go on until the lease ends, and then
// fail with kUnavailable.
//
// Errors of both: those of CryptoService by the same name; kFailedPrecondition after
// LocalCrypto::Close; without `fallback`, those of LeaseService.
class LocalKey {
 public:
  ~LocalKey();
  LocalKey(const LocalKey&) = delete;
  LocalKey& operator=(const LocalKey&) = delete;

  // Encrypt writes the envelope of `plaintext` to `ciphertext` (resized; it keeps its
  // memory), under the primary version, which it returns. After a rotation the one before
  // may seal until the lease is renewed. Failure leaves `ciphertext` empty.
  absl::StatusOr<uint32_t> Encrypt(std::span<const ContextEntry> context,
                                   std::string_view plaintext, std::string* ciphertext);

  // Decrypt writes the value to `plaintext` (resized; the caller wipes it) and returns the
  // version that had sealed it, of this key. All failures to open look alike:
  // DecryptError, whose ReasonOf is kDecryptFailed. Failure leaves `plaintext` empty.
  absl::StatusOr<uint32_t> Decrypt(std::span<const ContextEntry> context,
                                   std::string_view ciphertext, std::string* plaintext);

  // The same for threads that must not wait: with leases that are held already, and without I/O.
  // nullopt: none of them serves, nothing was done and nothing audited; Encrypt and Decrypt would
  // ask the service. What a lease finds not to open is an answer. `nonces`: of the batch that the
  // value belongs to, whose envelopes then show that (crypto/FORMAT.md); at half the cost.
  std::optional<absl::StatusOr<uint32_t>> TryEncrypt(std::span<const ContextEntry> context,
                                                     std::string_view plaintext,
                                                     std::string* ciphertext,
                                                     BatchNonces* nonces = nullptr);
  std::optional<absl::StatusOr<uint32_t>> TryDecrypt(std::span<const ContextEntry> context,
                                                     std::string_view ciphertext,
                                                     std::string* plaintext);

 private:
  friend class LocalCrypto;
  class Impl;
  explicit LocalKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// LocalCrypto holds the leases of a process: make one, and share it. Safe for concurrent
// use.
//
// Threads: one of its own, which renews leases, gives them back when nobody used them
// since they were last renewed, and wipes their material when they end. No lock is held
// while anything is asked of the service.
//
// Time is that since this machine was started, counted from before the request for a lease
// was sent: steps of a wall clock, here or there, lengthen nothing, and nor does suspending
// the machine. What has ended meanwhile is not used when it is back, and wiped within ten
// seconds. A virtual machine that is stopped from outside, or restored from a snapshot,
// counts only what its kernel is told of.
//
// Memory: material is in SecretBytes and wiped at the end of its lease, also while threads
// that used it are idle. Contexts keyed with it are on OpenSSL's heap (crypto/xaes_gcm.h);
// they are wiped at the thread's next use of crypto/ after that, or when it ends. A child
// of fork() must not use it.
class LocalCrypto {
 public:
  // Create asks nothing of the service yet. Error: InvalidField of an option.
  static absl::StatusOr<std::unique_ptr<LocalCrypto>> Create(std::shared_ptr<Client> client,
                                                             LocalCryptoOptions options);
  // The same on other feet, for tests. `environment` outlives it.
  static absl::StatusOr<std::unique_ptr<LocalCrypto>> Create(
      std::unique_ptr<LeaseTransport> transport, LeaseEnvironment& environment,
      LocalCryptoOptions options);
  ~LocalCrypto();  // Close
  LocalCrypto(const LocalCrypto&) = delete;
  LocalCrypto& operator=(const LocalCrypto&) = delete;

  // Key returns the key `key` (its name or an alias) of `tenant`: the same object for the
  // same names, which lives as long as this. Asks nothing of the service: a key that is
  // not there shows when it is used. Where an alias is pointed at another key, the change
  // is in force when the lease is next renewed. Error: InvalidField.
  absl::StatusOr<LocalKey*> Key(std::string_view tenant, std::string_view key);

  // Close wipes all material, and gives all leases back with what was used of them, as far as
  // the service answers within a second. Waits until calls that compute with the material
  // are done, and for a request of its own thread's, which takes two seconds at most. Does
  // not wait for calls that ask the service: they fail, and wipe and give back what they
  // were given. Once is enough.
  void Close();

 private:
  class Impl;
  explicit LocalCrypto(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_LOCAL_CRYPTO_H_
