#include "clients/cli/token_policy_args.h"

#include <algorithm>
#include <array>

#include "clients/cli/durations.h"
#include "clients/cli/token_report.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr char kKey[] = "--token-key";
constexpr char kForm[] = "--token-form";
constexpr char kSameLength[] = "--token-same-length";
constexpr char kKeepLast[] = "--token-keep-last";
constexpr char kLookupKey[] = "--token-lookup-key";
constexpr char kConvergent[] = "--token-convergent";
constexpr char kSingleUse[] = "--token-single-use";
constexpr char kTtl[] = "--token-ttl";
constexpr std::array kAll = {kKey,       kForm,       kSameLength, kKeepLast,
                             kLookupKey, kConvergent, kSingleUse,  kTtl};

void AddTextOptions(CLI::App* command, TokenPolicyArgs* args) {
  command->add_option(kForm, args->form, "What tokens look like: text or numeric (default: text)")
      ->type_name("FORM");
  command->add_flag(kSameLength, args->same_length, "Tokens are as long as their values");
  command
      ->add_option(kKeepLast, args->keep_last,
                   "So many of the value's last characters stand at the token's end, 0 to 4")
      ->type_name("N");
}

}  // namespace

void AddTokenPolicyOptions(CLI::App* command, TokenPolicyArgs* args) {
  command
      ->add_option(kKey, args->key,
                   "Name or alias of a TOKEN key: values can be exchanged for tokens")
      ->type_name("KEY");
  AddTextOptions(command, args);
  command
      ->add_option(kLookupKey, args->lookup_key,
                   "Name or alias of a BLIND_INDEX key: the tokens of a value can be found")
      ->type_name("KEY");
  command->add_flag(kConvergent, args->convergent,
                    "The same value has the same token; with --token-lookup-key");
  command->add_flag(kSingleUse, args->single_use, "Reading a token takes it away");
  command->add_option(kTtl, args->ttl, "How long tokens live, such as 30m or 90d; 0: for ever")
      ->type_name("DURATION");
}

bool HasTokenPolicyArgs(const CLI::App& command) {
  return std::any_of(kAll.begin(), kAll.end(),
                     [&command](const char* option) { return command.count(option) != 0; });
}

absl::Status ApplyTokenPolicyArgs(const CLI::App& command, const TokenPolicyArgs& args,
                                  v1::TokenPolicy* policy) {
  const auto given = [&command](const char* option) { return command.count(option) != 0; };
  if (given(kKey)) policy->set_key(args.key);
  if (given(kForm)) {
    FIELDKMS_ASSIGN_OR_RETURN(const v1::TokenForm form, ParseTokenForm(args.form));
    policy->set_form(form);
  }
  if (given(kSameLength)) policy->set_same_length(args.same_length);
  if (given(kKeepLast)) policy->set_keep_last(args.keep_last);
  if (given(kLookupKey)) policy->set_lookup_key(args.lookup_key);
  if (given(kConvergent)) policy->set_convergent(args.convergent);
  if (given(kSingleUse)) policy->set_single_use(args.single_use);
  if (!given(kTtl)) return absl::OkStatus();
  FIELDKMS_ASSIGN_OR_RETURN(const int64_t seconds, ParseSeconds(args.ttl, "token.ttl"));
  policy->clear_ttl();
  if (seconds != 0) policy->mutable_ttl()->set_seconds(seconds);
  return absl::OkStatus();
}

}  // namespace fieldkms
