// The --token-… options of field create and field update.
#ifndef FIELDKMS_CLIENTS_CLI_TOKEN_POLICY_ARGS_H_
#define FIELDKMS_CLIENTS_CLI_TOKEN_POLICY_ARGS_H_

#include <CLI/App.hpp>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "fieldkms/v1/field_service.pb.h"

namespace fieldkms {

struct TokenPolicyArgs {
  std::string key;
  std::string form;
  bool same_length = false;
  uint32_t keep_last = 0;
  std::string lookup_key;
  bool convergent = false;
  bool single_use = false;
  std::string ttl;
};

// Fills `args`, which must outlive the parsing.
void AddTokenPolicyOptions(CLI::App* command, TokenPolicyArgs* args);

// Whether any of them was given to `command`.
bool HasTokenPolicyArgs(const CLI::App& command);

// Puts into `policy` what was given, and leaves the rest of it as it is. Errors:
// InvalidField("token.form"), InvalidField("token.ttl").
absl::Status ApplyTokenPolicyArgs(const CLI::App& command, const TokenPolicyArgs& args,
                                  v1::TokenPolicy* policy);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_TOKEN_POLICY_ARGS_H_
