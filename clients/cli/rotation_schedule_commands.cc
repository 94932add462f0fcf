// fieldkms rotation schedule create|list|suspend|resume|delete: what makes jobs by itself.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "clients/cli/commands.h"
#include "clients/cli/durations.h"
#include "clients/cli/rotation_args.h"
#include "clients/cli/schedule_report.h"
#include "clients/cpp/rotation_client.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

struct CreateArguments {
  SpecArgs spec;
  std::string rotate_after;
  std::string within;
  v1::CreateScheduleRequest request;
};

absl::StatusOr<ExitCode> Show(Session* session,
                              const absl::StatusOr<v1::RotationSchedule>& schedule) {
  FIELDKMS_RETURN_IF_ERROR(schedule.status());
  return session->Show(ScheduleJson(*schedule), ScheduleText(*schedule));
}

absl::StatusOr<ExitCode> Create(Session* session, const CreateArguments& arguments) {
  v1::CreateScheduleRequest request = arguments.request;
  v1::RotationSchedule* const schedule = request.mutable_schedule();
  FIELDKMS_ASSIGN_OR_RETURN(*schedule->mutable_spec(), SpecOf(arguments.spec));
  if (!arguments.rotate_after.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(const int64_t seconds,
                              ParseSeconds(arguments.rotate_after, "rotate-after"));
    schedule->mutable_rotate_after()->set_seconds(seconds);
  }
  if (!arguments.within.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(const int64_t seconds, ParseSeconds(arguments.within, "within"));
    schedule->mutable_within()->set_seconds(seconds);
  }
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  return Show(session, RotationClient(*client).CreateSchedule(request));
}

void AddCreate(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<CreateArguments>();
  CLI::App* const command = group->add_subcommand(
      "create", "Make a schedule: its jobs are started at once, and workers take them with --next");
  AddTenantOption(command, arguments->request.mutable_tenant());
  AddSpecOptions(command, &arguments->spec);
  command
      ->add_option(
          "--cron", *arguments->request.mutable_schedule()->mutable_cron(),
          "Minute, hour, day of month, month and day of week (UTC), such as '0 3 * * sun'; "
          "without it: whenever the key has a new version")
      ->type_name("CRON");
  command
      ->add_option("--rotate-after", arguments->rotate_after,
                   "Rotate the key itself, once its version is older than this, such as 90d")
      ->type_name("DURATION");
  command
      ->add_option("--within", arguments->within,
                   "A job that is not done after this, such as 14d, is overdue")
      ->type_name("DURATION");
  AddRequestIdOption(command, arguments->request.mutable_request_id());
  session->Bind(command, [session, arguments] { return Create(session, *arguments); });
}

absl::StatusOr<ExitCode> List(Session* session, v1::ListSchedulesRequest request) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  Json list = Json::array();
  std::vector<v1::RotationSchedule> schedules;
  request.set_page_size(1'000);
  do {
    FIELDKMS_ASSIGN_OR_RETURN(const v1::ListSchedulesResponse page,
                              RotationClient(*client).ListSchedules(request));
    for (const v1::RotationSchedule& schedule : page.schedules()) {
      list.push_back(ScheduleJson(schedule));
      schedules.push_back(schedule);
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return session->Show({{"schedules", std::move(list)}}, ScheduleLines(schedules));
}

void AddList(CLI::App* group, Session* session) {
  auto request = std::make_shared<v1::ListSchedulesRequest>();
  CLI::App* const command = group->add_subcommand("list", "List the schedules of a tenant");
  AddTenantOption(command, request->mutable_tenant());
  session->Bind(command, [session, request] { return List(session, *request); });
}

void AddSuspend(CLI::App* group, Session* session, const char* name, const char* description,
                bool suspended) {
  auto request = std::make_shared<v1::SuspendScheduleRequest>();
  CLI::App* const command = group->add_subcommand(name, description);
  AddScheduleArgument(command, request->mutable_schedule_id())->required();
  AddTenantOption(command, request->mutable_tenant());
  request->set_suspended(suspended);
  session->Bind(command, [session, request]() -> absl::StatusOr<ExitCode> {
    FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
    return Show(session, RotationClient(*client).SuspendSchedule(*request));
  });
}

void AddDelete(CLI::App* group, Session* session) {
  auto request = std::make_shared<v1::DeleteScheduleRequest>();
  CLI::App* const command =
      group->add_subcommand("delete", "Take a schedule away; the jobs that it made stay");
  AddScheduleArgument(command, request->mutable_schedule_id())->required();
  AddTenantOption(command, request->mutable_tenant());
  session->Bind(command, [session, request]() -> absl::StatusOr<ExitCode> {
    FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
    FIELDKMS_RETURN_IF_ERROR(RotationClient(*client).DeleteSchedule(*request));
    return session->Show(
        {{"tenant", request->tenant()}, {"schedule_id", request->schedule_id()}, {"deleted", true}},
        Properties({{"tenant", request->tenant()},
                    {"schedule", request->schedule_id()},
                    {"deleted", "yes"}}));
  });
}

}  // namespace

void AddRotationScheduleCommands(CLI::App* group, Session* session) {
  CLI::App* const schedules = group->add_subcommand(
      "schedule", "Have jobs made by time, or whenever a key has a new version");
  schedules->require_subcommand(1, 1);
  AddCreate(schedules, session);
  AddList(schedules, session);
  AddSuspend(schedules, session, "suspend", "Stop a schedule from making jobs", true);
  AddSuspend(schedules, session, "resume",
             "Let a suspended schedule go on; what it has missed is not made good", false);
  AddDelete(schedules, session);
}

}  // namespace fieldkms
