#include "clients/cli/completion.h"

#include <algorithm>
#include <memory>
#include <string>

#include "clients/cli/commands.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using ::testing::HasSubstr;

class CompletionTest : public ::testing::Test {
 protected:
  Session session_;
  std::unique_ptr<CLI::App> app_ = MakeApp(&session_);
  std::vector<CompletionNode> nodes_ = CompletionNodes(*app_);

  const CompletionNode* Find(const std::string& path) const {
    for (const CompletionNode& node : nodes_) {
      if (node.path == path) return &node;
    }
    return nullptr;
  }
};

// Walks the parser's own tree, so that what it knows and the scripts do not fails.
void ExpectWholeTree(const CLI::App& app, const std::string& path,
                     const std::vector<CompletionNode>& nodes) {
  const CompletionNode* found = nullptr;
  for (const CompletionNode& node : nodes) {
    if (node.path == path) found = &node;
  }
  ASSERT_NE(found, nullptr) << path;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      const bool listed =
          std::any_of(found->options.begin(), found->options.end(),
                      [&](const CompletionOption& o) { return o.name == "--" + name; });
      EXPECT_TRUE(listed) << path << " --" << name;
    }
  }
  for (const CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; })) {
    // The options of a nameless group are those of its command.
    const std::string& name = child->get_name();
    ExpectWholeTree(*child, path.empty() || name.empty() ? path + name : path + " " + name, nodes);
  }
}

TEST_F(CompletionTest, NodesAreTheWholeTree) {
  ExpectWholeTree(*app_, "", nodes_);
  EXPECT_GE(nodes_.size(), 20u);
}

TEST_F(CompletionTest, KnowsWhatOptionsTake) {
  const CompletionNode* const encrypt = Find("encrypt");
  ASSERT_NE(encrypt, nullptr);
  const auto kind = [&](const std::string& name) {
    for (const CompletionOption& option : encrypt->options) {
      if (option.name == name) return option.value;
    }
    ADD_FAILURE() << "no option " << name;
    return ValueKind::kNone;
  };
  EXPECT_EQ(kind("--in"), ValueKind::kFile);
  EXPECT_EQ(kind("--lines"), ValueKind::kNone);
  EXPECT_EQ(kind("--key"), ValueKind::kOther);
  EXPECT_EQ(kind("--context"), ValueKind::kOther);
  EXPECT_EQ(kind("--target"), ValueKind::kOther);  // a global one
  EXPECT_EQ(kind("--json"), ValueKind::kNone);
}

TEST_F(CompletionTest, EveryScriptHasEveryCommandAndOption) {
  const std::string bash = BashCompletion(nodes_);
  const std::string zsh = ZshCompletion(nodes_);
  const std::string fish = FishCompletion(nodes_);
  for (const CompletionNode& node : nodes_) {
    EXPECT_THAT(bash, HasSubstr("'" + node.path + "') words="));
    EXPECT_THAT(zsh, HasSubstr("'" + node.path + "')\n      commands="));
    for (const CompletionOption& option : node.options) {
      EXPECT_THAT(bash, HasSubstr(option.name));
      EXPECT_THAT(zsh, HasSubstr("'" + option.name + ":"));
      const bool is_long = option.name.starts_with("--");
      EXPECT_THAT(fish, HasSubstr("'" + node.path + "'\"" + (is_long ? " -l " : " -s ") +
                                  option.name.substr(is_long ? 2 : 1)));
    }
    for (const size_t child : node.children) {
      EXPECT_THAT(fish, HasSubstr("'" + node.path + "'\" -f -a " + nodes_[child].name + " "));
    }
  }
}

}  // namespace
}  // namespace fieldkms
