// Batches of the transit API: the items that were given, and the shapes of their results. Internal
// to the Vault API.
#ifndef FIELDKMS_SQL_SHIM_VAULT_BATCH_H_
#define FIELDKMS_SQL_SHIM_VAULT_BATCH_H_

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "crypto/context.h"
#include "fieldkms/v1/crypto_service.pb.h"
#include "sql/shim/vault_call.h"

namespace fieldkms::shim {

// What `context` and `associated_data` are in the context of a value: entries "vault.context" and
// "vault.aad".
struct VaultContext {
  std::array<ContextEntry, 2> room;
  size_t count = 0;

  std::span<const ContextEntry> entries() const { return std::span(room).first(count); }
  void AddTo(google::protobuf::RepeatedPtrField<v1::ContextEntry>* out) const;
};

struct VaultItem {
  JsonObject in;
  absl::Status status;  // why it failed
  // Of what was given, decoded; views of the batch's own memory.
  std::string_view bytes;
  VaultContext context;
  std::string mac;  // to be verified
  // Of its result:
  bool done = false;
  uint32_t key_version = 0;
  std::string_view result;  // an envelope, a plaintext or a MAC, of what the batch keeps
  bool valid = false;       // of a MAC that was verified
};

class VaultBatch {
 public:
  VaultBatch() = default;
  ~VaultBatch();  // wipes
  VaultBatch(const VaultBatch&) = delete;
  VaultBatch& operator=(const VaultBatch&) = delete;

  // `required`: the member that each item must have. A refusal: what is answered instead.
  static std::optional<HttpResponse> Read(VaultCall& call, std::string_view required,
                                          VaultBatch* batch);

  // The request itself as the only item, whatever it has.
  static void ReadOne(const VaultCall& call, VaultBatch* batch);

  std::vector<VaultItem>& items() { return items_; }
  // Keeps what results are views of, until it ends.
  void Keep(std::shared_ptr<const void> results) { kept_.push_back(std::move(results)); }

  // Those that are well so far, and have no result.
  std::vector<VaultItem*> Open();
  // `status` for each item that has no result yet.
  void FailRest(const absl::Status& status);

  // Decodes a member of an item, which may be absent, into the batch's memory. False: it is no
  // base64, or no text.
  bool Decode(const JsonObject& item, std::string_view name, std::string_view* bytes);
  bool Decode(std::string_view base64, std::string_view* bytes);
  // `context` and `associated_data`.
  absl::Status DecodeContext(VaultItem* item);

  // How results are told, and how failures of items tell on the whole.
  enum class Kind {
    kSealed,     // encrypt: 400 or 500, or what the request asks for
    kOpened,     // decrypt: the same
    kRewrapped,  // 200, but what is not the client's fault ends all
    kMac,        // hmac: 200
    kVerified,   // verify: 200
  };
  HttpResponse Answer(VaultCall& call, Kind kind);

 private:
  std::optional<HttpResponse> ReadItems(VaultCall& call, const JsonValue& given,
                                        std::string_view required);
  // What the request wants to be answered where some items fail, if it says so.
  std::optional<HttpResponse> ReadStatus(const VaultCall& call);
  int StatusOf(const VaultCall& call, Kind kind) const;

  bool is_batch_ = false;
  int partial_status_ = 0;  // 0: ours
  std::vector<VaultItem> items_;
  std::vector<std::shared_ptr<const void>> kept_;
  std::string decoded_;  // never grows beyond its first capacity
};

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_VAULT_BATCH_H_
