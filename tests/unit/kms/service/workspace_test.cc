#include "kms/service/workspace.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

ContextField Context(std::initializer_list<std::pair<const char*, const char*>> entries) {
  ContextField field;
  for (const auto& [name, value] : entries) {
    auto* entry = field.Add();
    entry->set_name(name);
    entry->set_value(value);
  }
  return field;
}

TEST(WorkspaceTest, ContextsAreTheSameInAnyOrderAndPartition) {
  Workspace& workspace = Workspace::For("acme");
  const auto none = Context({});
  EXPECT_TRUE(workspace.SameContext(none, none, none));
  EXPECT_TRUE(workspace.SameContext(none, Context({{"a", "1"}, {"b", "2"}}),
                                    Context({{"b", "2"}, {"a", "1"}})));
  EXPECT_TRUE(workspace.SameContext(Context({{"b", "2"}}), Context({{"a", "1"}}),
                                    Context({{"a", "1"}, {"b", "2"}})));
  EXPECT_FALSE(workspace.SameContext(none, Context({{"a", "1"}}), Context({{"a", "2"}})));
  EXPECT_FALSE(workspace.SameContext(none, Context({{"a", "1"}}), none));
  EXPECT_FALSE(workspace.SameContext(Context({{"a", "1"}}), none, none));
}

TEST(WorkspaceTest, ANameInSharedAndOwnIsRefused) {
  Workspace& workspace = Workspace::For("acme");
  EXPECT_THAT(workspace.SetContext(Context({{"a", "1"}}), Context({{"a", "1"}})),
              StatusIs(Reason::kInvalidField));
  EXPECT_THAT(workspace.SetContext(Context({{"a", "1"}}), Context({{"b", "1"}})), IsOk());
}

}  // namespace
}  // namespace fieldkms
