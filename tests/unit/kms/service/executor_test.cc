#include "kms/service/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>

namespace fieldkms {
namespace {

struct CountTask final : Task {
  explicit CountTask(std::atomic<int>& count) : ran(count) {}
  void RunTask() override { ++ran; }
  std::atomic<int>& ran;
};

struct BlockTask final : Task {
  void RunTask() override {
    started.set_value();
    go.get_future().wait();
  }
  std::promise<void> started, go;
};

TEST(ExecutorTest, RunsEachTaskOnce) {
  std::atomic<int> ran{0};
  std::vector<std::unique_ptr<CountTask>> tasks;
  {
    Executor executor(3, 1000);
    for (int i = 0; i < 1000; ++i) {
      tasks.push_back(std::make_unique<CountTask>(ran));
      EXPECT_TRUE(executor.Submit(tasks.back().get()));
    }
  }
  EXPECT_EQ(ran, 1000) << "the end waits for what is queued";
}

TEST(ExecutorTest, QueueIsBounded) {
  std::atomic<int> ran{0};
  BlockTask block;
  CountTask first(ran), second(ran), third(ran);
  {
    Executor executor(1, 2);
    ASSERT_TRUE(executor.Submit(&block));
    block.started.get_future().wait();
    EXPECT_TRUE(executor.Submit(&first));
    EXPECT_TRUE(executor.Submit(&second));
    EXPECT_FALSE(executor.Submit(&third));
    block.go.set_value();
  }
  EXPECT_EQ(ran, 2);
}

TEST(ExecutorTest, OneThreadKeepsTheOrder) {
  struct OrderTask final : Task {
    void RunTask() override { order->push_back(number); }
    std::vector<int>* order = nullptr;
    int number = 0;
  };
  std::vector<int> order;
  std::vector<OrderTask> tasks(100);
  {
    Executor executor(1, 100);
    for (int i = 0; i < 100; ++i) {
      tasks[static_cast<size_t>(i)].order = &order;
      tasks[static_cast<size_t>(i)].number = i;
      ASSERT_TRUE(executor.Submit(&tasks[static_cast<size_t>(i)]));
    }
  }
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
}

}  // namespace
}  // namespace fieldkms
