// fieldkms field create|get|list|update
#include <memory>
#include <string>
#include <vector>

#include "clients/cli/commands.h"
#include "clients/cli/field_report.h"
#include "clients/cli/mask_args.h"
#include "clients/cli/token_policy_args.h"
#include "clients/cpp/field_client.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

// Options about what a field is to be, as they were given.
struct FieldSettings {
  std::string format;
  std::string key;
  std::string fpe_key, fpe_alphabet;
  uint32_t fpe_keep_first = 0, fpe_keep_last = 0;
  std::string index_key;
  uint32_t index_buckets = 0;
  uint64_t distinct_values = 0;
  TokenPolicyArgs token;
  std::string mask;
  std::vector<std::string> role_masks;
  std::vector<std::string> json_pointers;
};

CLI::Option* AddIndexOptions(CLI::App* command, FieldSettings* settings) {
  CLI::Option* const key =
      command
          ->add_option("--index-key", settings->index_key,
                       "Name or alias of a BLIND_INDEX key: the field can be searched for equality")
          ->type_name("KEY");
  command
      ->add_option(
          "--index-buckets", settings->index_buckets,
          "Bits of an index that several values share: 8, 16, 24 or 32 (default: 128 bits, "
          "one value each)")
      ->type_name("BITS")
      ->needs(key);
  command
      ->add_option("--distinct-values", settings->distinct_values,
                   "About how many different values there are, if known")
      ->type_name("N")
      ->needs(key);
  return key;
}

void AddMaskOptions(CLI::App* command, FieldSettings* settings) {
  command
      ->add_option("--mask", settings->mask,
                   "What is shown to whoever may see the masked view only: "
                   "first=N,last=N,hides=CLASS,fill=C,length=N (default: the format's own)")
      ->type_name("MASK");
  command
      ->add_option("--role-mask", settings->role_masks,
                   "The same for callers with a role: ROLE=MASK; repeatable, the first counts")
      ->type_name("ROLE=MASK");
  command
      ->add_option("--json-pointer", settings->json_pointers,
                   "A member of JSON documents to protect, as an RFC 6901 pointer; repeatable")
      ->type_name("POINTER");
}

void AddKindOptions(CLI::App* command, FieldSettings* settings) {
  command->add_option("--format", settings->format, "What the values are: pan, iban, email, ...")
      ->type_name("FORMAT")
      ->required();
  CLI::Option* const fpe =
      command
          ->add_option("--fpe-key", settings->fpe_key,
                       "Name or alias of an FPE key: makes text of the same format, too")
          ->type_name("KEY");
  command
      ->add_option("--fpe-alphabet", settings->fpe_alphabet,
                   "Characters that are encrypted (default: the digits)")
      ->type_name("CHARACTERS")
      ->needs(fpe);
  command->add_option("--fpe-keep-first", settings->fpe_keep_first, "So many stay at the start")
      ->type_name("N")
      ->needs(fpe);
  command->add_option("--fpe-keep-last", settings->fpe_keep_last, "And at the end")
      ->type_name("N")
      ->needs(fpe);
}

// What both requests take.
template <class Request>
absl::Status PutSettings(const FieldSettings& settings, Request* request) {
  request->set_key(settings.key);
  if (!settings.index_key.empty()) {
    v1::BlindIndexPolicy* const index = request->mutable_blind_index();
    index->set_key(settings.index_key);
    index->set_bucket_bits(settings.index_buckets);
    index->set_distinct_values(settings.distinct_values);
  }
  if (!settings.mask.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(*request->mutable_mask(), ParseMask(settings.mask, "mask"));
  }
  for (const std::string& mask : settings.role_masks) {
    FIELDKMS_ASSIGN_OR_RETURN(*request->add_role_masks(), ParseRoleMask(mask, "role-mask"));
  }
  for (const std::string& pointer : settings.json_pointers) request->add_json_pointers(pointer);
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Create(Session* session, const CLI::App& command,
                                const FieldSettings& settings, v1::CreateFieldRequest* request) {
  FIELDKMS_ASSIGN_OR_RETURN(const v1::FieldFormat format, ParseFormat(settings.format));
  request->set_format(format);
  FIELDKMS_RETURN_IF_ERROR(PutSettings(settings, request));
  if (!settings.fpe_key.empty()) {
    v1::FpePolicy* const fpe = request->mutable_fpe();
    fpe->set_key(settings.fpe_key);
    fpe->set_alphabet(settings.fpe_alphabet);
    fpe->set_keep_first(settings.fpe_keep_first);
    fpe->set_keep_last(settings.fpe_keep_last);
  }
  if (HasTokenPolicyArgs(command)) {
    FIELDKMS_RETURN_IF_ERROR(
        ApplyTokenPolicyArgs(command, settings.token, request->mutable_token()));
  }
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  return ShowField(session, FieldClient(*client).CreateField(*request));
}

// A policy of tokens changes as a whole: what is not given stays as the field has it, unless
// somebody else changes it in between.
absl::Status PutTokenPolicy(Client* client, const CLI::App& command, const FieldSettings& settings,
                            v1::UpdateFieldRequest* request) {
  if (!HasTokenPolicyArgs(command)) return absl::OkStatus();
  v1::GetFieldRequest get;
  get.set_tenant(request->tenant());
  get.set_name(request->name());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::Field field, FieldClient(*client).GetField(get));
  *request->mutable_token() = field.token();
  FIELDKMS_RETURN_IF_ERROR(ApplyTokenPolicyArgs(command, settings.token, request->mutable_token()));
  // Who repeats a request id repeats the request, and the etag is another one then.
  if (request->etag().empty() && request->request_id().empty()) request->set_etag(field.etag());
  request->mutable_update_mask()->add_paths("token");
  return absl::OkStatus();
}

// What was given, but for tokens.
void NameChanges(const FieldSettings& settings, const std::vector<std::string>& clear,
                 v1::UpdateFieldRequest* request) {
  const auto name = [request](const char* path) {
    request->mutable_update_mask()->add_paths(path);
  };
  if (!settings.key.empty()) name("key");
  if (!settings.index_key.empty()) name("blind_index");
  if (!settings.mask.empty()) name("mask");
  if (!settings.role_masks.empty()) name("role_masks");
  if (!settings.json_pointers.empty()) name("json_pointers");
  for (const std::string& path : clear) name(path.c_str());
}

absl::StatusOr<ExitCode> Update(Session* session, const CLI::App& command,
                                const FieldSettings& settings,
                                const std::vector<std::string>& clear,
                                v1::UpdateFieldRequest* request) {
  FIELDKMS_RETURN_IF_ERROR(PutSettings(settings, request));
  NameChanges(settings, clear, request);
  if (request->update_mask().paths().empty() && !HasTokenPolicyArgs(command)) {
    return InvalidField("update_mask", "names nothing: give what is to change");
  }
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_RETURN_IF_ERROR(PutTokenPolicy(client, command, settings, request));
  return ShowField(session, FieldClient(*client).UpdateField(*request));
}

absl::StatusOr<ExitCode> Get(Session* session, const v1::GetFieldRequest& request) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  return ShowField(session, FieldClient(*client).GetField(request));
}

absl::StatusOr<ExitCode> List(Session* session, v1::ListFieldsRequest request) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  Json fields = Json::array();
  Table table({"NAME", "FIELD ID", "FORMAT", "KEY", "FPE KEY", "INDEX KEY", "TOKEN KEY"});
  request.set_page_size(1'000);
  do {
    FIELDKMS_ASSIGN_OR_RETURN(const v1::ListFieldsResponse page,
                              FieldClient(*client).ListFields(request));
    for (const v1::Field& field : page.fields()) {
      fields.push_back(FieldJson(field));
      table.Add({field.name(), field.field_id(), FormatName(field.format()), field.key(),
                 field.fpe().key(), field.blind_index().key(), field.token().key()});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return session->Show({{"fields", std::move(fields)}}, table.Render());
}

// Adds a command about one field of one tenant.
template <class Request>
CLI::App* AddFieldCommand(CLI::App* group, const char* name, const char* description,
                          Request* request) {
  CLI::App* const command = group->add_subcommand(name, description);
  command->add_option("name", *request->mutable_name(), "Name of the field")
      ->type_name("NAME")
      ->required();
  AddTenantOption(command, request->mutable_tenant());
  return command;
}

void AddCreate(CLI::App* group, Session* session) {
  auto request = std::make_shared<v1::CreateFieldRequest>();
  auto settings = std::make_shared<FieldSettings>();
  CLI::App* const create = AddFieldCommand(group, "create", "Make a field", request.get());
  AddKeyOption(create, &settings->key, "Name or alias of the ENCRYPT key");
  AddKindOptions(create, settings.get());
  AddIndexOptions(create, settings.get());
  AddTokenPolicyOptions(create, &settings->token);
  AddMaskOptions(create, settings.get());
  AddRequestIdOption(create, request->mutable_request_id());
  session->Bind(create, [session, create, settings, request] {
    return Create(session, *create, *settings, request.get());
  });
}

void AddUpdate(CLI::App* group, Session* session) {
  auto request = std::make_shared<v1::UpdateFieldRequest>();
  auto settings = std::make_shared<FieldSettings>();
  auto clear = std::make_shared<std::vector<std::string>>();
  CLI::App* const update = AddFieldCommand(group, "update", "Change a field", request.get());
  AddKeyOption(update, &settings->key, "Name or alias of the ENCRYPT key for new values");
  AddIndexOptions(update, settings.get());
  AddTokenPolicyOptions(update, &settings->token);
  AddMaskOptions(update, settings.get());
  update->add_option("--clear", *clear, "Take away: mask, role_masks or blind_index; repeatable")
      ->type_name("WHAT")
      ->check(CLI::IsMember({"mask", "role_masks", "blind_index"}));
  AddEtagOption(update, request->mutable_etag());
  AddRequestIdOption(update, request->mutable_request_id());
  session->Bind(update, [session, update, settings, clear, request] {
    return Update(session, *update, *settings, *clear, request.get());
  });
}

}  // namespace

void AddFieldCommands(CLI::App* app, Session* session) {
  CLI::App* const group = app->add_subcommand("field", "How the values of fields are protected");
  group->require_subcommand(1, 1);
  AddCreate(group, session);

  auto get = std::make_shared<v1::GetFieldRequest>();
  session->Bind(AddFieldCommand(group, "get", "Show a field", get.get()),
                [session, get] { return Get(session, *get); });

  auto list = std::make_shared<v1::ListFieldsRequest>();
  CLI::App* const list_command = group->add_subcommand("list", "List the fields of a tenant");
  AddTenantOption(list_command, list->mutable_tenant());
  session->Bind(list_command, [session, list] { return List(session, *list); });
  AddUpdate(group, session);
}

}  // namespace fieldkms
