#include "rotation/leased_calls.h"

#include <mutex>
#include <utility>

#include "clients/cpp/local_rewrap.h"
#include "clients/cpp/rotation_client.h"
#include "crypto/status.h"

namespace fieldkms::rotation {
namespace {

// Makes a LocalRewrap when it is needed: before a job was started, its target is not known.
class LazyRewrap {
 public:
  LazyRewrap(std::shared_ptr<Client> client, const std::string& tenant, const std::string& job_id)
      : client_(std::move(client)) {
    request_.set_tenant(tenant);
    request_.set_job_id(job_id);
  }

  absl::StatusOr<v1::BatchRewrapResponse> operator()(const v1::BatchRewrapRequest& request) {
    FIELDKMS_ASSIGN_OR_RETURN(LocalRewrap* const rewrap, Get());
    return rewrap->BatchRewrap(request);
  }

 private:
  absl::StatusOr<LocalRewrap*> Get() {
    {
      const std::lock_guard lock(mutex_);
      if (rewrap_ != nullptr) return rewrap_.get();
    }
    FIELDKMS_ASSIGN_OR_RETURN(const v1::RotationJob job, RotationClient(*client_).GetJob(request_));
    FIELDKMS_ASSIGN_OR_RETURN(std::unique_ptr<LocalRewrap> made,
                              LocalRewrap::Create(client_, job.tenant(), job.target()));
    const std::lock_guard lock(mutex_);
    // Another thread may have been quicker, and have handed its own out.
    if (rewrap_ == nullptr) rewrap_ = std::move(made);
    return rewrap_.get();
  }

  const std::shared_ptr<Client> client_;
  v1::GetJobRequest request_;
  std::mutex mutex_;
  std::unique_ptr<LocalRewrap> rewrap_;
};

}  // namespace

ServiceCalls LeasedCallsOf(std::shared_ptr<Client> client, const std::string& tenant,
                           const std::string& job_id) {
  ServiceCalls calls = CallsOf(*client);
  const auto lazy = std::make_shared<LazyRewrap>(std::move(client), tenant, job_id);
  calls.rewrap = [lazy](const v1::BatchRewrapRequest& request) { return (*lazy)(request); };
  return calls;
}

}  // namespace fieldkms::rotation
