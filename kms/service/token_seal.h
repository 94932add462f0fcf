// How the values of vaulted tokens are sealed, and their tokens found.
#ifndef FIELDKMS_KMS_SERVICE_TOKEN_SEAL_H_
#define FIELDKMS_KMS_SERVICE_TOKEN_SEAL_H_

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/service/field_run.h"
#include "kms/store/token_store.h"

namespace fieldkms {

// What the workers of calls on tokens tell of item `item` of the call, which failed after all
// were looked at.
using FailItemFunction = std::function<void(int item, const absl::Status&)>;

// kNotFound, kTokenNotFound.
absl::Status TokenNotFound();

inline TokenDomain DomainOf(const LoadedField& field) {
  return {field.record.tenant, field.record.field_id};
}

// Calls `body(field, part)` for the items of each field, as pointers, in the order of fields'
// first items. `Item` has a `field`.
template <class Item, class Body>
void ForEachField(std::vector<Item>& items, const Body& body) {
  std::vector<std::pair<const LoadedField*, std::vector<Item*>>> fields;
  std::map<const LoadedField*, size_t> places;
  for (Item& item : items) {
    const auto [place, first] = places.try_emplace(item.field, fields.size());
    if (first) fields.push_back({item.field, {}});
    fields[place->second].second.push_back(&item);
  }
  for (const auto& [field, part] : fields) body(*field, part);
}

// A value is sealed as an envelope under the field's TOKEN key, in the context of the field
// (entry `f`) and the token (`t`): it opens as that token of that field only. Lives within one
// run, which may block.
class TokenSeal {
 public:
  explicit TokenSeal(FieldRun& run);

  // Whether the token key can be had, so that nothing is taken out of the store that could not
  // be opened. Errors: those of KeyFinder::ToSeal.
  absl::Status CheckKey(const LoadedField& field);
  // `subject`: handle of the data subject, "": none.
  absl::Status Seal(const LoadedField& field, std::string_view token, std::string_view value,
                    std::string_view subject, std::string* sealed);
  absl::Status Open(const LoadedField& field, std::string_view token, std::string_view sealed,
                    std::string* value);
  // The lookup of the canonical value that the run has. Errors: those of KeyFinder::ToOpen.
  absl::Status Lookup(const LoadedField& field, std::string* lookup);

 private:
  absl::StatusOr<KeyFinder::Found> FindKey(const LoadedField& field);
  const ContextField& ContextOf(std::string_view token);

  FieldRun& run_;
  ItemCrypto crypto_;
  KeyFinder lookup_keys_;
  ContextField own_;  // the entry `t`
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_TOKEN_SEAL_H_
