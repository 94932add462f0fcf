#include "clients/cli/field_report.h"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include "clients/cli/mask_args.h"
#include "clients/cli/token_report.h"
#include "crypto/envelope.h"
#include "crypto/hex.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// All names of an enumeration but that of its number 0.
template <class Named>
std::string AllNames(int count, Named named) {
  std::string names;
  for (int i = 1; i < count; ++i) names += (i == 1 ? "" : ", ") + named(i);
  return names;
}

Json MaskJson(const v1::MaskTemplate& mask) { return MaskText(mask); }

Json FpeJson(const v1::FpePolicy& fpe) {
  return {{"key", fpe.key()},
          {"alphabet", fpe.alphabet()},
          {"keep_first", fpe.keep_first()},
          {"keep_last", fpe.keep_last()}};
}

Json IndexJson(const v1::BlindIndexPolicy& index) {
  return {{"key", index.key()},
          {"bucket_bits", index.bucket_bits()},
          {"distinct_values", index.distinct_values()}};
}

std::string FpeText(const v1::FpePolicy& fpe) {
  return fpe.key() + ", keeps first " + std::to_string(fpe.keep_first()) + " and last " +
         std::to_string(fpe.keep_last());
}

std::string IndexText(const v1::BlindIndexPolicy& index) {
  return index.bucket_bits() == 0
             ? index.key()
             : index.key() + ", buckets of " + std::to_string(index.bucket_bits()) + " bits";
}

Rows FieldRows(const v1::Field& field) {
  Rows rows = {{"tenant", field.tenant()},
               {"name", field.name()},
               {"field id", field.field_id()},
               {"format", FormatName(field.format())}};
  const auto add = [&rows](const char* name, const std::string& value) {
    if (!value.empty()) rows.emplace_back(name, value);
  };
  add("key", field.key());
  if (field.has_fpe()) add("FPE key", FpeText(field.fpe()));
  if (field.has_blind_index()) add("index key", IndexText(field.blind_index()));
  if (field.has_token()) {
    add("token key", field.token().key());
    add("lookup key", field.token().lookup_key());
    add("tokens", TokenPolicyText(field.token()));
  }
  if (field.has_mask()) add("mask", MaskText(field.mask()));
  for (const v1::RoleMask& mask : field.role_masks()) {
    rows.emplace_back("mask of " + mask.role(), MaskText(mask.mask()));
  }
  for (const std::string& pointer : field.json_pointers()) add("member", pointer);
  add("created", TimeForPeople(field.create_time()));
  add("updated", TimeForPeople(field.update_time()));
  add("etag", field.etag());
  return rows;
}

}  // namespace

std::string FormatName(v1::FieldFormat format) {
  return LowerCase(WithoutPrefix(v1::FieldFormat_Name(format), "FIELD_FORMAT_"));
}

absl::StatusOr<v1::FieldFormat> ParseFormat(const std::string& name) {
  const auto named = [](int i) { return FormatName(static_cast<v1::FieldFormat>(i)); };
  for (int i = 1; i < v1::FieldFormat_ARRAYSIZE; ++i) {
    if (named(i) == name) return static_cast<v1::FieldFormat>(i);
  }
  return InvalidField("format", "is one of " + AllNames(v1::FieldFormat_ARRAYSIZE, named));
}

std::string ViewName(v1::View view) {
  return LowerCase(WithoutPrefix(v1::View_Name(view), "VIEW_"));
}

absl::StatusOr<v1::View> ParseView(const std::string& name) {
  if (name.empty()) return v1::VIEW_UNSPECIFIED;
  const auto named = [](int i) { return ViewName(static_cast<v1::View>(i)); };
  for (int i = 1; i < v1::View_ARRAYSIZE; ++i) {
    if (named(i) == name) return static_cast<v1::View>(i);
  }
  return InvalidField("view", "is one of " + AllNames(v1::View_ARRAYSIZE, named));
}

Json FieldJson(const v1::Field& field) {
  Json masks = Json::object();
  for (const v1::RoleMask& mask : field.role_masks()) masks[mask.role()] = MaskJson(mask.mask());
  Json json = {{"tenant", field.tenant()},
               {"name", field.name()},
               {"field_id", field.field_id()},
               {"format", FormatName(field.format())},
               {"key", field.key()}};
  json["fpe"] = field.has_fpe() ? FpeJson(field.fpe()) : Json(nullptr);
  json["blind_index"] = field.has_blind_index() ? IndexJson(field.blind_index()) : Json(nullptr);
  json["token"] = field.has_token() ? TokenPolicyJson(field.token()) : Json(nullptr);
  json["mask"] = field.has_mask() ? MaskJson(field.mask()) : Json(nullptr);
  json["role_masks"] = std::move(masks);
  json["json_pointers"] =
      std::vector<std::string>(field.json_pointers().begin(), field.json_pointers().end());
  json["create_time"] = TimeForJson(field.create_time());
  json["update_time"] = TimeForJson(field.update_time());
  json["etag"] = field.etag();
  return json;
}

absl::StatusOr<ExitCode> ShowField(Session* session, const absl::StatusOr<v1::Field>& field) {
  if (!field.ok()) return field.status();
  return session->Show(FieldJson(*field), Properties(FieldRows(*field)));
}

Json ProtectedJson(const v1::ProtectedValue& made) {
  Json json = Json::object();
  if (!made.ciphertext().empty()) json["ciphertext"] = EncodeText(AsBytes(made.ciphertext()));
  if (!made.document().empty()) json["document"] = made.document();
  if (made.key_version() != 0) json["key_version"] = made.key_version();
  json["mask"] = made.mask();
  if (!made.blind_index().empty()) json["blind_index"] = EncodeHex(AsBytes(made.blind_index()));
  if (made.has_fpe()) {
    json["fpe"] = {{"text", made.fpe().text()}, {"key_version", made.fpe().key_version()}};
  }
  if (made.has_token()) json["token"] = TokenJson(made.token());
  return json;
}

std::string ProtectedText(const v1::ProtectedValue& made) {
  Rows rows;
  const auto add = [&rows](const char* name, const std::string& value) {
    if (!value.empty()) rows.emplace_back(name, value);
  };
  if (!made.ciphertext().empty()) add("ciphertext", EncodeText(AsBytes(made.ciphertext())));
  add("document", made.document());
  if (made.key_version() != 0) add("key version", std::to_string(made.key_version()));
  add("mask", made.mask());
  add("blind index", EncodeHex(AsBytes(made.blind_index())));
  if (made.has_fpe()) {
    add("FPE text", made.fpe().text());
    add("FPE key version", std::to_string(made.fpe().key_version()));
  }
  if (made.has_token()) {
    for (auto& row : TokenRows(made.token())) rows.push_back(std::move(row));
  }
  return Properties(rows);
}

}  // namespace fieldkms
