#include "clients/cli/token_report.h"

#include <array>

#include "clients/cli/durations.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

struct NamedForm {
  v1::TokenForm form;
  const char* name;
};
constexpr std::array kForms = {NamedForm{v1::TOKEN_FORM_TEXT, "text"},
                               NamedForm{v1::TOKEN_FORM_NUMERIC, "numeric"}};

}  // namespace

std::string TokenFormName(v1::TokenForm form) {
  for (const NamedForm& named : kForms) {
    if (named.form == form) return named.name;
  }
  return WithoutPrefix(v1::TokenForm_Name(form), "TOKEN_FORM_");  // of a newer service
}

absl::StatusOr<v1::TokenForm> ParseTokenForm(const std::string& name) {
  for (const NamedForm& named : kForms) {
    if (named.name == name) return named.form;
  }
  return InvalidField("token.form", "is one of text, numeric");
}

Json TokenPolicyJson(const v1::TokenPolicy& policy) {
  return {{"key", policy.key()},
          {"form", TokenFormName(policy.form())},
          {"same_length", policy.same_length()},
          {"keep_last", policy.keep_last()},
          {"lookup_key", policy.lookup_key()},
          {"convergent", policy.convergent()},
          {"single_use", policy.single_use()},
          {"ttl_seconds", policy.ttl().seconds()}};
}

std::string TokenPolicyText(const v1::TokenPolicy& policy) {
  std::string text = TokenFormName(policy.form());
  if (policy.same_length()) text += ", as long as the value";
  if (policy.keep_last() != 0) text += ", last " + std::to_string(policy.keep_last()) + " kept";
  if (policy.convergent()) text += ", convergent";
  if (policy.single_use()) text += ", single use";
  if (policy.has_ttl()) text += ", for " + FormatSeconds(policy.ttl().seconds());
  return text;
}

Json TokenJson(const v1::TokenValue& token) {
  Json json = {{"token", token.token()}};
  json["expire_time"] =
      token.has_expire_time() ? Json(TimeForJson(token.expire_time())) : Json(nullptr);
  json["existed"] = token.existed();
  return json;
}

std::vector<std::pair<std::string, std::string>> TokenRows(const v1::TokenValue& token) {
  std::vector<std::pair<std::string, std::string>> rows = {{"token", token.token()}};
  if (token.has_expire_time()) rows.emplace_back("token until", TimeForPeople(token.expire_time()));
  if (token.existed()) rows.emplace_back("token existed", "yes");
  return rows;
}

}  // namespace fieldkms
