#include "clients/cpp/lease_keeper.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "clients/cpp/key_leases.h"

namespace fieldkms {
namespace {

using std::chrono::milliseconds;

// A request of the keeper's: no longer than this, nor than until the next lease ends, but
// long enough to be answered at all.
constexpr milliseconds kLongest{2'000};
constexpr milliseconds kShortest{20};
constexpr milliseconds kLastGoodbyes{1'000};
constexpr std::chrono::hours kLongestSleep{1};
// Leases to be given back while the service is away: the oldest are forgotten, for they
// end by themselves.
constexpr size_t kMostEnds = 1'000;

}  // namespace

void LeaseKeeper::Start() {
  thread_ = std::thread([this] { Run(); });
}

void LeaseKeeper::Stop() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopping_, true)) return;
  }
  woken_.notify_all();
  if (thread_.joinable()) thread_.join();
  const LeaseTime end = environment_.Now() + kLastGoodbyes;
  for (KeyLeases* const key : Keys()) {
    for (const LeasePtr& lease : key->TakeAll()) GiveBack(key->tenant(), *lease);
  }
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  while (const std::optional<v1::EndLeaseRequest> request = NextEnd()) {
    const auto left = std::chrono::ceil<milliseconds>(end - environment_.Now());
    if (left.count() <= 0) return;
    // Best effort: a lease that is not given back ends by itself.
    transport_.End(*request, left).status().IgnoreError();
  }
}

void LeaseKeeper::Add(KeyLeases* key) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) return keys_.push_back(key);
  }
  key->TakeAll();
}

void LeaseKeeper::Poke() {
  {
    const std::lock_guard lock(mutex_);
    poked_ = true;
  }
  woken_.notify_all();
}

void LeaseKeeper::GiveBack(std::string tenant, const HeldLease& lease) {
  v1::EndLeaseRequest request;
  request.set_tenant(std::move(tenant));
  request.set_lease_id(lease.id());
  request.set_used_messages(lease.sealed());
  if (!Queue(request)) transport_.End(request, kLastGoodbyes).status().IgnoreError();
}

bool LeaseKeeper::Queue(const v1::EndLeaseRequest& request) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return false;
    if (ends_.size() >= kMostEnds) ends_.pop_front();
    ends_.push_back(request);
    poked_ = true;
  }
  woken_.notify_all();
  return true;
}

void LeaseKeeper::Run() {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      poked_ = false;
    }
    const LeaseTime next = Work();
    std::unique_lock lock(mutex_);
    while (!stopping_ && !poked_ && environment_.Now() < next) {
      environment_.Wait(woken_, lock, next);
    }
    if (stopping_) return;
  }
}

LeaseTime LeaseKeeper::Work() {
  WipeEnded();
  TellEnds();
  TendDue();
  WipeEnded();
  LeaseTime next = environment_.Now() + kLongestSleep;
  for (const KeyLeases* const key : Keys()) next = std::min(next, key->NextDue());
  return next;
}

void LeaseKeeper::WipeEnded() {
  const LeaseTime now = environment_.Now();
  for (KeyLeases* const key : Keys()) {
    for (const LeasePtr& lease : key->TakeEnded(now)) {
      if (lease->seals()) GiveBack(key->tenant(), *lease);  // what was used is worth knowing
    }
  }
}

void LeaseKeeper::TellEnds() {
  while (!Stopping()) {
    const std::optional<v1::EndLeaseRequest> request = NextEnd();
    if (!request) return;
    transport_.End(*request, Patience()).status().IgnoreError();
    WipeEnded();
  }
}

std::optional<v1::EndLeaseRequest> LeaseKeeper::NextEnd() {
  const std::lock_guard lock(mutex_);
  if (ends_.empty()) return std::nullopt;
  v1::EndLeaseRequest request = std::move(ends_.front());
  ends_.pop_front();
  return request;
}

void LeaseKeeper::TendDue() {
  for (KeyLeases* const key : Keys()) {
    for (const LeasePtr& lease : key->Due(environment_.Now())) {
      if (Stopping()) return;
      if (!lease->Ended(environment_.Now())) key->Tend(lease, Patience());
      WipeEnded();
    }
  }
}

milliseconds LeaseKeeper::Patience() {
  LeaseTime end = LeaseTime::max();
  for (const KeyLeases* const key : Keys()) end = std::min(end, key->NextEnd());
  const LeaseTime now = environment_.Now();
  if (end >= now + kLongest) return kLongest;
  return std::clamp(std::chrono::floor<milliseconds>(end - now), kShortest, kLongest);
}

std::vector<KeyLeases*> LeaseKeeper::Keys() {
  const std::lock_guard lock(mutex_);
  return keys_;
}

bool LeaseKeeper::Stopping() {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

}  // namespace fieldkms
