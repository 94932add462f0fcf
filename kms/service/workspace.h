// Workspace: what sealing and opening reuse from call to call, one a thread.
#ifndef FIELDKMS_KMS_SERVICE_WORKSPACE_H_
#define FIELDKMS_KMS_SERVICE_WORKSPACE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/envelope.h"
#include "fieldkms/v1/crypto_service.pb.h"

namespace fieldkms {

using ContextField = google::protobuf::RepeatedPtrField<v1::ContextEntry>;

inline size_t Size(const ContextField& context) { return static_cast<size_t>(context.size()); }

class Workspace {
 public:
  // The calling thread's, set to `tenant`. Valid until the thread's next call of For.
  static Workspace& For(std::string_view tenant);

  // The sealer of the tenant.
  FieldSealer& sealer() { return *sealer_; }

  // SetContext gives the sealer the context of one item: `shared` and `own`.
  // Error: as FieldSealer::SetContext.
  absl::Status SetContext(const ContextField& shared, const ContextField& own);
  absl::Status SetContext(const ContextField& own) { return SetContext(NoContext(), own); }

  // The canonical form of the context of one item (AppendContext). Valid until the next call.
  absl::StatusOr<std::string_view> CanonicalContext(const ContextField& shared,
                                                    const ContextField& own);

  // Whether two contexts are one and the same map. `own` and `other` may be in any
  // order; both are taken as given where they are not legal.
  bool SameContext(const ContextField& shared, const ContextField& own, const ContextField& other);

  static const ContextField& NoContext();

  // A place for a name that must outlive the snapshot it is from; keeps its memory.
  std::string& name() { return name_; }

 private:
  void Collect(const ContextField& shared, const ContextField& own,
               std::vector<ContextEntry>* entries);

  std::string tenant_, name_, canonical_;
  std::optional<FieldSealer> sealer_;
  std::vector<ContextEntry> entries_, other_entries_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_WORKSPACE_H_
