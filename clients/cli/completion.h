// Completion scripts for shells, made from the command tree itself, so that they
// cannot drift from it.
#ifndef FIELDKMS_CLIENTS_CLI_COMPLETION_H_
#define FIELDKMS_CLIENTS_CLI_COMPLETION_H_

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace fieldkms {

enum class ValueKind { kNone, kFile, kDirectory, kOther };

struct CompletionOption {
  std::string name;  // with its dashes
  std::string description;
  ValueKind value = ValueKind::kNone;
};

// A command, or the root, whose path is empty.
struct CompletionNode {
  std::string path;  // "key create"
  std::string name;  // "create"
  std::string description;
  std::vector<CompletionOption> options;  // with the global ones
  std::vector<size_t> children;           // indices into the list of nodes
};

// The tree as a list, the root first, a parent before its children.
std::vector<CompletionNode> CompletionNodes(const CLI::App& app);

std::string BashCompletion(const std::vector<CompletionNode>& nodes);
std::string ZshCompletion(const std::vector<CompletionNode>& nodes);
std::string FishCompletion(const std::vector<CompletionNode>& nodes);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_COMPLETION_H_
