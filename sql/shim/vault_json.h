// The shapes of Vault's HTTP API.
#ifndef FIELDKMS_SQL_SHIM_VAULT_JSON_H_
#define FIELDKMS_SQL_SHIM_VAULT_JSON_H_

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "sql/shim/http_message.h"
#include "sql/shim/json_writer.h"

namespace fieldkms::shim {

// For answers that are not made in numbers.
using Json = nlohmann::json;

// Overwrites all strings in `json`, which is shallow: values may be among them.
void WipeJson(Json* json);

// {"request_id": ..., "data": data, ...} with this status; `data` is wiped.
HttpResponse VaultData(Json data, int status = 200, const std::vector<std::string>& warnings = {});
// The same in two halves, around the JSON of `data`.
void BeginVaultData(JsonWriter* out);
HttpResponse EndVaultData(JsonWriter* out, int status = 200,
                          const std::vector<std::string>& warnings = {});
// About how much they write.
inline constexpr size_t kVaultDataSize = 256;
HttpResponse VaultEmpty();  // 204
// {"errors": [...]}; no message: an empty list, as for what is not there.
HttpResponse VaultErrors(int status, std::string_view message = {});
// Of a call that failed.
HttpResponse VaultFailure(const absl::Status& status);
// What a client is told of a failure, in Vault's words where it has any.
std::string VaultWords(const absl::Status& status);
// Whether the client is to blame: 400; else it counts as internal.
bool IsUserError(const absl::Status& status);

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_VAULT_JSON_H_
