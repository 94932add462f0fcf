// fieldkms subject get|list|hold|release|erase
#include <memory>
#include <string>
#include <utility>

#include "clients/cli/commands.h"
#include "clients/cli/input.h"
#include "clients/cli/subject_report.h"
#include "clients/cpp/subject_client.h"
#include "crypto/status.h"
#include "kms/printable.h"

namespace fieldkms {
namespace {

absl::StatusOr<ExitCode> Get(Session* session, const v1::GetSubjectRequest& request) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::Subject subject, SubjectClient(*client).GetSubject(request));
  Json json = SubjectJson(subject);
  json["fields"] = NamesJson(subject.fields());
  return session->Show(json, Properties(SubjectRows(subject)));
}

absl::StatusOr<ExitCode> List(Session* session, v1::ListSubjectsRequest request) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  Json subjects = Json::array();
  Table table({"SUBJECT", "HANDLE", "CREATED", "HELD SINCE"});
  request.set_page_size(1'000);
  do {
    FIELDKMS_ASSIGN_OR_RETURN(const v1::ListSubjectsResponse page,
                              SubjectClient(*client).ListSubjects(request));
    for (const v1::Subject& subject : page.subjects()) {
      subjects.push_back(SubjectJson(subject));
      table.Add({Printable(subject.subject()), subject.handle(),
                 TimeForPeople(subject.create_time()),
                 subject.has_hold() ? TimeForPeople(subject.hold().time()) : ""});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return session->Show({{"subjects", std::move(subjects)}}, table.Render());
}

absl::StatusOr<ExitCode> SetHold(Session* session, const v1::SetLegalHoldRequest& request) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::Subject subject,
                            SubjectClient(*client).SetLegalHold(request));
  return session->Show(SubjectJson(subject), Properties(SubjectRows(subject)));
}

// To the service an empty reason is the end of a hold, which a script with an empty variable does
// not mean.
absl::StatusOr<ExitCode> Hold(Session* session, const v1::SetLegalHoldRequest& request) {
  if (request.reason().empty()) {
    return InvalidField("reason", "is empty; `fieldkms subject release` ends a hold");
  }
  return SetHold(session, request);
}

// Whoever types the id has read it.
absl::Status AskToErase(const v1::EraseSubjectRequest& request) {
  FIELDKMS_ASSIGN_OR_RETURN(
      const std::string typed,
      PromptLine("The subject and its tokens will be erased: no value that was protected for it "
                 "can be read\nagain, in no copy. Type the subject's id to go on: "));
  if (typed == request.subject()) return absl::OkStatus();
  return InvalidField("subject", "what was typed is not the subject's id, so nothing was done");
}

absl::StatusOr<ExitCode> Erase(Session* session, const v1::EraseSubjectRequest& request, bool yes) {
  if (!yes) FIELDKMS_RETURN_IF_ERROR(AskToErase(request));
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::EraseSubjectResponse erased,
                            SubjectClient(*client).EraseSubject(request));
  return session->Show(ErasureJson(erased), ErasureText(erased));
}

// Adds a command about one subject of one tenant.
template <class Request>
CLI::App* AddOfSubject(CLI::App* group, const char* name, const char* description,
                       Request* request) {
  return AddSubjectCommand(group, name, description, request->mutable_subject(),
                           request->mutable_tenant());
}

void AddHolds(CLI::App* group, Session* session) {
  auto hold = std::make_shared<v1::SetLegalHoldRequest>();
  CLI::App* const command = AddOfSubject(
      group, "hold", "Keep a subject and its tokens from being erased (legal hold)", hold.get());
  command
      ->add_option("--reason", *hold->mutable_reason(),
                   "Why, such as a case number: up to 1,024 bytes; replaces the one that it has")
      ->type_name("TEXT")
      ->required();
  session->Bind(command, [session, hold] { return Hold(session, *hold); });

  auto release = std::make_shared<v1::SetLegalHoldRequest>();
  session->Bind(AddOfSubject(group, "release", "End the legal hold of a subject", release.get()),
                [session, release] { return SetHold(session, *release); });
}

}  // namespace

CLI::App* AddSubjectCommand(CLI::App* group, const char* name, const char* description,
                            std::string* subject, std::string* tenant) {
  CLI::App* const command = group->add_subcommand(name, description);
  command->add_option("id", *subject, "The application's own id of the subject")
      ->type_name("ID")
      ->required();
  AddTenantOption(command, tenant);
  return command;
}

void AddSubjectCommands(CLI::App* app, Session* session) {
  CLI::App* const group = app->add_subcommand(
      "subject", "Look at, export, hold and erase data subjects: persons whose values are kept");
  group->require_subcommand(1, 1);

  auto get = std::make_shared<v1::GetSubjectRequest>();
  session->Bind(AddOfSubject(group, "get", "Show a subject", get.get()),
                [session, get] { return Get(session, *get); });

  auto list = std::make_shared<v1::ListSubjectsRequest>();
  CLI::App* const list_command = group->add_subcommand("list", "List the subjects of a tenant");
  AddTenantOption(list_command, list->mutable_tenant());
  session->Bind(list_command, [session, list] { return List(session, *list); });

  AddHolds(group, session);
  AddSubjectExportCommand(group, session);

  auto erase = std::make_shared<v1::EraseSubjectRequest>();
  auto yes = std::make_shared<bool>(false);
  CLI::App* const erase_command =
      AddOfSubject(group, "erase", "Erase a subject and its tokens for ever", erase.get());
  erase_command->add_flag("--yes", *yes, "Do not ask on the terminal");
  session->Bind(erase_command, [session, erase, yes] { return Erase(session, *erase, *yes); });
}

}  // namespace fieldkms
