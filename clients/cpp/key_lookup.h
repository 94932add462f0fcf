// A key of the service, by its name or an alias, as people name them.
#ifndef FIELDKMS_CLIENTS_CPP_KEY_LOOKUP_H_
#define FIELDKMS_CLIENTS_CPP_KEY_LOOKUP_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cpp/client.h"

namespace fieldkms {

// All aliases of a tenant whose keys the caller may read, in the order of their names.
absl::Status ForEachAlias(Client* client, const std::string& tenant,
                          const std::function<void(const v1::Alias&)>& body);

// Errors: those of GetKey and ListAliases, with `option` as the field where there is no such key.
absl::StatusOr<v1::Key> FindKey(Client* client, const std::string& tenant, const std::string& name,
                                const std::string& option);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_KEY_LOOKUP_H_
