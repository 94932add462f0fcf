// Policies as the store keeps them. Members that are as by default are left out, so that what
// an earlier release wrote is what this one would.
#include <nlohmann/json.hpp>

#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/fields/field_policy.h"

namespace fieldkms {
namespace {

using Json = nlohmann::json;

// Raised with each change that an earlier release must not overlook.
constexpr int kForm = 1;

Json ToJson(const PolicyKey& key) { return {{"name", key.name}, {"id", FormatKeyId(key.key_id)}}; }

Json ToJson(const MaskTemplate& mask) {
  return {{"first", mask.keep_first},
          {"last", mask.keep_last},
          {"hides", static_cast<int>(mask.hides)},
          {"fill", mask.fill},
          {"length", mask.fixed_length}};
}

uint64_t IdFrom(const Json& json) { return std::stoull(json.get<std::string>(), nullptr, 16); }

PolicyKey KeyFrom(const Json& json) { return {json.at("name"), IdFrom(json.at("id"))}; }

MaskTemplate MaskFrom(const Json& json) {
  MaskTemplate mask;
  mask.keep_first = json.at("first");
  mask.keep_last = json.at("last");
  mask.hides = static_cast<MaskClass>(json.at("hides").get<int>());
  mask.fill = json.at("fill");
  mask.fixed_length = json.at("length");
  return mask;
}

FpePolicy FpeFrom(const Json& json) {
  FpePolicy fpe;
  fpe.key = KeyFrom(json.at("key"));
  fpe.text.alphabet = json.at("alphabet");
  fpe.text.keep_first = json.at("first");
  fpe.text.keep_last = json.at("last");
  return fpe;
}

IndexPolicy IndexFrom(const Json& json) {
  return {KeyFrom(json.at("key")), json.at("bits"), json.at("distinct")};
}

Json ToJson(const TokenPolicy& token) {
  Json json = {{"form", static_cast<int>(token.text.form)}};
  if (!token.key.empty()) json["key"] = ToJson(token.key);
  if (token.text.same_length) json["same_length"] = true;
  if (token.text.keep_last != 0) json["last"] = token.text.keep_last;
  if (!token.lookup_key.empty()) {
    json["lookup"] = {{"key", ToJson(token.lookup_key)}, {"version", token.lookup_version}};
  }
  if (token.convergent) json["convergent"] = true;
  if (token.single_use) json["single_use"] = true;
  if (token.ttl.count() != 0) json["ttl"] = token.ttl.count();
  return json;
}

TokenPolicy TokenFrom(const Json& json) {
  TokenPolicy token;
  token.text.form = static_cast<TokenForm>(json.at("form").get<int>());
  if (json.contains("key")) token.key = KeyFrom(json.at("key"));
  token.text.same_length = json.value("same_length", false);
  token.text.keep_last = json.value("last", uint32_t{0});
  if (json.contains("lookup")) {
    token.lookup_key = KeyFrom(json.at("lookup").at("key"));
    token.lookup_version = json.at("lookup").at("version");
  }
  token.convergent = json.value("convergent", false);
  token.single_use = json.value("single_use", false);
  token.ttl = std::chrono::seconds(json.value("ttl", int64_t{0}));
  return token;
}

FieldPolicy PolicyFrom(const Json& json) {
  FieldPolicy policy;
  policy.format = static_cast<FieldFormat>(json.at("format").get<int>());
  if (json.contains("key")) policy.key = KeyFrom(json.at("key"));
  for (const Json& id : json.value("former_keys", Json::array())) {
    policy.former_keys.push_back(IdFrom(id));
  }
  if (json.contains("fpe")) policy.fpe = FpeFrom(json.at("fpe"));
  if (json.contains("index")) policy.index = IndexFrom(json.at("index"));
  if (json.contains("token")) policy.token = TokenFrom(json.at("token"));
  if (json.contains("mask")) policy.mask = MaskFrom(json.at("mask"));
  for (const Json& mask : json.value("role_masks", Json::array())) {
    policy.role_masks.push_back({mask.at("role"), MaskFrom(mask.at("mask"))});
  }
  policy.json_pointers = json.value("json_pointers", std::vector<std::string>());
  return policy;
}

absl::Status Damaged() {
  return Error(absl::StatusCode::kDataLoss, Reason::kStoreCorrupt,
               "the policy of a field in the store is damaged");
}

}  // namespace

std::string ToJson(const FieldPolicy& policy) {
  Json json = {{"form", kForm}, {"format", static_cast<int>(policy.format)}};
  if (!policy.key.empty()) json["key"] = ToJson(policy.key);
  for (const uint64_t id : policy.former_keys) json["former_keys"].push_back(FormatKeyId(id));
  if (policy.fpe) {
    json["fpe"] = {{"key", ToJson(policy.fpe->key)},
                   {"alphabet", policy.fpe->text.alphabet},
                   {"first", policy.fpe->text.keep_first},
                   {"last", policy.fpe->text.keep_last}};
  }
  if (policy.index) {
    json["index"] = {{"key", ToJson(policy.index->key)},
                     {"bits", policy.index->bits},
                     {"distinct", policy.index->distinct_values}};
  }
  if (policy.token) json["token"] = ToJson(*policy.token);
  if (policy.mask) json["mask"] = ToJson(*policy.mask);
  for (const RoleMask& mask : policy.role_masks) {
    json["role_masks"].push_back({{"role", mask.role}, {"mask", ToJson(mask.mask)}});
  }
  if (!policy.json_pointers.empty()) json["json_pointers"] = policy.json_pointers;
  return json.dump();
}

absl::StatusOr<FieldPolicy> PolicyFromJson(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("form") || !json["form"].is_number_integer()) {
    return Damaged();
  }
  if (json["form"] > kForm) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kStoreTooNew,
                 "the policy of a field was written by a later release");
  }
  try {
    FieldPolicy policy = PolicyFrom(json);
    return CheckPolicy(policy).ok() ? absl::StatusOr<FieldPolicy>(std::move(policy)) : Damaged();
  } catch (const std::exception&) {  // of the library, and of std::stoull
    return Damaged();
  }
}

}  // namespace fieldkms
