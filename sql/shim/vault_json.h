// The shapes of Vault's HTTP API, and JSON that is wiped.
#ifndef FIELDKMS_SQL_SHIM_VAULT_JSON_H_
#define FIELDKMS_SQL_SHIM_VAULT_JSON_H_

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "sql/shim/http_message.h"

namespace fieldkms::shim {

using Json = nlohmann::json;

// Whether what is JSON, if it is, is nested no deeper than a request of Vault's ever is: 16 times.
// What is deeper would take a stack as deep to wipe.
bool IsShallowJson(std::string_view text);

// Overwrites all strings in `json`, which is shallow: values may be among them.
void WipeJson(Json* json);

class JsonGuard {
 public:
  explicit JsonGuard(Json* json) : json_(json) {}
  ~JsonGuard() { WipeJson(json_); }
  JsonGuard(const JsonGuard&) = delete;
  JsonGuard& operator=(const JsonGuard&) = delete;

 private:
  Json* const json_;
};

// {"request_id": ..., "data": data, ...} with this status; `data` is wiped.
HttpResponse VaultData(Json data, int status = 200, std::vector<std::string> warnings = {});
HttpResponse VaultEmpty();  // 204
// {"errors": [...]}; no message: an empty list, as for what is not there.
HttpResponse VaultErrors(int status, std::string_view message = {});
// Of a call that failed.
HttpResponse VaultFailure(const absl::Status& status);
// What a client is told of a failure, in Vault's words where it has any.
std::string VaultWords(const absl::Status& status);
// Whether the client is to blame: 400; else it counts as internal.
bool IsUserError(const absl::Status& status);

// Members of an object; of another type than asked for: the default, and `*ok` false.
std::string TextOf(const Json& object, const char* name, bool* ok);
int64_t NumberOf(const Json& object, const char* name, int64_t otherwise, bool* ok);
bool FlagOf(const Json& object, const char* name, bool otherwise, bool* ok);

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_VAULT_JSON_H_
