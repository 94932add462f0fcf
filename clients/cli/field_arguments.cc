#include "clients/cli/field_arguments.h"

#include "clients/cli/input.h"
#include "clients/cli/output.h"
#include "clients/cpp/limits.h"

namespace fieldkms {

absl::StatusOr<WipedBuffer> ReadFieldValue(const FieldArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(WipedBuffer value,
                            ReadValue(arguments.io.in, kMaxRequestSize, "Value (not shown): "));
  if (!value.empty() && value.back() == '\n') value.pop_back();
  return value;
}

absl::StatusOr<std::string> ReadSource(const FieldArguments& arguments) {
  if (!arguments.source.empty()) return arguments.source;
  FIELDKMS_ASSIGN_OR_RETURN(InputFile file, InputFile::Open(arguments.io.in));
  FIELDKMS_ASSIGN_OR_RETURN(const WipedBuffer read, ReadAll(file.fd(), kMaxRequestSize));
  std::string source(AsText(ByteView(read)));
  if (source.ends_with('\n')) source.pop_back();
  return source;
}

absl::Status WriteMade(const FieldArguments& arguments, std::string_view text) {
  FIELDKMS_ASSIGN_OR_RETURN(Output output, Output::Open(arguments.io.out, arguments.io.force));
  FIELDKMS_RETURN_IF_ERROR(output.Write(text));
  return output.Commit();
}

std::pair<CLI::App*, std::shared_ptr<FieldArguments>> AddFieldValueCommand(CLI::App* app,
                                                                           Session* session,
                                                                           const char* name,
                                                                           const char* description,
                                                                           FieldCommandBody body) {
  auto arguments = std::make_shared<FieldArguments>();
  CLI::App* const command = app->add_subcommand(name, description);
  AddTenantOption(command, &arguments->tenant);
  command->add_option("--field", arguments->field, "Name of the field")
      ->type_name("NAME")
      ->required();
  AddValueIoOptions(command, &arguments->io);
  session->Bind(command, [session, arguments, body] { return body(session, *arguments); });
  return {command, arguments};
}

void AddSubjectOption(CLI::App* command, std::string* subject) {
  // A script with an empty variable does not mean a value that nobody can erase.
  const auto check = [](const std::string& given) {
    return given.empty() ? std::string("it is empty") : std::string();
  };
  command
      ->add_option("--subject", *subject,
                   "Whose value it is, by the application's own id: it can be erased with all "
                   "others of the subject")
      ->type_name("ID")
      ->check(check);
}

void AddViewOption(CLI::App* command, std::string* view) {
  command
      ->add_option("--view", *view, "masked, bin_last4 or full (default: as much as you may see)")
      ->type_name("VIEW");
}

}  // namespace fieldkms
