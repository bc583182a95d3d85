#include "controllers/appliance/jobs.h"

#include <utility>

#include "pkg/base/check.h"
#include "pkg/schema/codec.h"
#include "pkg/schema/json.h"

namespace gantry::controllers::appliance {

Jobs::Jobs(async::Clock& clock, Executor executor)
    : clock_(clock),
      executor_(std::move(executor)),
      group_(std::make_unique<async::Group>(executor_)) {}

Async<Status> Jobs::run() {
  // A group that was stopped starts nothing any more.
  if (!is_open_) group_ = std::make_unique<async::Group>(executor_);
  is_open_ = true;
  (void)co_await never_.wait();
  is_open_ = false;
  group_->stop();
  auto ended = co_await group_->join();
  // Also those that had not begun.
  for (auto& [appliance, inside] : insides_) {
    inside.running = false;
    inside.progress = guest::Progress();
  }
  co_return ended;
}

Inside& Jobs::inside(const Uid& appliance) {
  return insides_[appliance];
}

void Jobs::forget(const Uid& appliance) {
  const auto it = insides_.find(appliance);
  if (it != insides_.end() && !it->second.running) insides_.erase(it);
}

void Jobs::start(const Uid& appliance, std::string container, std::string text, guest::Guest guest,
                 Wanted wanted, std::function<Async<Status>()> prove, std::function<void()> done) {
  auto& inside = insides_[appliance];
  GANTRY_CHECK(!inside.running);
  if (!is_open_) return;
  inside.running = true;
  inside.tried = std::move(text);
  group_->spawn("appliance",
                [this, appliance, container = std::move(container), guest,
                 wanted = std::move(wanted), prove = std::move(prove), done = std::move(done)] {
                  return work(appliance, container, guest, wanted, prove, done);
                });
}

Async<Status> Jobs::work(Uid appliance, std::string container, guest::Guest guest, Wanted wanted,
                         std::function<Async<Status>()> prove, std::function<void()> done) {
  const guest::Report report = [this, appliance](const guest::Progress& progress) {
    auto& inside = insides_[appliance];
    const bool is_new = progress.changes && (progress.step != inside.progress.step ||
                                             progress.message != inside.progress.message);
    constexpr size_t kKept = 50;
    if (is_new && inside.deeds.size() < kKept)
      inside.deeds.push_back(progress.step + ": " + progress.message);
    inside.progress = progress;
  };
  std::set<Uid> served;
  for (const auto& lease : wanted.leases)
    if (!lease.released_at) served.insert(lease.uid);
  Status proven = co_await prove();
  std::optional<Findings> findings;
  auto& inside = insides_[appliance];  // stays: it is not forgotten while this runs
  const auto place = container + " " + schema::to_json(schema::encode(wanted.network));
  recall(inside.memory, place, container + " " + inside.tried);
  if (proven.ok()) findings = co_await look_again(guest, std::move(wanted), report, inside.memory);
  inside.running = false;
  inside.ended_at = clock_.steady();
  inside.refused = std::move(proven);
  if (findings) {
    const auto* names = findings->find(parts::kNames);
    if (names != nullptr && names->status.ok()) inside.served = std::move(served);
    inside.findings = std::move(findings);
    inside.container = std::move(container);
  }
  inside.progress = guest::Progress();
  done();
  co_return Status();
}

}  // namespace gantry::controllers::appliance
