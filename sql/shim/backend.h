// Backend: what calls are carried out with. Made once, for all protocols of the shim.
#ifndef FIELDKMS_SQL_SHIM_BACKEND_H_
#define FIELDKMS_SQL_SHIM_BACKEND_H_

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "clients/cpp/client.h"
#include "clients/cpp/field_client.h"
#include "sql/shim/audit_trail.h"
#include "sql/shim/coalescer.h"
#include "sql/shim/config.h"
#include "sql/shim/key_names.h"
#include "sql/shim/local_keys.h"
#include "sql/shim/workers.h"

namespace fieldkms::shim {

// The batch calls, coalesced.
struct BatchCalls {
  BatchCalls(Workers& workers, Client& client, FieldClient& fields);

  Coalescer<v1::BatchEncryptRequest, v1::BatchEncryptResponse> encrypt;
  Coalescer<v1::BatchDecryptRequest, v1::BatchDecryptResponse> decrypt;
  Coalescer<v1::BatchRewrapRequest, v1::BatchRewrapResponse> rewrap;
  Coalescer<v1::BatchProtectRequest, v1::BatchProtectResponse> protect;
  Coalescer<v1::BatchRevealRequest, v1::BatchRevealResponse> reveal;
  Coalescer<v1::BatchMaskRequest, v1::BatchMaskResponse> mask;
  Coalescer<v1::BatchTokenizeRequest, v1::BatchTokenizeResponse> tokenize;
  Coalescer<v1::BatchDetokenizeRequest, v1::BatchDetokenizeResponse> detokenize;
  Coalescer<v1::BatchBlindIndexRequest, v1::BatchBlindIndexResponse> blind_index;
  Coalescer<v1::BatchValidateRequest, v1::BatchValidateResponse> validate;
};

// Thread-safe, but for its making and end.
class Backend {
 public:
  // Asks nothing of the service yet.
  static absl::StatusOr<std::unique_ptr<Backend>> Create(const Config& config);
  ~Backend();  // Stop

  // Ends the workers, when their jobs are done, and gives leases back.
  void Stop();

  // The id of a key, by its own name, never an alias: 16 hex digits. Kept for a while: it changes
  // with the store only. Blocks. Error: as Client::GetKey.
  absl::StatusOr<std::string> KeyIdOf(const std::string& tenant, const std::string& name);

  // What keys are called whose ids are in envelopes.
  KeyNames& key_names() { return *key_names_; }

  const Config& config() const { return config_; }
  Client& client() { return *client_; }
  FieldClient& fields() { return *fields_; }
  Workers& workers() { return *workers_; }
  BatchCalls& batches() { return *batches_; }
  AuditTrail& audit() { return *audit_; }
  // The key of this name or alias, where it is worth trying to use it with a lease: leases are to
  // be used, and it is not known that this one has none. Null: the service is to be asked.
  LeasableKey* Leasable(std::string_view tenant, std::string_view name);

 private:
  explicit Backend(const Config& config) : config_(config) {}

  const Config config_;
  std::shared_ptr<Client> client_;
  std::unique_ptr<FieldClient> fields_;
  std::unique_ptr<KeyNames> key_names_;
  std::unique_ptr<AuditTrail> audit_;
  std::unique_ptr<LocalKeys> local_;
  std::unique_ptr<Workers> workers_;
  std::unique_ptr<BatchCalls> batches_;
  std::mutex mutex_;
  struct KeyId {
    std::string id;
    std::chrono::steady_clock::time_point until;
  };
  std::map<std::pair<std::string, std::string>, KeyId> key_ids_;  // by tenant and name
};

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_BACKEND_H_
