#include "clients/cpp/key_lookup.h"

#include <utility>

#include "crypto/status.h"

namespace fieldkms {
namespace {

absl::StatusOr<v1::Key> GetKey(Client* client, const std::string& tenant, const std::string& name,
                               const std::string& option) {
  v1::GetKeyRequest request;
  request.set_tenant(tenant);
  request.set_name(name);
  absl::StatusOr<v1::Key> key = client->GetKey(request);
  if (key.ok() || FieldOf(key.status()) != "name") return key;
  return Error(key.status().code(), ReasonOf(key.status()), MessageOf(key.status()), option);
}

}  // namespace

absl::Status ForEachAlias(Client* client, const std::string& tenant,
                          const std::function<void(const v1::Alias&)>& body) {
  v1::ListAliasesRequest request;
  request.set_tenant(tenant);
  request.set_page_size(1'000);
  do {
    FIELDKMS_ASSIGN_OR_RETURN(const v1::ListAliasesResponse page, client->ListAliases(request));
    for (const v1::Alias& alias : page.aliases()) body(alias);
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

absl::StatusOr<v1::Key> FindKey(Client* client, const std::string& tenant, const std::string& name,
                                const std::string& option) {
  absl::StatusOr<v1::Key> key = GetKey(client, tenant, name, option);
  if (key.ok() || ReasonOf(key.status()) != Reason::kKeyNotFound) return key;
  std::string own_name;
  FIELDKMS_RETURN_IF_ERROR(ForEachAlias(client, tenant, [&](const v1::Alias& alias) {
    if (alias.alias() == name) own_name = alias.key();
  }));
  return own_name.empty() ? std::move(key) : GetKey(client, tenant, own_name, option);
}

}  // namespace fieldkms
