#include "kms/backup/store_compare.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/status.h"
#include "kms/backup/store_scan.h"
#include "kms/store/record_json.h"

namespace fieldkms {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr size_t kPage = 500;
constexpr size_t kFieldPage = 50;  // policies are long

std::string TextOf(TenantRecord record) {
  record.change = 0;
  return ToJson(record);
}
std::string TextOf(KeyRecord record) {
  record.change = 0;
  return ToJson(record);
}
std::string TextOf(AliasRecord record) {
  record.change = 0;
  return ToJson(record);
}
std::string TextOf(FieldRecord record) {
  record.change = 0;
  return ToJson(record);
}
std::string TextOf(const KekRecord& record) { return ToJson(record); }
std::string TextOf(const KeyVersionRecord& record) { return ToJson(record); }

template <class Record>
bool Same(const std::vector<Record>& one, const std::vector<Record>& other) {
  if (one.size() != other.size()) return false;
  for (size_t i = 0; i < one.size(); ++i) {
    if (TextOf(one[i]) != TextOf(other[i])) return false;
  }
  return true;
}

class Comparison {
 public:
  Comparison(Store& one, Store& other, const Clock& clock,
             const std::function<void(uint64_t)>& on_progress)
      : one_(one), other_(other), clock_(clock), on_progress_(on_progress) {}

  absl::StatusOr<Compared> Run() {
    std::string after;
    while (true) {
      FIELDKMS_ASSIGN_OR_RETURN(const std::vector<TenantRecord> page,
                                one_.ListTenants(after, kPage, Soon()));
      FIELDKMS_ASSIGN_OR_RETURN(const std::vector<TenantRecord> same,
                                other_.ListTenants(after, kPage, Soon()));
      if (!Same(page, same)) return CopyDiffers("any", "tenants");
      if (page.empty()) return compared_;
      for (const TenantRecord& tenant : page) FIELDKMS_RETURN_IF_ERROR(Compare(tenant.tenant));
      after = page.back().tenant;
    }
  }

 private:
  Deadline Soon() const { return clock_.Steady() + kPatience; }

  absl::Status Compare(const std::string& tenant) {
    ++compared_.tenants;
    FIELDKMS_ASSIGN_OR_RETURN(const std::vector<KekRecord> keks, one_.ListKeks(tenant, Soon()));
    FIELDKMS_ASSIGN_OR_RETURN(const std::vector<KekRecord> same, other_.ListKeks(tenant, Soon()));
    if (!Same(keks, same)) return CopyDiffers(tenant, "key-encryption keys");
    FIELDKMS_RETURN_IF_ERROR(CompareKeys(tenant));
    FIELDKMS_RETURN_IF_ERROR(CompareAliases(tenant));
    return CompareFields(tenant);
  }

  absl::Status CompareKeys(const std::string& tenant) {
    std::string after;
    while (true) {
      FIELDKMS_ASSIGN_OR_RETURN(const std::vector<KeyRecord> page,
                                one_.ListKeys(tenant, after, kPage, Soon()));
      FIELDKMS_ASSIGN_OR_RETURN(const std::vector<KeyRecord> same,
                                other_.ListKeys(tenant, after, kPage, Soon()));
      if (!Same(page, same)) return CopyDiffers(tenant, "keys");
      if (page.empty()) return absl::OkStatus();
      for (const KeyRecord& key : page) FIELDKMS_RETURN_IF_ERROR(CompareVersions(key));
      after = page.back().name;
    }
  }

  absl::Status CompareVersions(const KeyRecord& key) {
    FIELDKMS_ASSIGN_OR_RETURN(const std::vector<KeyVersionRecord> versions,
                              AllVersions(one_, clock_, key));
    FIELDKMS_ASSIGN_OR_RETURN(const std::vector<KeyVersionRecord> same,
                              AllVersions(other_, clock_, key));
    if (!Same(versions, same)) return CopyDiffers(key.tenant, "key versions");
    ++compared_.keys;
    if (on_progress_) on_progress_(compared_.keys);
    return absl::OkStatus();
  }

  absl::Status CompareAliases(const std::string& tenant) {
    std::string after;
    while (true) {
      FIELDKMS_ASSIGN_OR_RETURN(const std::vector<AliasRecord> page,
                                one_.ListAliases(tenant, after, kPage, Soon()));
      FIELDKMS_ASSIGN_OR_RETURN(const std::vector<AliasRecord> same,
                                other_.ListAliases(tenant, after, kPage, Soon()));
      if (!Same(page, same)) return CopyDiffers(tenant, "aliases");
      if (page.empty()) return absl::OkStatus();
      after = page.back().alias;
    }
  }

  absl::Status CompareFields(const std::string& tenant) {
    std::string after;
    while (true) {
      FIELDKMS_ASSIGN_OR_RETURN(const std::vector<FieldRecord> page,
                                one_.ListFields(tenant, after, kFieldPage, Soon()));
      FIELDKMS_ASSIGN_OR_RETURN(const std::vector<FieldRecord> same,
                                other_.ListFields(tenant, after, kFieldPage, Soon()));
      if (!Same(page, same)) return CopyDiffers(tenant, "fields");
      if (page.empty()) return absl::OkStatus();
      after = page.back().name;
    }
  }

  Store& one_;
  Store& other_;
  const Clock& clock_;
  const std::function<void(uint64_t)>& on_progress_;
  Compared compared_;
};

}  // namespace

absl::Status CopyDiffers(std::string_view tenant, std::string_view what) {
  return Error(absl::StatusCode::kDataLoss, Reason::kStoreCorrupt,
               "the copy is not like its source: " + std::string(what) + " of tenant " +
                   std::string(tenant) + " differ");
}

absl::StatusOr<Compared> CompareStores(Store& one, Store& other, const Clock& clock,
                                       const std::function<void(uint64_t keys)>& on_progress) {
  return Comparison(one, other, clock, on_progress).Run();
}

}  // namespace fieldkms
