#include "kms/server/identity_keys.h"

#include <algorithm>
#include <set>

#include "kms/settings/config_file.h"
#include "kms/settings/system_values.h"

namespace fieldkms {
namespace {

using std::chrono::seconds;

constexpr std::string_view kRequirements[] = {"required", "optional"};

constexpr YamlKey<TlsConfig> kTlsKeys[] = {
    {"address", "address and port", "required",
     [](const YAML::Node& node, TlsConfig& tls) { tls.address = ReadAddress(node); }},
    {"certificate", "absolute path", "required",
     [](const YAML::Node& node, TlsConfig& tls) { tls.certificate = ReadAbsolutePath(node); }},
    {"key", "absolute path", "required",
     [](const YAML::Node& node, TlsConfig& tls) { tls.key = ReadAbsolutePath(node); }},
    {"client_ca", "absolute path", "none",
     [](const YAML::Node& node, TlsConfig& tls) { tls.client_ca = ReadAbsolutePath(node); }},
    {"client_crl", "absolute path", "none",
     [](const YAML::Node& node, TlsConfig& tls) { tls.client_crl = ReadAbsolutePath(node); }},
    {"client_certificates", "required or optional", "required",
     [](const YAML::Node& node, TlsConfig& tls) {
       tls.require_certificate = ReadChoice(node, kRequirements) == 0;
     }},
};

std::string ReadUrl(const YAML::Node& node) {
  std::string url = ReadText(node);
  if (!url.starts_with("https://"))
    throw YamlError(node, "must be a URL that begins with https://");
  return url;
}

constexpr YamlKey<IssuerSource> kIssuerKeys[] = {
    {"issuer", "text", "required",
     [](const YAML::Node& node, IssuerSource& source) { source.options.issuer = ReadText(node); }},
    {"audiences", "list of texts", "required",
     [](const YAML::Node& node, IssuerSource& source) {
       source.options.audiences = ReadTexts(node);
     }},
    {"keys_file", "absolute path", "none",
     [](const YAML::Node& node, IssuerSource& source) {
       source.keys_file = ReadAbsolutePath(node);
     }},
    {"keys_url", "URL", "none",
     [](const YAML::Node& node, IssuerSource& source) { source.keys_url = ReadUrl(node); }},
    {"keys_ca_file", "absolute path", "the system's",
     [](const YAML::Node& node, IssuerSource& source) {
       source.keys_ca_file = ReadAbsolutePath(node);
     }},
    {"subject_claim", "text", "sub",
     [](const YAML::Node& node, IssuerSource& source) {
       source.options.subject_claim = ReadText(node);
     }},
    {"skew", "duration", "60s",
     [](const YAML::Node& node, IssuerSource& source) {
       source.options.skew =
           std::chrono::floor<seconds>(ReadDuration(node, seconds(0), std::chrono::minutes(10)));
     }},
};

void CheckIssuer(const YAML::Node& at, const IssuerSource& source) {
  if (source.options.issuer.empty()) throw YamlError(at, "issuer is required");
  if (source.options.audiences.empty()) {
    throw YamlError(at,
                    "audiences is required: a token that was made for another service is not to "
                    "count here");
  }
  if (source.keys_file.empty() == source.keys_url.empty()) {
    throw YamlError(at, "exactly one of keys_file and keys_url is required");
  }
}

}  // namespace

void ReadTls(const YAML::Node& node, Config& config) {
  TlsConfig tls;
  ReadMapping<TlsConfig>(node, kTlsKeys, tls);
  for (const auto& [name, value] :
       {std::pair("address", &tls.address), std::pair("certificate", &tls.certificate),
        std::pair("key", &tls.key)}) {
    if (value->empty()) throw YamlError(node, std::string(name) + " is required");
  }
  config.tls = std::move(tls);
}

void ReadIssuers(const YAML::Node& node, Config& config) {
  ForEachEntry(node, [&](const YAML::Node& at, const std::string& name, const YAML::Node& value) {
    if (name.empty() || name.find(':') != std::string::npos) {
      throw YamlError(at, "the name of an issuer has no colon, and is not empty");
    }
    IssuerSource source;
    source.options.name = name;
    ReadMapping<IssuerSource>(value, kIssuerKeys, source);
    CheckIssuer(at, source);
    config.issuers.push_back(std::move(source));
  });
}

std::vector<std::string> ReadCertificateNames(const YAML::Node& node) {
  std::vector<std::string> names = ReadTexts(node);
  for (std::string& name : names) {
    if (name.starts_with("dns:")) {
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      if (name.find('*') == std::string::npos && name.size() > 4) continue;
    } else if (name.starts_with("uri:") && name.size() > 4) {
      continue;
    }
    throw YamlError(node,
                    "each must be dns: and a name without wildcards, or uri: and a URI, such as "
                    "dns:shop.example.com or uri:spiffe://example.com/shop");
  }
  return names;
}

std::vector<std::string> ReadTokenNames(const YAML::Node& node) {
  std::vector<std::string> names = ReadTexts(node);
  for (const std::string& name : names) {
    const size_t colon = name.find(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == name.size()) {
      throw YamlError(node, "each must be the name of an issuer, a colon and a subject");
    }
  }
  return names;
}

absl::Status CheckIdentities(const Config& config) {
  if (config.tls && !config.tls->client_crl.empty() && config.tls->client_ca.empty()) {
    return ConfigError("listen.tls.client_crl needs listen.tls.client_ca");
  }
  if (config.tls && config.tls->client_ca.empty() && config.issuers.empty()) {
    return ConfigError(
        "listen.tls needs client_ca, or tokens to be configured: nobody could be known");
  }
  std::set<std::string, std::less<>> issuers;
  for (const IssuerSource& source : config.issuers) issuers.insert(source.options.name);
  for (const AccessPolicy::Member& member : config.access.principals) {
    if (!member.certificates.empty() && (!config.tls || config.tls->client_ca.empty())) {
      return ConfigError("principal '" + member.name +
                         "' has certificates, and listen.tls.client_ca is not set");
    }
    for (const std::string& token : member.tokens) {
      if (!issuers.contains(token.substr(0, token.find(':')))) {
        return ConfigError("principal '" + member.name +
                           "' has tokens of an issuer that is not among tokens");
      }
    }
  }
  return absl::OkStatus();
}

std::span<const YamlKey<TlsConfig>> TlsKeys() { return kTlsKeys; }
std::span<const YamlKey<IssuerSource>> IssuerKeys() { return kIssuerKeys; }

}  // namespace fieldkms
