// What Vault's clients ask besides transit: how the server is, what is mounted, whose token it is.
#ifndef FIELDKMS_SQL_SHIM_VAULT_SYS_H_
#define FIELDKMS_SQL_SHIM_VAULT_SYS_H_

#include <string_view>

#include "sql/shim/backend.h"
#include "sql/shim/peers.h"
#include "sql/shim/vault_json.h"

namespace fieldkms::shim {

// Whether a path below /v1/ is answered without a token.
bool IsOpenVaultPath(std::string_view path);
// Whether it is one of these at all, for this method.
bool IsVaultSysPath(std::string_view path);

// Answers one that is open. `serving`: whether the service serves; looked at where TellsHealth.
HttpResponse AnswerOpenVault(std::string_view method, std::string_view path, bool serving);
bool TellsHealth(std::string_view path);

// Answers one of the others.
HttpResponse AnswerVaultSys(const Backend& backend, const HttpHead& head, std::string_view path,
                            const Asker& asker);

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_VAULT_SYS_H_
