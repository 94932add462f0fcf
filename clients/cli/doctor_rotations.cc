// Checks of doctor.h about rotations.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>

#include "clients/cli/doctor.h"
#include "clients/cli/report.h"
#include "clients/cpp/rotation_client.h"
#include "crypto/status.h"
#include "kms/printable.h"

namespace fieldkms {
namespace {

constexpr char kCheck[] = "rotations";
// Jobs of a tenant that are looked at: the newest.
constexpr int kNewestJobs = 1'000;
constexpr int kPage = 1'000;

WallTime TimeOf(const google::protobuf::Timestamp& time) {
  return WallTime(std::chrono::seconds(time.seconds()));
}

// The job that a schedule made last; nullptr: it is not among them.
const v1::RotationJob* LastJob(const v1::RotationSchedule& schedule,
                               const std::vector<v1::RotationJob>& jobs) {
  const auto is_it = [&schedule](const v1::RotationJob& job) {
    return job.job_id() == schedule.last_job_id();
  };
  const auto found = std::find_if(jobs.begin(), jobs.end(), is_it);
  return found == jobs.end() ? nullptr : &*found;
}

// One that has ended, as FAILED, too, is not waited for any more.
bool IsOverdue(const v1::RotationSchedule& schedule, const v1::RotationJob* last, WallTime now) {
  if (last == nullptr || !schedule.has_within() || HasEnded(*last)) return false;
  return TimeOf(last->create_time()) + std::chrono::seconds(schedule.within().seconds()) <= now;
}

std::string Named(std::string_view what, const std::string& id, const std::string& tenant,
                  const v1::RotationSpec& spec) {
  return fmt::format("{} {} of tenant {}, key {}", what, id, Printable(tenant),
                     Printable(spec.key()));
}

void LookAtSchedule(const v1::RotationSchedule& schedule, const std::vector<v1::RotationJob>& jobs,
                    WallTime now, std::vector<Finding>* findings) {
  if (schedule.suspended()) return;
  const std::string named =
      Named("schedule", schedule.schedule_id(), schedule.tenant(), schedule.spec());
  const v1::RotationJob* const last = LastJob(schedule, jobs);
  if (IsOverdue(schedule, last, now)) {
    findings->push_back({kCheck, Level::kFail,
                         named + ": its job " + last->job_id() + " is overdue",
                         "fieldkms rotation status " + last->job_id() + " says how far it is"});
  } else if (!schedule.last_error().empty()) {
    findings->push_back({kCheck, Level::kWarn, named + ": " + Printable(schedule.last_error()),
                         "it makes no jobs until that is mended"});
  }
}

// A job that failed is of no concern any more once a newer one does the same.
void LookAtJobs(const std::vector<v1::RotationJob>& jobs, std::vector<Finding>* findings) {
  std::set<std::tuple<std::string, std::string, v1::RotationTransform>> seen;
  for (const v1::RotationJob& job : jobs) {
    if (job.state() == v1::ROTATION_STATE_CANCELLED) continue;
    const v1::RotationSpec& spec = job.spec();
    const bool newest = seen.emplace(spec.data_source(), spec.key(), spec.transform()).second;
    if (!newest || job.state() != v1::ROTATION_STATE_FAILED) continue;
    findings->push_back(
        {kCheck, Level::kWarn,
         Named("job", job.job_id(), job.tenant(), spec) + " has failed: " + Printable(job.error()),
         "mend that and start the job again, or cancel it"});
  }
}

absl::StatusOr<std::vector<std::string>> Tenants(Client* client) {
  std::vector<std::string> tenants;
  v1::ListTenantsRequest request;
  request.set_page_size(kPage);
  do {
    FIELDKMS_ASSIGN_OR_RETURN(const v1::ListTenantsResponse page, client->ListTenants(request));
    for (const v1::Tenant& tenant : page.tenants()) tenants.push_back(tenant.tenant());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return tenants;
}

absl::Status ReadSchedules(RotationClient* client, const std::string& tenant,
                           std::vector<v1::RotationSchedule>* schedules) {
  v1::ListSchedulesRequest request;
  request.set_tenant(tenant);
  request.set_page_size(kPage);
  do {
    FIELDKMS_ASSIGN_OR_RETURN(const v1::ListSchedulesResponse page, client->ListSchedules(request));
    schedules->insert(schedules->end(), page.schedules().begin(), page.schedules().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

// A page may be shorter than asked for.
absl::Status ReadNewestJobs(RotationClient* client, const std::string& tenant,
                            std::vector<v1::RotationJob>* jobs) {
  v1::ListJobsRequest request;
  request.set_tenant(tenant);
  do {
    request.set_page_size(kNewestJobs - static_cast<int>(jobs->size()));
    FIELDKMS_ASSIGN_OR_RETURN(const v1::ListJobsResponse page, client->ListJobs(request));
    jobs->insert(jobs->end(), page.jobs().begin(), page.jobs().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && jobs->size() < kNewestJobs);
  return absl::OkStatus();
}

absl::StatusOr<TenantRotations> ReadRotations(RotationClient* client, const std::string& tenant) {
  TenantRotations rotations;
  FIELDKMS_RETURN_IF_ERROR(ReadSchedules(client, tenant, &rotations.schedules));
  FIELDKMS_RETURN_IF_ERROR(ReadNewestJobs(client, tenant, &rotations.jobs));
  return rotations;
}

Finding MayNotRead() {
  return {kCheck, Level::kOk,
          "user " + std::to_string(geteuid()) + " may not read them (rotation.read)", ""};
}

Finding Unreadable(const absl::Status& status) {
  return {kCheck, Level::kFail, ErrorText(status), "look into fieldkmsd's log"};
}

}  // namespace

std::vector<Finding> FindingsOf(const TenantRotations& rotations, WallTime now) {
  std::vector<Finding> findings;
  for (const v1::RotationSchedule& schedule : rotations.schedules) {
    LookAtSchedule(schedule, rotations.jobs, now, &findings);
  }
  LookAtJobs(rotations.jobs, &findings);
  return findings;
}

std::vector<Finding> CheckRotations(Client* client) {
  const absl::StatusOr<std::vector<std::string>> tenants = Tenants(client);
  if (ReasonOf(tenants.status()) == Reason::kPermissionDenied) return {MayNotRead()};
  if (!tenants.ok()) return {Unreadable(tenants.status())};
  RotationClient jobs(*client);
  std::vector<Finding> findings;
  size_t read = 0;
  for (const std::string& tenant : *tenants) {
    const absl::StatusOr<TenantRotations> rotations = ReadRotations(&jobs, tenant);
    if (ReasonOf(rotations.status()) == Reason::kPermissionDenied) continue;
    if (!rotations.ok()) return {Unreadable(rotations.status())};
    ++read;
    std::vector<Finding> found = FindingsOf(*rotations, SystemClock().Now());
    std::move(found.begin(), found.end(), std::back_inserter(findings));
  }
  if (read == 0 && !tenants->empty()) return {MayNotRead()};
  if (findings.empty()) {
    findings.push_back({kCheck, Level::kOk,
                        fmt::format("none of {} tenants has one that is overdue or failing", read),
                        ""});
  }
  return findings;
}

}  // namespace fieldkms
