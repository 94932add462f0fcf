#include "clients/cli/completion.h"

#include <fmt/format.h>

#include <set>
#include <string_view>

namespace fieldkms {
namespace {

ValueKind KindOf(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return ValueKind::kNone;
  const std::string type = option.get_type_name();
  if (type == "FILE") return ValueKind::kFile;
  return type == "DIR" ? ValueKind::kDirectory : ValueKind::kOther;
}

void AddOptions(const CLI::App& app, std::vector<CompletionOption>* out) {
  std::set<std::string> seen;
  for (const CompletionOption& option : *out) seen.insert(option.name);
  for (const CLI::Option* option : app.get_options()) {
    std::vector<std::string> names;
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : names) {
      if (seen.insert(name).second) {
        out->push_back({name, option->get_description(), KindOf(*option)});
      }
    }
  }
}

size_t AddNode(const CLI::App& app, const CLI::App& root, const std::string& path,
               std::vector<CompletionNode>* nodes) {
  const size_t index = nodes->size();
  nodes->push_back({path, path.empty() ? "" : app.get_name(), app.get_description(), {}, {}});
  AddOptions(app, &(*nodes)[index].options);
  if (&app != &root) AddOptions(root, &(*nodes)[index].options);
  for (const CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (child->get_name().empty()) {  // a group of options of this command
      AddOptions(*child, &(*nodes)[index].options);
      continue;
    }
    const std::string child_path =
        path.empty() ? child->get_name() : path + " " + child->get_name();
    const size_t child_index = AddNode(*child, root, child_path, nodes);
    (*nodes)[index].children.push_back(child_index);
  }
  return index;
}

// The names of all options whose value is of `kind`, joined by `separator`.
std::string OptionsWith(const std::vector<CompletionNode>& nodes, const std::set<ValueKind>& kinds,
                        const std::string& separator) {
  std::set<std::string> names;
  for (const CompletionNode& node : nodes) {
    for (const CompletionOption& option : node.options) {
      if (kinds.contains(option.value)) names.insert(option.name);
    }
  }
  std::string joined;
  for (const std::string& name : names) joined += (joined.empty() ? "" : separator) + name;
  return joined;
}

const std::set<ValueKind> kAnyValue = {ValueKind::kFile, ValueKind::kDirectory, ValueKind::kOther};

// Descriptions stand between single quotes.
std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

// In zsh's _describe a colon ends the name.
std::string ZshEntry(const std::string& name, const std::string& description) {
  return Quoted(name + ":" + description);
}

// Lines `PATTERN) command='PATH' ;;` that follow a command line word by word;
// PATTERN is "COMMAND SO FAR/WORD".
std::string WalkCases(const std::vector<CompletionNode>& nodes, std::string_view format) {
  std::string cases;
  for (const CompletionNode& parent : nodes) {
    for (const size_t child : parent.children) {
      cases += fmt::format(fmt::runtime(format), parent.path, nodes[child].name, nodes[child].path);
    }
  }
  return cases;
}

}  // namespace

std::vector<CompletionNode> CompletionNodes(const CLI::App& app) {
  std::vector<CompletionNode> nodes;
  AddNode(app, app, "", &nodes);
  return nodes;
}

std::string BashCompletion(const std::vector<CompletionNode>& nodes) {
  std::string words;
  for (const CompletionNode& node : nodes) {
    std::string list;
    for (const size_t child : node.children) list += nodes[child].name + " ";
    for (const CompletionOption& option : node.options) list += option.name + " ";
    list.pop_back();
    words += fmt::format("    '{}') words='{}' ;;\n", node.path, list);
  }
  return fmt::format(R"(# bash completion of fieldkms; load with: source <(fieldkms completion bash)
_fieldkms() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}}
  local command='' words='' i
  COMPREPLY=()
  case "$previous" in
    {files})
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return ;;
    {directories})
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -d -- "$current")
      return ;;
    {others}) return ;;
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "${{COMP_WORDS[i]}}" in
      {values}) i=$((i + 1)); continue ;;
    esac
    case "$command/${{COMP_WORDS[i]}}" in
{walk}    esac
  done
  case "$command" in
{words}  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}}
complete -F _fieldkms fieldkms
)",
                     fmt::arg("files", OptionsWith(nodes, {ValueKind::kFile}, "|")),
                     fmt::arg("directories", OptionsWith(nodes, {ValueKind::kDirectory}, "|")),
                     fmt::arg("others", OptionsWith(nodes, {ValueKind::kOther}, "|")),
                     fmt::arg("values", OptionsWith(nodes, kAnyValue, "|")),
                     fmt::arg("walk", WalkCases(nodes, "      '{0}/{1}') command='{2}' ;;\n")),
                     fmt::arg("words", words));
}

std::string ZshCompletion(const std::vector<CompletionNode>& nodes) {
  std::string entries;
  for (const CompletionNode& node : nodes) {
    entries += fmt::format("    '{}')\n      commands=(", node.path);
    for (const size_t child : node.children) {
      entries += "\n        " + ZshEntry(nodes[child].name, nodes[child].description);
    }
    entries += ")\n      options=(";
    for (const CompletionOption& option : node.options) {
      entries += "\n        " + ZshEntry(option.name, option.description);
    }
    entries += ") ;;\n";
  }
  return fmt::format(R"(#compdef fieldkms
# zsh completion of fieldkms; load with: source <(fieldkms completion zsh)
_fieldkms() {{
  local command='' i
  local -a commands options
  case "${{words[CURRENT-1]}}" in
    {files}) _files; return ;;
    {directories}) _files -/; return ;;
    {others}) return ;;
  esac
  for ((i = 2; i < CURRENT; i++)); do
    case "${{words[i]}}" in
      {values}) i=$((i + 1)); continue ;;
    esac
    case "$command/${{words[i]}}" in
{walk}    esac
  done
  case "$command" in
{entries}  esac
  if [[ "${{words[CURRENT]}}" == -* || ${{#commands}} -eq 0 ]]; then
    _describe -o option options
  else
    _describe command commands
  fi
}}
if [[ "${{funcstack[1]}}" == _fieldkms ]]; then
  _fieldkms "$@"
else
  compdef _fieldkms fieldkms
fi
)",
                     fmt::arg("files", OptionsWith(nodes, {ValueKind::kFile}, "|")),
                     fmt::arg("directories", OptionsWith(nodes, {ValueKind::kDirectory}, "|")),
                     fmt::arg("others", OptionsWith(nodes, {ValueKind::kOther}, "|")),
                     fmt::arg("values", OptionsWith(nodes, kAnyValue, "|")),
                     fmt::arg("walk", WalkCases(nodes, "      '{0}/{1}') command='{2}' ;;\n")),
                     fmt::arg("entries", entries));
}

std::string FishCompletion(const std::vector<CompletionNode>& nodes) {
  std::string entries;
  for (const CompletionNode& node : nodes) {
    const std::string at = fmt::format("complete -c fieldkms -n \"__fieldkms_at '{}'\"", node.path);
    for (const size_t child : node.children) {
      entries += fmt::format("{} -f -a {} -d {}\n", at, nodes[child].name,
                             Quoted(nodes[child].description));
    }
    for (const CompletionOption& option : node.options) {
      const bool is_long = option.name.starts_with("--");
      std::string value;
      if (option.value != ValueKind::kNone) value = " -r";
      if (option.value == ValueKind::kOther) value = " -x";
      if (option.value == ValueKind::kDirectory) value = " -x -a '(__fish_complete_directories)'";
      entries +=
          fmt::format("{} {} {}{} -d {}\n", at, is_long ? "-l" : "-s",
                      option.name.substr(is_long ? 2 : 1), value, Quoted(option.description));
    }
  }
  return fmt::format(R"(# fish completion of fieldkms; load with: fieldkms completion fish | source
function __fieldkms_at
  set -l command ''
  set -l skip 0
  for word in (commandline -opc)[2..-1]
    if test $skip -eq 1
      set skip 0
      continue
    end
    switch "$word"
      case {values}
        set skip 1
        continue
    end
    switch "$command/$word"
{walk}    end
  end
  test "$command" = "$argv[1]"
end
complete -c fieldkms -f
{entries})",
                     fmt::arg("values", OptionsWith(nodes, kAnyValue, " ")),
                     fmt::arg("walk", WalkCases(nodes,
                                                "      case '{0}/{1}'\n"
                                                "        set command '{2}'\n")),
                     fmt::arg("entries", entries));
}

}  // namespace fieldkms
