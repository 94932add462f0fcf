#include "rotation/open_jobs.h"

#include "crypto/status.h"
#include "rotation/in_step.h"

namespace fieldkms::rotation {
namespace {

// Every row is compared with what it was made of.
constexpr uint32_t kVerifyAll = 1'000'000;

bool Fills(const v1::RotationJob& job, const v1::RotationSpec& wanted) {
  const v1::RotationSpec& spec = job.spec();
  if (spec.transform() != wanted.transform() || spec.tables_size() != 1) return false;
  const v1::RotationTable& table = spec.tables(0);
  const v1::RotationTable& other = wanted.tables(0);
  return table.schema() == other.schema() && table.table() == other.table() &&
         table.columns_size() == 1 && table.columns(0) == other.columns(0);
}

}  // namespace

absl::Status ForEachOpenJob(Client& client, const std::string& tenant,
                            const std::string& data_source,
                            const std::function<bool(const v1::RotationJob&)>& on_job) {
  v1::ListJobsRequest request;
  request.set_tenant(tenant);
  request.set_open_only(true);
  request.set_data_source(data_source);
  do {
    FIELDKMS_ASSIGN_OR_RETURN(const v1::ListJobsResponse page,
                              RotationClient(client).ListJobs(request));
    for (const v1::RotationJob& job : page.jobs()) {
      if (!on_job(job)) return absl::OkStatus();
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

v1::CreateJobRequest FillJobRequest(const ProtectedColumn& column, const std::string& data_source,
                                    bool start) {
  const bool encrypts =
      column.conversion == Conversion::kProtect || column.conversion == Conversion::kProtectClosed;
  v1::CreateJobRequest request;
  request.set_tenant(column.tenant);
  request.set_start(start);
  v1::RotationSpec* const spec = request.mutable_spec();
  spec->set_data_source(data_source);
  spec->set_key(column.key);
  spec->set_transform(encrypts ? v1::ROTATION_TRANSFORM_ENCRYPT : v1::ROTATION_TRANSFORM_DECRYPT);
  spec->set_verify_sample(kVerifyAll);
  v1::RotationTable* const table = spec->add_tables();
  table->set_schema(column.table.schema);
  table->set_table(column.table.table);
  table->add_columns(column.column);
  return request;
}

absl::StatusOr<v1::RotationJob> EnsureFillJob(Client& client, const ProtectedColumn& column,
                                              const std::string& data_source,
                                              const std::string& request_id) {
  v1::CreateJobRequest request = FillJobRequest(column, data_source, /*start=*/true);
  request.set_request_id(request_id);
  std::optional<v1::RotationJob> open;
  FIELDKMS_RETURN_IF_ERROR(
      ForEachOpenJob(client, column.tenant, data_source, [&](const v1::RotationJob& job) {
        if (Fills(job, request.spec())) open = job;
        return !open.has_value();
      }));
  if (!open) return RotationClient(client).CreateJob(request);
  if (open->state() != v1::ROTATION_STATE_PLANNED) return *std::move(open);
  v1::StartJobRequest start;
  start.set_tenant(column.tenant);
  start.set_job_id(open->job_id());
  return RotationClient(client).StartJob(start);
}

}  // namespace fieldkms::rotation
