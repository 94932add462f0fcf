// fieldkms subject export: what the service holds of a data subject, for a request for access
// (GDPR Art. 15).
#include <google/protobuf/util/time_util.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "clients/cli/base64_text.h"
#include "clients/cli/commands.h"
#include "clients/cli/field_arguments.h"
#include "clients/cli/field_lines.h"
#include "clients/cli/field_report.h"
#include "clients/cli/output.h"
#include "clients/cli/subject_report.h"
#include "clients/cpp/field_client.h"
#include "clients/cpp/rpc_status.h"
#include "clients/cpp/subject_client.h"
#include "clients/cpp/wipe.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

// So that values of 1 MiB, all of a page, fit into one answer of 32 MiB.
constexpr int kPageSize = 25;

constexpr std::array kNotes = {
    "What the application keeps in rows of its own, protected by this service or not, is not in "
    "here: it is the application's to export, and found there by its own id of the subject.",
    "Tokens for single use stand here without their values: to read one takes it away.",
    "Card verification values are not in here: they are kept for minutes, and read once."};

struct ExportArguments {
  v1::ListSubjectTokensRequest request;
  std::string view;
  std::string out;
  bool force = false;
};

Json TimeOrNull(bool set, const google::protobuf::Timestamp& time) {
  return set ? Json(TimeForJson(time)) : Json(nullptr);
}

// Writes the document, a page of tokens at a time.
class SubjectExport {
 public:
  SubjectExport(Client* client, Output* output, v1::ListSubjectTokensRequest request, v1::View view)
      : client_(client), output_(output), request_(std::move(request)), view_(view) {}

  absl::Status Run();

  uint64_t tokens() const { return tokens_; }
  uint64_t values() const { return values_; }
  // Values that could not be read, and why the first of them.
  uint64_t failed() const { return failed_; }
  const absl::Status& failure() const { return failure_; }

 private:
  using Tokens = google::protobuf::RepeatedPtrField<v1::SubjectToken>;
  using Result = v1::BatchDetokenizeResponse::Result;

  absl::Status WriteHead();
  absl::Status WritePage(const Tokens& page);
  // Those of one field: [begin, end).
  absl::Status AppendField(const Tokens& page, int begin, int end, WipedBuffer* out);
  absl::StatusOr<v1::BatchDetokenizeResponse> Read(const Tokens& page, int begin, int end);
  // `result`: null where the value was not asked for.
  void AppendToken(const v1::SubjectToken& token, const Result* result, WipedBuffer* out);
  Json Failed(const absl::Status& why);

  Client* const client_;
  Output* const output_;
  v1::ListSubjectTokensRequest request_;
  const v1::View view_;
  uint64_t tokens_ = 0;
  uint64_t values_ = 0;
  uint64_t failed_ = 0;
  absl::Status failure_;
};

absl::Status SubjectExport::Run() {
  FIELDKMS_RETURN_IF_ERROR(WriteHead());
  request_.set_page_size(kPageSize);
  do {
    FIELDKMS_ASSIGN_OR_RETURN(const v1::ListSubjectTokensResponse page,
                              SubjectClient(*client_).ListSubjectTokens(request_));
    FIELDKMS_RETURN_IF_ERROR(WritePage(page.tokens()));
    request_.set_page_token(page.next_page_token());
  } while (!request_.page_token().empty());
  return output_->Write(std::string_view("]}\n"));
}

absl::Status SubjectExport::WriteHead() {
  v1::GetSubjectRequest get;
  get.set_tenant(request_.tenant());
  get.set_subject(request_.subject());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::Subject subject, SubjectClient(*client_).GetSubject(get));
  Json head = SubjectJson(subject);
  head["fields"] = NamesJson(subject.fields());
  head["export_time"] = TimeForJson(google::protobuf::util::TimeUtil::GetCurrentTime());
  head["notes"] = kNotes;
  return output_->Write("{" + Members(head) + ",\"tokens\":[\n");
}

absl::Status SubjectExport::WritePage(const Tokens& page) {
  WipedBuffer out;
  for (int begin = 0; begin < page.size();) {
    int end = begin + 1;
    while (end < page.size() && page[end].field() == page[begin].field()) ++end;
    FIELDKMS_RETURN_IF_ERROR(AppendField(page, begin, end, &out));
    begin = end;
  }
  return output_->Write(ByteView(out));
}

absl::Status SubjectExport::AppendField(const Tokens& page, int begin, int end, WipedBuffer* out) {
  FIELDKMS_ASSIGN_OR_RETURN(v1::BatchDetokenizeResponse read, Read(page, begin, end));
  const WipeGuard wipe(&read);
  int next = 0;
  for (int i = begin; i < end; ++i) {
    AppendToken(page[i], page[i].single_use() ? nullptr : &read.results(next++), out);
  }
  return absl::OkStatus();
}

// None of these is for single use, so asking again takes nothing. A caller that may see nothing of
// a field gets what it may see of the others.
absl::StatusOr<v1::BatchDetokenizeResponse> SubjectExport::Read(const Tokens& page, int begin,
                                                                int end) {
  v1::BatchDetokenizeRequest request;
  request.set_tenant(request_.tenant());
  request.set_field(page[begin].field());
  request.set_view(view_);
  for (int i = begin; i < end; ++i) {
    if (!page[i].single_use()) request.add_items()->set_token(page[i].token());
  }
  auto read = FieldClient(*client_).BatchDetokenize(request, LostAnswer::kAskAgain);
  if (read.status().code() != absl::StatusCode::kPermissionDenied) return read;
  v1::BatchDetokenizeResponse denied;
  for (int i = 0; i < request.items_size(); ++i) {
    *denied.add_results()->mutable_error() = ToItemError(read.status());
  }
  return denied;
}

void SubjectExport::AppendToken(const v1::SubjectToken& token, const Result* result,
                                WipedBuffer* out) {
  Json json = {{"field", token.field()}, {"token", token.token()}};
  // In the order of their names, in which the message does not have them.
  json["metadata"] =
      std::map<std::string, std::string>(token.metadata().begin(), token.metadata().end());
  json["create_time"] = TimeOrNull(token.has_create_time(), token.create_time());
  json["expire_time"] = TimeOrNull(token.has_expire_time(), token.expire_time());
  json["single_use"] = token.single_use();
  AppendText(tokens_++ == 0 ? "{" : ",\n{", out);
  AppendText(Members(json), out);
  AppendText(",\"value\":", out);
  const bool shown = result != nullptr && !result->has_error();
  if (shown) {
    ++values_;
    AppendJsonString(result->value(), out);
  } else {
    AppendText("null", out);
  }
  Json rest = {{"view", shown ? Json(ViewName(result->view())) : Json(nullptr)}};
  rest["error"] = result != nullptr && result->has_error() ? Failed(StatusOfItem(result->error()))
                                                           : Json(nullptr);
  AppendText("," + Members(rest) + "}", out);
}

Json SubjectExport::Failed(const absl::Status& why) {
  // The field would name an item of a batch, which nobody sees here.
  const absl::Status shown = Error(why.code(), ReasonOf(why), std::string(why.message()));
  if (failed_++ == 0) failure_ = shown;
  return ErrorJson(shown);
}

absl::StatusOr<ExitCode> Export(Session* session, const ExportArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(const v1::View view, ParseView(arguments.view));
  // Elsewhere the same as "-", which a script with an empty variable does not mean.
  if (arguments.out.empty()) return InvalidField("out", "is empty");
  FIELDKMS_ASSIGN_OR_RETURN(Output output, Output::Open(arguments.out, arguments.force));
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  SubjectExport document(client, &output, arguments.request, view);
  FIELDKMS_RETURN_IF_ERROR(document.Run());
  FIELDKMS_RETURN_IF_ERROR(output.Commit());
  if (arguments.out != "-") {
    FIELDKMS_RETURN_IF_ERROR(session
                                 ->Show({{"file", arguments.out},
                                         {"tokens", document.tokens()},
                                         {"values", document.values()},
                                         {"failed", document.failed()}},
                                        Properties({{"file", arguments.out},
                                                    {"tokens", std::to_string(document.tokens())},
                                                    {"values", std::to_string(document.values())}}))
                                 .status());
  }
  if (document.failed() == 0) return ExitCode::kOk;
  const absl::Status& why = document.failure();
  session->ReportError(Error(why.code(), ReasonOf(why),
                             "values that could not be read: " + std::to_string(document.failed()) +
                                 "; of the first: " + std::string(why.message())));
  return ExitCode::kPartial;
}

}  // namespace

void AddSubjectExportCommand(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<ExportArguments>();
  CLI::App* const command =
      AddSubjectCommand(group, "export", "Write what the service holds of a subject, as JSON",
                        arguments->request.mutable_subject(), arguments->request.mutable_tenant());
  AddViewOption(command, &arguments->view);
  command
      ->add_option("--out", arguments->out,
                   "The file to write; \"-\": standard output, with values")
      ->type_name("FILE")
      ->required();
  command->add_flag("--force", arguments->force, "Replace the file of --out if it exists");
  session->Bind(command, [session, arguments] { return Export(session, *arguments); });
}

}  // namespace fieldkms
