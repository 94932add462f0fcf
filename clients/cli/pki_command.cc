// fieldkms pki dev: certificates for trials, by an authority whose key lies next to them.
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "clients/cli/commands.h"
#include "clients/cli/output.h"
#include "crypto/bytes.h"
#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/clock.h"
#include "kms/identity/trial_authority.h"
#include "kms/trusted_file.h"

namespace fieldkms {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::hours kDay{24};
constexpr std::chrono::minutes kClocksDiffer{5};
constexpr int kAuthorityDays = 365;

struct PkiArguments {
  std::string dir;
  std::vector<std::string> server_names;
  std::vector<std::string> clients;
  std::vector<std::string> revoke;
  int days = 30;
};

std::string PathOf(const PkiArguments& arguments, const std::string& name) {
  return (fs::path(arguments.dir) / name).string();
}

absl::Status WriteFile(const std::string& path, const std::string& text, mode_t mode) {
  FIELDKMS_ASSIGN_OR_RETURN(Output out, Output::Open(path, /*force=*/true));
  FIELDKMS_RETURN_IF_ERROR(out.Write(text));
  FIELDKMS_RETURN_IF_ERROR(out.Commit());
  // What is no secret is for every program on this machine.
  if (mode != 0600 && chmod(path.c_str(), mode) != 0) {
    return absl::UnknownError("cannot change the mode of " + path);
  }
  return absl::OkStatus();
}

absl::Status WritePair(const PkiArguments& arguments, const std::string& name,
                       CertificateAndKey pem) {
  absl::Status written = WriteFile(PathOf(arguments, name + ".key"), pem.key, 0600);
  if (written.ok()) {
    written = WriteFile(PathOf(arguments, name + ".crt"), pem.certificate, 0644);
  }
  WipeString(&pem.key);
  return written;
}

absl::StatusOr<TrialAuthority> OpenAuthority(const PkiArguments& arguments, WallTime now) {
  if (!fs::exists(PathOf(arguments, "ca.key"))) {
    FIELDKMS_ASSIGN_OR_RETURN(TrialAuthority made,
                              TrialAuthority::Make("FieldKMS trial authority", now - kClocksDiffer,
                                                   now + kAuthorityDays * kDay));
    FIELDKMS_ASSIGN_OR_RETURN(CertificateAndKey pem, made.Pem());
    FIELDKMS_RETURN_IF_ERROR(WritePair(arguments, "ca", std::move(pem)));
    return made;
  }
  CertificateAndKey pem;
  FIELDKMS_ASSIGN_OR_RETURN(pem.certificate, ReadTrustedFile(PathOf(arguments, "ca.crt")));
  FIELDKMS_ASSIGN_OR_RETURN(pem.key, ReadTrustedFile(PathOf(arguments, "ca.key")));
  absl::StatusOr<TrialAuthority> authority = TrialAuthority::Load(pem);
  WipeString(&pem.key);
  return authority;
}

// Names of the service: what looks like an address is one.
std::string ServerName(const std::string& name) {
  const bool is_address =
      name.find_first_not_of("0123456789.") == std::string::npos || name.find(':') != name.npos;
  return (is_address ? "IP:" : "DNS:") + name;
}

absl::Status CheckNames(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (name == "ca" || name == "server" || name.empty() ||
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") != std::string::npos) {
      return InvalidField("client",
                          "a name has small letters, digits, '-' and '_', and is not ca or server");
    }
  }
  return absl::OkStatus();
}

// What was issued is kept under a name of its own, NAME.N.old.crt and then NAME.N.revoked.crt, so
// that it can be revoked, and stays so.
std::string FreeName(const PkiArguments& arguments, const std::string& name, const char* end) {
  for (int n = 1;; ++n) {
    const std::string path = PathOf(arguments, name + "." + std::to_string(n));
    if (!fs::exists(path + ".old.crt") && !fs::exists(path + ".revoked.crt")) return path + end;
  }
}

absl::Status Rename(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::rename(from, to, error);
  return error ? absl::UnknownError("cannot rename " + from) : absl::OkStatus();
}

absl::Status Supersede(const PkiArguments& arguments, const std::string& name) {
  const std::string path = PathOf(arguments, name + ".crt");
  if (!fs::exists(path)) return absl::OkStatus();
  return Rename(path, FreeName(arguments, name, ".old.crt"));
}

// All certificates of the client, those before included.
absl::Status RevokeOne(const PkiArguments& arguments, const std::string& name) {
  FIELDKMS_RETURN_IF_ERROR(Supersede(arguments, name));
  bool found = false;
  for (int n = 1; fs::exists(PathOf(arguments, name + "." + std::to_string(n) + ".old.crt")) ||
                  fs::exists(PathOf(arguments, name + "." + std::to_string(n) + ".revoked.crt"));
       ++n) {
    const std::string path = PathOf(arguments, name + "." + std::to_string(n));
    if (!fs::exists(path + ".old.crt")) continue;
    FIELDKMS_RETURN_IF_ERROR(Rename(path + ".old.crt", path + ".revoked.crt"));
    found = true;
  }
  std::error_code error;
  fs::remove(PathOf(arguments, name + ".key"), error);
  if (found) return absl::OkStatus();
  return absl::NotFoundError("there is no certificate of '" + name + "' here");
}

absl::Status Revoke(const PkiArguments& arguments) {
  for (const std::string& name : arguments.revoke) {
    FIELDKMS_RETURN_IF_ERROR(RevokeOne(arguments, name));
  }
  return absl::OkStatus();
}

absl::Status WriteRevocations(const PkiArguments& arguments, const TrialAuthority& authority,
                              WallTime now) {
  std::vector<std::string> revoked;
  for (const fs::directory_entry& entry : fs::directory_iterator(arguments.dir)) {
    if (!entry.path().filename().string().ends_with(".revoked.crt")) continue;
    FIELDKMS_ASSIGN_OR_RETURN(revoked.emplace_back(), ReadTrustedFile(entry.path().string()));
  }
  FIELDKMS_ASSIGN_OR_RETURN(const std::string list, authority.Revoke(revoked, now - kClocksDiffer,
                                                                     now + kAuthorityDays * kDay));
  return WriteFile(PathOf(arguments, "ca.crl"), list, 0644);
}

absl::Status IssueAll(const PkiArguments& arguments, const TrialAuthority& authority,
                      WallTime now) {
  CertificateWish wish;
  wish.from = now - kClocksDiffer;
  wish.until = now + arguments.days * kDay;
  wish.server = true;
  wish.common_name = "fieldkmsd";
  for (const std::string& name : arguments.server_names) wish.names.push_back(ServerName(name));
  FIELDKMS_ASSIGN_OR_RETURN(CertificateAndKey server, authority.Issue(wish));
  FIELDKMS_RETURN_IF_ERROR(WritePair(arguments, "server", std::move(server)));
  wish.server = false;
  for (const std::string& name : arguments.clients) {
    wish.common_name = name;
    wish.names = {"URI:spiffe://fieldkms.trial/" + name};
    FIELDKMS_ASSIGN_OR_RETURN(CertificateAndKey client, authority.Issue(wish));
    FIELDKMS_RETURN_IF_ERROR(Supersede(arguments, name));
    FIELDKMS_RETURN_IF_ERROR(WritePair(arguments, name, std::move(client)));
  }
  return absl::OkStatus();
}

std::string Explain(const PkiArguments& arguments) {
  std::string text =
      "For fieldkmsd's configuration:\n\n  listen:\n    tls:\n"
      "      address: 0.0.0.0:9443\n";
  for (const auto& [key, file] :
       {std::pair("certificate", "server.crt"), std::pair("key", "server.key"),
        std::pair("client_ca", "ca.crt"), std::pair("client_crl", "ca.crl")}) {
    text += std::string("      ") + key + ": " + PathOf(arguments, file) + "\n";
  }
  if (arguments.clients.empty()) return text;
  text += "  access:\n    principals:\n";
  for (const std::string& name : arguments.clients) {
    text += "      " + name + ": {certificates: [\"uri:spiffe://fieldkms.trial/" + name +
            "\"], roles: [...]}\n";
  }
  const std::string& first = arguments.clients.front();
  return text + "\nAnd for " + first + ":\n\n  fieldkms --target " +
         arguments.server_names.front() + ":9443 --tls-ca " + PathOf(arguments, "ca.crt") +
         " --tls-cert " + PathOf(arguments, first + ".crt") + " --tls-key " +
         PathOf(arguments, first + ".key") + " status\n";
}

// Where others may write, they could put an authority of theirs.
absl::Status CheckDirectory(const std::string& dir) {
  struct stat info {};
  if (stat(dir.c_str(), &info) == 0 && info.st_uid == geteuid() && (info.st_mode & 022) == 0) {
    return absl::OkStatus();
  }
  return InvalidField("dir", "must belong to who runs this, and nobody else may write to it");
}

absl::StatusOr<ExitCode> MakeTrialPki(Session* session, PkiArguments arguments) {
  FIELDKMS_RETURN_IF_ERROR(CheckNames(arguments.clients));
  FIELDKMS_RETURN_IF_ERROR(CheckNames(arguments.revoke));
  arguments.dir = fs::absolute(arguments.dir).lexically_normal().string();
  std::error_code error;
  if (fs::create_directories(arguments.dir, error)) {
    fs::permissions(arguments.dir, fs::perms::owner_all, error);
  }
  if (error) return absl::UnknownError("cannot make the directory " + arguments.dir);
  FIELDKMS_RETURN_IF_ERROR(CheckDirectory(arguments.dir));
  const WallTime now = SystemClock().Now();
  FIELDKMS_ASSIGN_OR_RETURN(const TrialAuthority authority, OpenAuthority(arguments, now));
  FIELDKMS_RETURN_IF_ERROR(Revoke(arguments));
  FIELDKMS_RETURN_IF_ERROR(WriteRevocations(arguments, authority, now));
  FIELDKMS_RETURN_IF_ERROR(IssueAll(arguments, authority, now));
  return session->Show({{"dir", arguments.dir},
                        {"clients", arguments.clients},
                        {"revoked", arguments.revoke},
                        {"days", arguments.days}},
                       Explain(arguments));
}

}  // namespace

void AddPkiCommands(CLI::App* app, Session* session) {
  CLI::App* const group = app->add_subcommand("pki", "Certificates for trials");
  group->require_subcommand(1, 1);
  CLI::App* const command = group->add_subcommand(
      "dev",
      "Make, or renew, the certificates of a service and its clients in a directory. Not for "
      "production: the authority's key lies there, too");
  auto arguments = std::make_shared<PkiArguments>();
  arguments->server_names = {"localhost", "127.0.0.1"};
  command->add_option("--dir", arguments->dir, "The directory; made if it is not there")
      ->type_name("DIR")
      ->required();
  command
      ->add_option("--server-name", arguments->server_names,
                   "A name or address of the service; repeatable")
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->capture_default_str();
  command
      ->add_option("--client", arguments->clients,
                   "A client: NAME.crt and NAME.key for uri:spiffe://fieldkms.trial/NAME; "
                   "repeatable")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command->add_option("--revoke", arguments->revoke, "Revoke the client's certificate; repeatable")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command->add_option("--days", arguments->days, "How long certificates are good")
      ->type_name("N")
      ->check(CLI::Range(1, kAuthorityDays))
      ->capture_default_str();
  session->Bind(command, [session, arguments] { return MakeTrialPki(session, *arguments); });
}

}  // namespace fieldkms
